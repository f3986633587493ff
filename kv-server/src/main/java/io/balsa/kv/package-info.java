/**
 * The replicated state machine: keys, revisions, conditions. Pure: no clock, thread, disk, network or randomness.
 *
 * <p><b>A write.</b> The edge makes a {@link io.balsa.kv.Command}; {@link io.balsa.kv.CommandCodec} makes it bytes, which
 * travel in the log. On every server {@link io.balsa.kv.KvStateMachine#apply} reads them back, in the log's order, changes
 * the {@link io.balsa.kv.State} and answers with an {@link io.balsa.kv.Outcome}. All that a command decides on (a
 * condition, an idempotency key, the size of a range) is looked at then and not before, so that every server decides
 * alike.
 *
 * <p><b>Revisions.</b> One counter for the whole store, one more for each command that changes a key; all keys that a
 * range delete removes go at one revision. A delete of nothing, a failed condition and a refused command leave it where
 * it is. A key carries the revision that created it, the one that last changed it, and its version: how often it was put
 * since it was created.
 *
 * <p><b>Exactly once.</b> A {@link io.balsa.kv.Command.Once} leaves a record with its outcome. A second one with the same
 * id and the same bytes gets that outcome and nothing is applied; with other bytes it is refused. Failures are outcomes,
 * too: a retry does not get a second chance at its condition. The records are bounded, and the oldest are forgotten
 * first ({@link io.balsa.kv.IdempotencyTable}).
 *
 * <p><b>A read.</b> A {@link io.balsa.kv.Query} is not in the log. It is answered from the state as it is; that this is
 * recent enough is the concern of whoever asks.
 *
 * <p><b>Where things are.</b> The state is an ordered map of bytes; {@link io.balsa.kv.Tables} draws what is laid out in
 * it, {@link io.balsa.kv.PageReader} walks it. It holds nothing that does not follow from the log, so
 * {@link io.balsa.kv.KvStateMachine#stateHash} is the same on all servers that have applied the same entries.
 *
 * <p><b>Caveats.</b> Servers of two versions must agree on every command they apply: a new kind of command, or another
 * limit in this package, needs all servers upgraded before the first one is proposed. A forgotten idempotency key is as
 * good as new: a retry must come while its record is among the newest {@value
 * io.balsa.kv.KvStateMachine#IDEMPOTENCY_RECORDS_MAX}.
 */
@NullMarked
package io.balsa.kv;

import org.jspecify.annotations.NullMarked;
