package io.balsa.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memberships that one server's log brings, newest last. A server uses the newest as soon as it is in its log, not
 * only when it is committed, and goes back to the one before when that entry is replaced (thesis §4.1). The first one here
 * was in force when what is applied ended.
 */
final class Memberships {
    private final List<Membership> known = new ArrayList<>();

    Memberships(Membership first) {
        known.add(first);
    }

    Membership latest() {
        return known.get(known.size() - 1);
    }

    void appended(Membership membership) {
        Check.that(membership.revision() > latest().revision(), "membership %s follows %s", membership, latest());
        known.add(membership);
    }

    /** The log's entries from {@code index} on are gone. */
    void truncatedFrom(long index) {
        while (known.size() > 1 && latest().revision() >= index) {
            known.remove(known.size() - 1);
        }
    }

    /** Nothing up to {@code index} is ever replaced. */
    void applied(long index) {
        while (known.size() > 1 && known.get(1).revision() <= index) {
            known.remove(0);
        }
    }

    /**
     * The log begins anew behind entry {@code lastIncluded}, as a snapshot has it.
     *
     * @param recorded in force there, as the snapshot says; null: none that was ever changed
     */
    void installed(@Nullable Membership recorded, long lastIncluded) {
        Membership first = recorded == null ? known.get(0) : recorded;
        known.removeIf(membership -> membership.revision() <= lastIncluded);
        known.add(0, first);
    }

    /** The cluster's first one, unless the log or the state has brought one already. */
    boolean form(Membership first) {
        boolean unformed = known.size() == 1 && latest().isEmpty();
        if (unformed) {
            known.set(0, first);
        }
        return unformed;
    }

    /**
     * Whether the server, on this very disk, belongs to any of them. One that does not may not vote: its disk may have been
     * wiped, and with it the memory of a vote.
     */
    boolean everHold(NodeId server, String directoryId) {
        return known.stream().anyMatch(membership -> membership.holds(server, directoryId));
    }

    /**
     * Whether the server may call an election: as a voter, and also when its own removal is not known to be committed, as it
     * may be the only one that can bring that about (thesis §4.2.2).
     */
    boolean mayCampaign(NodeId server, String directoryId, long commitIndex) {
        for (int i = known.size() - 1; i >= 0; i--) {
            Membership membership = known.get(i);
            if (membership.isVoter(server) && membership.holds(server, directoryId)) {
                return true;
            }
            if (membership.revision() <= commitIndex) {
                return false;
            }
        }
        return false;
    }
}
