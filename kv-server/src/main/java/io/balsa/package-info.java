/** The program: puts the packages together and starts them. */
@NullMarked
package io.balsa;

import org.jspecify.annotations.NullMarked;
