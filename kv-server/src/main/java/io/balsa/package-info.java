/**
 * The program: {@link io.balsa.Main} is the command line, {@link io.balsa.Server} one server with its whole object graph
 * on one screen. Everything else is wired here and nowhere else.
 */
@NullMarked
package io.balsa;

import org.jspecify.annotations.NullMarked;
