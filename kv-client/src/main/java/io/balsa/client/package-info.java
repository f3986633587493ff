/**
 * The Java client of Balsa: plain HTTP and JSON, on Vert.x and Jackson's streaming parser.
 *
 * <p>Three promises, in the order of their weight:
 *
 * <ol>
 *   <li><b>It says what may be concluded.</b> A write that failed ends as {@link NotAppliedException} (it did not and
 *       will not happen) or as {@link UnknownOutcomeException} (it may have, or may yet). The two are never confused:
 *       whatever is not certain counts as unknown.
 *   <li><b>It ends.</b> Every call has a deadline, kept also when every server is down or swallows packets; the
 *       exception then names each endpoint that was tried and what it said last.
 *   <li><b>It never applies a write twice behind your back.</b> Reads are repeated freely. A write is repeated when the
 *       answer or the failure proves that it was not applied; after an unknown outcome only when the call carries an
 *       {@code Idempotency-Key}, by which the servers recognise it. A condition alone is no licence: a repeated
 *       compare-and-set may fail on the revision that its own first try wrote.
 * </ol>
 *
 * <p>Calls on single keys that are started while a request is under way go together in the next one. Each keeps its own
 * deadline, repetition and outcome.
 *
 * <p>A server that falls silent without closing its connections, as one that was stopped or cut off, is not waited for once
 * another one says that it leads: what may be repeated goes there, a plain write ends as unknown.
 *
 * <p>Reading order: {@link BalsaClient} is the door. {@code Invocation} is one call on its way through attempts,
 * redirects and back-off, and decides in one place what may be repeated; {@code Verdict} turns one answer into what it
 * proves. {@code Endpoints} remembers who leads, {@code LeaderWatch} finds out that it is another one.
 * {@code RequestTarget} writes keys into URLs, {@code Answers} reads the JSON. {@code BatchLane} decides what goes
 * together, {@code BatchedExchange} is one call's part in that. {@code HttpTransport} is the seam below:
 * {@code VertxTransport} implements it with the HTTP client of Vert.x.
 */
@NullMarked
package io.balsa.client;

import org.jspecify.annotations.NullMarked;
