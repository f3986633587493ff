/**
 * Disks and processes that fail for real: {@link Faults}, the command {@code kv-server/faults}, breaks three server
 * processes, each on a loop-mounted file system of its own, one {@link Scenario} after the other, while a {@link Load}
 * writes and reads; a {@link History} knows what was acknowledged and judges whatever is read. A {@link Plant} is the
 * server with a planted bug, under which the same scenario must fail.
 */
@NullMarked
package io.balsa.faults;

import org.jspecify.annotations.NullMarked;
