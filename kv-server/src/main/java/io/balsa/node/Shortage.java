package io.balsa.node;

import org.jspecify.annotations.Nullable;

/**
 * Why nothing may grow at the moment.
 *
 * @param kind what there is too little of
 * @param limit in bytes: of {@link Kind#QUOTA} the most that the state may take, of {@link Kind#DISK} the least that must be free
 * @param actual in bytes: what it takes, or what is free
 */
public record Shortage(Kind kind, long limit, long actual) {
    /** What there is too little of. */
    public enum Kind {
        QUOTA(1),
        DISK(2);

        /** As other servers are told. */
        public final byte number;

        Kind(int number) {
            this.number = (byte) number;
        }

        /** Null: there is none of that number. */
        public static @Nullable Kind of(byte number) {
            return switch (number) {
                case 1 -> QUOTA;
                case 2 -> DISK;
                default -> null;
            };
        }
    }
}
