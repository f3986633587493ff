package io.balsa.http;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what is in flight, over all event loops, and says when it is enough. Thread-safe. */
final class Admission {
    private final int requestsMax;
    private final long bytesMax;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    Admission(int requestsMax, long bytesMax) {
        this.requestsMax = requestsMax;
        this.bytesMax = bytesMax;
    }

    /** One more request with {@code size} bytes of body. Throws {@link Refused}, having counted nothing. */
    void enter(long size) {
        int now = requests.incrementAndGet();
        if (now > requestsMax) {
            requests.decrementAndGet();
            throw new Refused(Problem.busy("too many requests are in flight", requestsMax, now));
        }
        try {
            grow(size);
        } catch (Refused tooMuch) {
            requests.decrementAndGet();
            throw tooMuch;
        }
    }

    /** More bytes of a body whose length was not announced. Throws {@link Refused}, having counted nothing. */
    void grow(long size) {
        long now = bytes.addAndGet(size);
        if (now > bytesMax && size > 0) {
            bytes.addAndGet(-size);
            throw new Refused(Problem.busy("too many bytes are in flight", bytesMax, now));
        }
    }

    /** The request with {@code size} bytes in all has been answered. */
    void leave(long size) {
        requests.decrementAndGet();
        bytes.addAndGet(-size);
    }

    int requests() {
        return requests.get();
    }

    long bytes() {
        return bytes.get();
    }
}
