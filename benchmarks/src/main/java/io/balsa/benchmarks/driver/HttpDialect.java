package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Kind;

/** What goes into a request and what an answer means, for one HTTP API. Used by the one thread of an {@link HttpDriver}. */
interface HttpDialect {
    boolean supports(Kind kind);

    /** Writes a whole request. */
    void request(Bytes into, Kind kind, long key);

    Verdict judge(HttpAnswer answer, Kind kind);

    /** What an answer means to the load. */
    enum Verdict {
        DONE,
        CONFLICT,
        /** Not the leader: the connection goes to the address in {@code Location}, or to the next server. */
        ELSEWHERE,
        FAILED
    }
}
