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

    /** {@code more} requests without a body of their own. Throws {@link Refused}, having counted nothing. */
    void enterMore(int more) {
        int now = requests.addAndGet(more);
        if (now > requestsMax) {
            requests.addAndGet(-more);
            throw new Refused(Problem.busy("too many requests are in flight", requestsMax, now));
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

    /** {@code count} requests with {@code size} bytes in all have been answered. */
    void leave(int count, long size) {
        requests.addAndGet(-count);
        bytes.addAndGet(-size);
    }

    /** Whether there is room for one more request without a body. */
    boolean hasRoom() {
        return requests.get() < requestsMax && bytes.get() <= bytesMax;
    }

    int requests() {
        return requests.get();
    }

    long bytes() {
        return bytes.get();
    }
}
