/** A cluster in one thread under a virtual clock, and what its clients saw held against what they may see. */
@NullMarked
package io.balsa.sim;

import org.jspecify.annotations.NullMarked;
