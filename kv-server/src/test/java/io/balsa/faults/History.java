package io.balsa.faults;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.balsa.process.KvHttp.Item;
import io.balsa.process.KvHttp.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What was written, and what may be read therefore. Each key has one writer, whose n-th write makes the value that
 * belongs to n; a server counts the writes of a key too, as its version. So whoever reads a key must find version and
 * value of one and the same n, which is at least what was acknowledged, or already seen, when the read began, and at
 * most what was attempted when it ended. A write of unknown outcome is its key's last. Thread-safe.
 */
final class History {
    static final String PREFIX = "faults/";

    private static final int KEPT_OF_A_KIND_MAX = 12;

    private final Map<String, Register> registers = new ConcurrentHashMap<>();
    private final List<Register> recent = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong wrong = new AtomicLong();

    /** A new key, with values of about {@code valueBytes}. */
    Register begin(int valueBytes) {
        Register register = new Register(PREFIX + next.getAndIncrement(), valueBytes);
        registers.put(register.key, register);
        synchronized (recent) {
            recent.add(register);
        }
        return register;
    }

    /** One of the last {@code among} keys, or null while there is none. */
    @Nullable
    Register anyOfTheLast(int among) {
        synchronized (recent) {
            if (recent.isEmpty()) {
                return null;
            }
            int back = ThreadLocalRandom.current().nextInt(Math.min(among, recent.size()));
            return recent.get(recent.size() - 1 - back);
        }
    }

    /** Acknowledged writes. */
    long acknowledged() {
        return acknowledged.get();
    }

    /** Reads that were judged, each key of a server's whole content among them. */
    long reads() {
        return reads.get();
    }

    /** Reads that no correct store answers so. */
    long wrong() {
        return wrong.get();
    }

    /** Acknowledged writes that some server's whole content did not have. */
    long lost() {
        return registers.values().stream()
                .mapToLong(register -> register.lostWrites)
                .sum();
    }

    /** Something else than a read that must not be. */
    void violation(String text) {
        synchronized (violations) {
            violations.add(text);
        }
    }

    /** The first dozen of a kind are kept. */
    private void violationOfMany(String kind, String text) {
        synchronized (violations) {
            if (violations.stream().filter(kept -> kept.startsWith(kind)).count() < KEPT_OF_A_KIND_MAX) {
                violations.add(kind + text);
            }
        }
    }

    /** What was found so far; the first of the wrong reads and lost writes, and how many there are say their counters. */
    List<String> violations() {
        synchronized (violations) {
            return List.copyOf(violations);
        }
    }

    private void wrong(String text) {
        wrong.incrementAndGet();
        violationOfMany("wrong read: ", text);
    }

    /** Holds a server's whole content, read when nothing was written any more, to the record. */
    void judge(String server, Map<String, Item> content) {
        for (Register register : registers.values()) {
            Item item = content.get(register.key);
            register.judge(server, item == null ? 0 : item.version(), item == null ? "" : item.value());
        }
        for (String key : content.keySet()) {
            if (!registers.containsKey(key)) {
                wrong(key + " on " + server + " was never written");
            }
        }
    }

    /** One key and the history of its writes. */
    final class Register {
        private final String key;
        private final int valueBytes;
        private int acknowledgedWrites;
        private int attemptedWrites;
        private int seenWrites;
        private volatile long lostWrites;
        private boolean closed;

        private Register(String key, int valueBytes) {
            this.key = key;
            this.valueBytes = valueBytes;
        }

        String key() {
            return key;
        }

        /** The value of the n-th write. */
        String value(int n) {
            String head = key + "#" + n + "#";
            return head + "x".repeat(Math.max(0, valueBytes - head.length() + n % 64));
        }

        /** Whether it may be written again. */
        synchronized boolean isOpen() {
            return !closed;
        }

        /** Begins the next write; returns its value. */
        synchronized String write() {
            if (closed || attemptedWrites != acknowledgedWrites) {
                throw new IllegalStateException(key + " is being written, or closed");
            }
            attemptedWrites++;
            return value(attemptedWrites);
        }

        /** Ends the write under way. */
        synchronized void wrote(Outcome outcome) {
            switch (outcome) {
                case APPLIED -> {
                    acknowledgedWrites = attemptedWrites;
                    acknowledged.incrementAndGet();
                }
                case NOT_APPLIED -> {
                    if (seenWrites == attemptedWrites) {
                        wrong(key + " was seen with write " + seenWrites + ", which was refused");
                    }
                    attemptedWrites = acknowledgedWrites;
                }
                case UNKNOWN -> closed = true;
            }
        }

        /** What a read that begins now must find at least. */
        synchronized int floor() {
            return Math.max(acknowledgedWrites, seenWrites);
        }

        private synchronized void judge(String server, long version, String value) {
            long missing = floor() - version;
            if (missing > 0) {
                lostWrites = Math.max(lostWrites, missing);
                violationOfMany("lost: ", missing + " acknowledged writes of " + key + " on " + server);
            } else {
                read(server, floor(), version, value);
            }
        }

        /**
         * Judges what a read that ends now has found.
         *
         * @param floor from {@link #floor}, when it began
         * @param version 0 when the key was not there
         * @return whether it may be so
         */
        @CanIgnoreReturnValue
        synchronized boolean read(String server, int floor, long version, String value) {
            reads.incrementAndGet();
            String what = key + " on " + server + ": version " + version;
            if (version < floor) {
                wrong(what + " is stale, the read began after version " + floor);
            } else if (version > attemptedWrites) {
                wrong(what + " of " + attemptedWrites + " writes: one was applied twice, or though it was refused");
            } else if (version > 0 && !value.equals(value((int) version))) {
                wrong(what + " has another value than was written: "
                        + value.substring(0, Math.min(60, value.length())));
            } else {
                seenWrites = Math.max(seenWrites, (int) version);
                return true;
            }
            return false;
        }
    }
}
