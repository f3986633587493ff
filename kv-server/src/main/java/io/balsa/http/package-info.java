/**
 * The clients' and operators' door: HTTP/1.1 and JSON, written for curl.
 *
 * <p>One request is one {@link io.balsa.http.Exchange}. Its life, on the event loop that owns its connection:
 *
 * <pre>
 * bytes ─▶ StrictDecoder ─▶ Connection ─▶ RequestHead ─▶ Operation + Parameters ─▶ Admission ─▶ body ─▶ KeyApi | RangeApi | BatchApi | AdminApi
 *          (folds, lengths)  (what may     (hosts, 64     (what the path and the     (429 when           (Command or Query)
 *                             go on side    headers)       query name, or 400)        too much)                 │
 *                             by side)                                                                     Node (Raft thread)
 * bytes ◀─ Connection ◀─ Exchange.send ◀─ JsonBuffer ◀─ KeyApi | RangeApi | AdminApi ◀─ ReplyQueue ◀────────────┘
 *          (in order)
 * </pre>
 *
 * <p>Rules that hold everywhere here:
 *
 * <ul>
 *   <li>Nothing is proposed before the whole request has arrived and was found good.
 *   <li>What is not understood is refused, never ignored: an unknown parameter might be a safeguard that the caller
 *       relies on.
 *   <li>Every error is a {@link io.balsa.http.Problem} and says whether the write took place: not applied, or unknown.
 *       All codes and statuses are in that one file.
 *   <li>Every buffer, connection and wait has a bound, in {@link io.balsa.http.HttpConfig} or {@link io.balsa.http.Limits}.
 *   <li>The path and the query are decoded here, from the bytes as they came: a proxy's or a library's idea of a normal
 *       path would merge different keys.
 * </ul>
 *
 * <p>Replies come on the Raft thread, many in one turn. {@link io.balsa.http.ReplyQueue} hands all of them to an event
 * loop with one wake-up.
 */
@NullMarked
package io.balsa.http;

import org.jspecify.annotations.NullMarked;
