/** The loop of turns that runs the core against a network, a disk and clients. Owns the ports to them. */
@NullMarked
package io.balsa.node;

import org.jspecify.annotations.NullMarked;
