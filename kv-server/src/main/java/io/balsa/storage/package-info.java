/**
 * The disk: where a server keeps what it must not forget.
 *
 * <p>There are two LMDB environments because they are written in two ways. {@link io.balsa.storage.LmdbLog} takes one
 * durable write per turn of the server, which a client waits for: it is appended to a file in front of LMDB, which gets many at once.
 * {@link io.balsa.storage.LmdbState} holds the keys, in whose order every change hits another page; so changes are
 * gathered in memory and moved by a background thread, many in one commit that nobody waits for. The log makes that
 * safe: what the state has not yet on disk is applied again from there after a restart. The log may be cut up to
 * {@link io.balsa.storage.LmdbState#durableIndex} and no further.
 *
 * <pre>
 *              Raft thread                                         checkpointer thread
 *  write() ──▶ LmdbLog ──one flush──▶ log/tail ──many in one commit──▶ log/
 *  put() ────▶ LmdbState: active table
 *  applied() ─▶    …full: it becomes the flushing table ─────────▶ one commit of table + index ──▶ state/
 *  get() ────▶ active, else flushing, else state/
 *
 *  to a follower:   LmdbSnapshots ◀── one read transaction on state/          (the sender's thread)
 *  from a leader:   LmdbSnapshots ──▶ state.new/ ──install(): a rename──▶ state/  (the receiver's, then the Raft thread)
 * </pre>
 *
 * <p>Reading order: {@link io.balsa.storage.DataDirectory}, {@code EntryCodec} (the log's bytes, drawn), {@code
 * LmdbLog}, {@code Tail}, {@code LogTree}, {@code LmdbState}.
 *
 * <p>What is promised, and on what it rests:
 *
 * <ul>
 *   <li>A commit that returned survives a power cut. LMDB in its default mode flushes the data pages, then writes the
 *       meta page that makes them count with another flush. What is only appended to the log is a block in a file beside
 *       LMDB's first ({@code Tail}), whole or not there.
 *   <li>A damaged entry or value is refused, never returned: all of them carry CRC32C, since LMDB's pages carry
 *       nothing. Damage to a page's own structure may stop the process, or be refused by LMDB.
 *   <li>After a failed commit nothing more is written: a flush that failed once may succeed the next time without
 *       having written anything.
 *   <li>No read transaction outlives the call that needs it, since an idle one makes the file grow without bound; but
 *       for a snapshot's, which is bounded in time.
 *   <li>Nothing is read from LMDB's memory after its transaction has ended: that would stop the process.
 * </ul>
 */
@NullMarked
package io.balsa.storage;

import org.jspecify.annotations.NullMarked;
