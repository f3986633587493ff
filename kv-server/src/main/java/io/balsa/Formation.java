package io.balsa;

import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import io.balsa.transport.Greeting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a new cluster begins: once a server has met all that it was told of, it knows by which data directories they vote, and
 * that is the first membership. Until then it neither votes nor acknowledges. A server whose disk was wiped never gets
 * there: the others know it by another directory and say so, and it waits until their leader takes it in anew.
 */
final class Formation {
    private static final Logger LOG = LoggerFactory.getLogger(Formation.class);

    private final NodeId self;
    private final String clusterId;
    private final String directoryId;
    private final String address;
    private final Set<NodeId> told;
    private final Consumer<Membership> formed;
    private final TreeMap<NodeId, Greeting> met = new TreeMap<>();
    private final TreeSet<NodeId> objectors = new TreeSet<>();
    private boolean done;

    /**
     * A formation.
     *
     * @param told every server of the cluster, this one included
     * @param formed called once, when all have been met
     */
    Formation(
            NodeId self,
            String clusterId,
            String directoryId,
            String address,
            Set<NodeId> told,
            Consumer<Membership> formed) {
        this.self = self;
        this.clusterId = clusterId;
        this.directoryId = directoryId;
        this.address = address;
        this.told = new TreeSet<>(told);
        this.formed = formed;
    }

    /** Another server said who it is. */
    synchronized void met(Greeting greeting) {
        NodeId peer = greeting.from();
        if (done || !told.contains(peer)) {
            return;
        }
        if (!greeting.expects().isEmpty() && !greeting.expects().equals(directoryId)) {
            if (objectors.add(peer)) {
                LOG.warn(
                        "{} knows {} by another data directory: this one is new here, as after a wiped disk. It does not"
                                + " vote, and waits until the leader has taken it in again",
                        peer,
                        self);
            }
            return;
        }
        if (met.put(peer, greeting) == null) {
            LOG.info("{} has met {}; {} of {} servers are here", self, peer, met.size() + 1, told.size());
        }
        formIfComplete();
    }

    /** Also forms a cluster of one. */
    synchronized void formIfComplete() {
        if (done || met.size() + 1 < told.size()) {
            return;
        }
        done = true;
        List<Member> members = new ArrayList<>();
        members.add(new Member(self, Member.Standing.VOTER, directoryId, address));
        met.values()
                .forEach(peer -> members.add(
                        new Member(peer.from(), Member.Standing.VOTER, peer.directoryId(), peer.raftAddress())));
        formed.accept(new Membership(0, clusterId, members));
    }
}
