package io.balsa.http;

import io.netty.channel.Channel;

/** How long one connection has been at what it does, so that none is held for ever. Owned by its event loop. */
final class ConnectionTimes {
    /** An answer that makes no progress towards a client for this long is given up. */
    private static final long STALL_MILLIS_MAX = 30_000;

    private final Channel channel;
    private final HttpConfig config;

    /** When the request that is arriving began to; negative: none is. */
    private long arrivingSince = -1;

    private boolean inBody;
    /** Requests that have arrived and wait for an answer. */
    private int waiting;

    private long lastActivity;
    /** Since when the client does not take its answers; negative: it does. */
    private long stalledSince = -1;

    ConnectionTimes(Channel channel, HttpConfig config, long nowMillis) {
        this.channel = channel;
        this.config = config;
        this.lastActivity = nowMillis;
    }

    /** Bytes of a request came, and it is not complete. */
    void arriving(boolean body, long nowMillis) {
        if (arrivingSince < 0) {
            arrivingSince = nowMillis;
        }
        inBody = body;
    }

    /** The last byte of a request came. */
    void arrived(long nowMillis) {
        arrivingSince = -1;
        inBody = false;
        lastActivity = nowMillis;
    }

    /** A request waits for the node. */
    void waits() {
        waiting++;
    }

    /** A request that {@link #waits} is answered. */
    void answered(long nowMillis) {
        waiting--;
        lastActivity = nowMillis;
        if (arrivingSince >= 0) {
            arrivingSince = nowMillis; // What was pipelined behind it was not read meanwhile.
        }
    }

    /** It has been too long at what it does. Called now and then. */
    boolean isOverdue(long nowMillis) {
        if (channel.isWritable()) {
            stalledSince = -1;
        } else if (stalledSince < 0) {
            stalledSince = nowMillis;
        } else if (nowMillis - stalledSince > STALL_MILLIS_MAX) {
            return true;
        }
        if (waiting > 0) {
            return false;
        }
        if (arrivingSince >= 0) {
            long max = inBody ? config.headMillisMax() + config.bodyMillisMax() : config.headMillisMax();
            return nowMillis - arrivingSince > max;
        }
        return nowMillis - lastActivity > config.idleMillisMax();
    }
}
