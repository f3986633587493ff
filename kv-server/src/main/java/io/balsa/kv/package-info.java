/** The replicated state machine: keys, revisions, conditions. Pure: no clock, thread, disk, network or randomness. */
@NullMarked
package io.balsa.kv;

import org.jspecify.annotations.NullMarked;
