@NullMarked
package io.balsa.transport;

import org.jspecify.annotations.NullMarked;
