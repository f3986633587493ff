/**
 * The network between the servers: TCP, one connection per direction, binary frames.
 *
 * <p>Each server dials every peer ({@link PeerConnection}) and sends its messages on that connection only; it receives on
 * the ones that it accepted ({@link Acceptor}). So each connection has one owner that decides when to dial again, and no
 * two servers ever argue about which of two connections to keep.
 *
 * <pre>
 *   n1                                          n2
 *   PeerConnection(n2) ──── hello, messages, pings ───▶ Acceptor
 *                      ◀─── hello, pongs ──────────────
 *   Acceptor           ◀─── hello, messages, pings ──── PeerConnection(n1)
 *                      ──── hello, pongs ─────────────▶
 * </pre>
 *
 * <p>A connection starts with a {@link Hello} from both ends, which proves that they belong to the same cluster, speak the
 * same protocol and are who the other one looked for. Then come {@link Frame}s with the messages of Raft ({@link
 * MessageCodec}). Nothing is acknowledged or sent again here: Raft does that, so a message that cannot leave now is
 * dropped and counted ({@link TransportStats}). What must not happen is that one peer that is down, slow, paused or
 * unresolvable delays the messages to another, or that Raft waits for a peer: {@link TcpTransport#send} writes what the sockets
 * take, and the rest stays in bounded queues ({@link Outbox}). One event loop does all of it, and Raft's turns. All mutable state
 * here belongs to that event loop unless its comment says otherwise.
 *
 * <p>A TCP connection whose packets vanish looks healthy for minutes, and after the network has healed TCP itself waits
 * longer and longer before it tries again. So the dialler pings, and a connection on which no pong came back in time is
 * given up and dialled afresh: after a partition heals the servers talk again within two seconds.
 */
@NullMarked
package io.balsa.transport;

import org.jspecify.annotations.NullMarked;
