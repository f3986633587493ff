/** Figure 2 of the Raft paper, and nothing else. */
@NullMarked
package io.balsa.raft;

import org.jspecify.annotations.NullMarked;
