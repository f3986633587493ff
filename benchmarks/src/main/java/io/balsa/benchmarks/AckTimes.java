package io.balsa.benchmarks;

import io.balsa.benchmarks.load.Acks;
import java.util.Arrays;

/** When writes were acknowledged, in the order in which that was noticed. Thread-safe; keeps a bounded number. */
final class AckTimes implements Acks {
    private static final int KEPT_MAX = 4_000_000;
    private static final int INITIAL = 1 << 16;

    private final int clients;
    private long[] times = new long[INITIAL];
    private short[] who = new short[INITIAL];
    private int count;
    private long last = System.nanoTime();

    AckTimes(int clients) {
        this.clients = clients;
    }

    @Override
    public synchronized void acknowledged(int client, long nanos) {
        last = Math.max(last, nanos);
        if (count == KEPT_MAX) {
            return;
        }
        if (count == times.length) {
            times = Arrays.copyOf(times, count * 2);
            who = Arrays.copyOf(who, count * 2);
        }
        times[count] = nanos;
        who[count] = (short) client;
        count++;
    }

    synchronized void clear() {
        count = 0;
    }

    synchronized long millisSinceLast() {
        return (System.nanoTime() - last) / 1_000_000;
    }

    /** The longest time between two successive acknowledgements, of whichever clients, that ends after {@code from}. */
    synchronized double longestGapMillis(long from) {
        long[] sorted = Arrays.copyOf(times, count);
        Arrays.sort(sorted);
        return longest(sorted, from) / 1e6;
    }

    /** The same for each client by itself: the longest of all. */
    synchronized double slowestClientGapMillis(long from) {
        long longest = 0;
        for (int client = 0; client < clients; client++) {
            long[] own = new long[count];
            int size = 0;
            for (int i = 0; i < count; i++) {
                if (who[i] == client) {
                    own[size++] = times[i];
                }
            }
            long[] sorted = Arrays.copyOf(own, size);
            Arrays.sort(sorted);
            longest = Math.max(longest, longest(sorted, from));
        }
        return longest / 1e6;
    }

    private static long longest(long[] sorted, long from) {
        long longest = 0;
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] - from > 0) {
                longest = Math.max(longest, sorted[i] - sorted[i - 1]);
            }
        }
        return longest;
    }
}
