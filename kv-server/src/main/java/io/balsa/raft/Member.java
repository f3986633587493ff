package io.balsa.raft;

import org.jspecify.annotations.Nullable;

/**
 * One server of the cluster, as its membership knows it.
 *
 * @param directoryId of the data directory that its votes and copies are kept in: the same server on a wiped disk has
 *     another one, and counts for nothing until the cluster has taken it in anew
 * @param address where it listens for the others, host and port; opaque here
 */
public record Member(NodeId id, Standing standing, String directoryId, String address) {
    /** Whether its vote and its copy count. */
    public enum Standing {
        /** Counts. */
        VOTER(0),
        /** A learner, which the leader promotes once it has caught up. */
        JOINING(1),
        /** A learner, which stays one until an operator promotes it. */
        LEARNER(2);

        /** On disk and on the wire. */
        final byte number;

        Standing(int number) {
            this.number = (byte) number;
        }

        static @Nullable Standing of(byte number) {
            return switch (number) {
                case 0 -> VOTER;
                case 1 -> JOINING;
                case 2 -> LEARNER;
                default -> null;
            };
        }
    }

    public boolean isVoter() {
        return standing == Standing.VOTER;
    }

    Member as(Standing other) {
        return new Member(id, other, directoryId, address);
    }

    /** The same server on another disk, which has nothing yet. */
    Member wiped(String newDirectoryId) {
        return new Member(id, Standing.JOINING, newDirectoryId, address);
    }
}
