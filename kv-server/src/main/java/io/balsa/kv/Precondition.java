package io.balsa.kv;

/** What must hold for a command to be applied; checked when it is applied, not when it is received. */
public sealed interface Precondition {
    Precondition NONE = new None();
    Precondition ABSENT = new Absent();
    Precondition PRESENT = new Present();

    /** {@code modRevision} of the key now, 0 when it does not exist. */
    boolean holds(long modRevision);

    /** Always holds. */
    record None() implements Precondition {
        @Override
        public boolean holds(long modRevision) {
            return true;
        }
    }

    /** {@code If-None-Match: *}: create only. */
    record Absent() implements Precondition {
        @Override
        public boolean holds(long modRevision) {
            return modRevision == 0;
        }
    }

    /** {@code If-Match: *}: update only. */
    record Present() implements Precondition {
        @Override
        public boolean holds(long modRevision) {
            return modRevision != 0;
        }
    }

    /** {@code If-Match: "57"}: compare and set; {@code expected} is positive, or IllegalArgumentException. */
    record ModRevision(long expected) implements Precondition {
        public ModRevision {
            if (expected <= 0) {
                throw new IllegalArgumentException("a modRevision is positive; this one is " + expected);
            }
        }

        @Override
        public boolean holds(long modRevision) {
            return modRevision == expected;
        }
    }
}
