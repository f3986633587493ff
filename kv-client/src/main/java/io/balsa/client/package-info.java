/** The Java client of Balsa. */
@NullMarked
package io.balsa.client;

import org.jspecify.annotations.NullMarked;
