package io.balsa.http;

import io.balsa.kv.Precondition;
import io.balsa.raft.MembershipChange;
import org.jspecify.annotations.Nullable;

/** Entity tags and the conditions made of them. A key's tag is its modRevision in quotes: {@code "57"}. */
final class Conditions {
    private static final int TAGS_MAX = 64;

    private Conditions() {}

    static String etag(long modRevision) {
        return "\"" + modRevision + "\"";
    }

    /** The condition of a write. Throws {@link Refused} when there are two, or one that is not understood. */
    static Precondition ofWrite(RequestHead head, boolean mayCreate) {
        if (head.ifMatch != null && head.ifNoneMatch != null) {
            throw bad("If-Match and If-None-Match contradict each other; send one of them");
        }
        if (head.ifNoneMatch != null) {
            if (!mayCreate) {
                throw bad("If-None-Match does not fit this method; If-Match does");
            }
            if (!head.ifNoneMatch.equals("*")) {
                throw bad("If-None-Match of a write is * (create only), not '" + head.ifNoneMatch + "'");
            }
            return Precondition.ABSENT;
        }
        return ofMatch(head.ifMatch);
    }

    /** The condition of an {@code If-Match} header, {@link Precondition#NONE} when it is null. */
    static Precondition ofMatch(@Nullable String ifMatch) {
        if (ifMatch == null) {
            return Precondition.NONE;
        }
        if (ifMatch.equals("*")) {
            return Precondition.PRESENT;
        }
        return new Precondition.ModRevision(revision(ifMatch, "If-Match"));
    }

    /** Whether a read's {@code If-None-Match} names {@code modRevision}: the client has it already. */
    static boolean names(String ifNoneMatch, long modRevision) {
        if (ifNoneMatch.equals("*")) {
            return true;
        }
        String[] tags = ifNoneMatch.split(",", TAGS_MAX + 1);
        if (tags.length > TAGS_MAX) {
            throw bad("If-None-Match has more than " + TAGS_MAX + " tags");
        }
        boolean found = false;
        for (String tag : tags) {
            String trimmed = tag.trim();
            // Weak comparison (RFC 9110, 13.1.2): proxies that compress make our tags weak.
            String opaque = trimmed.startsWith("W/") ? trimmed.substring(2) : trimmed;
            found |= revision(opaque, "If-None-Match") == modRevision;
        }
        return found;
    }

    /** The membership's revision in an {@code If-Match} header, or that any will do. */
    static long membershipRevision(@Nullable String ifMatch) {
        if (ifMatch == null || ifMatch.equals("*")) {
            return MembershipChange.ANY_REVISION;
        }
        return ifMatch.equals("\"0\"") ? 0 : revision(ifMatch, "If-Match");
    }

    private static long revision(String tag, String header) {
        int digits = tag.length() - 2;
        boolean valid = digits >= 1
                && digits <= 18
                && tag.charAt(0) == '"'
                && tag.charAt(digits + 1) == '"'
                && tag.charAt(1) != '0';
        for (int i = 1; valid && i <= digits; i++) {
            valid = tag.charAt(i) >= '0' && tag.charAt(i) <= '9';
        }
        if (!valid) {
            throw bad(header + " is * or a revision in quotes like \"57\", not " + tag);
        }
        return Long.parseLong(tag, 1, digits + 1, 10);
    }

    private static Refused bad(String detail) {
        return new Refused(Problem.badRequest(detail));
    }
}
