package io.balsa.node;

import java.util.ArrayDeque;

/**
 * Decides up to where the log may be cut. It is when it has too many entries or bytes, or entries that are too old; then it
 * is cut down to a tail for followers that are a little late. Never beyond the state's last durable checkpoint, which is
 * where a restart, and a follower that gets a snapshot, begins. Owned by the Raft thread.
 */
public final class Compaction {
    private static final int SAMPLES = 16;

    /**
     * When to cut.
     *
     * @param entriesMax more entries than these are cut
     * @param bytesMin fewer bytes than these are not cut for their number
     * @param bytesMax more bytes than these are cut; between the two, more than the state takes: a follower that is so far
     *     behind is better served with the state
     * @param ageTicksMax entries older than this are cut; counted from this server's start
     * @param tailEntries stay in any case, but not more than fit into half of the bytes that are not cut, on average
     * @param heldBytesMax a follower that answers, but is further behind than the tail, keeps the log from being cut up to
     *     this size
     */
    public record Limits(
            long entriesMax, long bytesMin, long bytesMax, long ageTicksMax, long tailEntries, long heldBytesMax) {
        public static final long ENTRIES_DEFAULT = 200_000;
        public static final long BYTES_MIN_DEFAULT = 16L << 20;
        public static final long BYTES_DEFAULT = 64L << 20;
        public static final long TAIL_DEFAULT = 50_000;
        public static final int AGE_MINUTES_DEFAULT = 60;

        public Limits {
            if (entriesMax < 1
                    || bytesMin < 1
                    || bytesMax < bytesMin
                    || ageTicksMax < SAMPLES
                    || tailEntries < 0
                    || heldBytesMax < bytesMax) {
                throw new IllegalArgumentException("compaction needs at least 1 entry, 1 byte and " + SAMPLES
                        + " ticks, no negative tail, no less bytes at most than at least, and no less held than that; these are "
                        + entriesMax
                        + ", " + bytesMin + ", " + bytesMax + ", " + ageTicksMax + ", " + tailEntries + " and "
                        + heldBytesMax);
            }
        }
    }

    /**
     * The log as it is.
     *
     * @param anchorIndex before the first entry
     * @param bytes of all its entries, about
     * @param stateBytes what the state takes durably, about
     * @param checkpointIndex what the state holds durably
     * @param neededIndex entries behind it are needed by a follower that answers
     */
    public record Log(
            long anchorIndex, long lastIndex, long bytes, long stateBytes, long checkpointIndex, long neededIndex) {}

    private record Sample(long tick, long lastIndex) {}

    private final Limits limits;
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();

    public Compaction(Limits limits) {
        this.limits = limits;
    }

    /** The last entry that is to be let go of now; {@code log.anchorIndex()} when none is. */
    public long through(long tick, Log log) {
        long oldIndex = oldIndex(tick, log.lastIndex());
        long entries = log.lastIndex() - log.anchorIndex();
        long bytesMax = Math.max(limits.bytesMin(), Math.min(limits.bytesMax(), log.stateBytes()));
        boolean large = entries > limits.entriesMax() || log.bytes() > bytesMax;
        if (!large && oldIndex <= log.anchorIndex()) {
            return log.anchorIndex();
        }
        long tail = limits.tailEntries();
        if (log.bytes() > 0) {
            tail = Math.min(tail, (long) ((double) bytesMax / 2 / log.bytes() * entries));
        }
        long through = Math.min(log.lastIndex() - tail, log.checkpointIndex());
        if (!large) {
            through = Math.min(through, oldIndex);
        }
        if (log.bytes() <= limits.heldBytesMax()) {
            through = Math.min(through, log.neededIndex());
        }
        return Math.max(through, log.anchorIndex());
    }

    /** The last entry that is surely older than the limit. */
    private long oldIndex(long tick, long lastIndex) {
        Sample latest = samples.peekLast();
        if (latest == null || tick - latest.tick() >= limits.ageTicksMax() / SAMPLES) {
            samples.add(new Sample(tick, lastIndex));
        }
        long oldIndex = 0;
        for (Sample sample : samples) {
            if (tick - sample.tick() >= limits.ageTicksMax()) {
                oldIndex = sample.lastIndex();
            }
        }
        while (samples.size() > SAMPLES + 2) {
            samples.remove();
        }
        return oldIndex;
    }
}
