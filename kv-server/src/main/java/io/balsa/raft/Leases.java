package io.balsa.raft;

/**
 * What reads by lease (thesis §6.4.1) ask of one server: a clock, its pledge to the leader, and, when it leads, whether its
 * {@link Lease} holds.
 *
 * <p><b>The pledge.</b> A server that acknowledges an AppendEntries elects nobody else for a while, which the acknowledgement
 * states: it grants no vote and calls no election, whatever it hears of closed connections or later terms. Only an election
 * that the leader itself asked for is another matter ({@link Message.TimeoutNow}): it has given up its lease before. A new
 * process does not know what the one before it pledged, and begins as if that had been at its very end.
 *
 * <p><b>The lease.</b> While more than half of the voters are bound, nobody else can be elected, so nothing that the leader
 * does not know of can be committed, and its commit index is as good as one that a round of heartbeats has confirmed. The
 * leader counts each pledge from when it sent what was acknowledged, which was before it was received, and shortens it by what
 * two clocks may drift apart. A majority of its newest membership is enough: it shares a server with each majority of the
 * membership before, or of the next.
 *
 * <p><b>The clock.</b> {@link #now} is called when the inputs of a turn have been taken in. So a pledge is counted from after the
 * message came in, and a read by lease is confirmed for a moment after it was asked: if the process stops right then and goes on
 * when the lease has run out, the answer is late, but right for that moment. Ticks would not do: a process that was stopped
 * reports one, however long that was.
 */
public final class Leases {
    private final Raft raft;
    private final LeaseConfig config;
    private boolean begun;
    private long originNanos;
    private long nowNanos;
    private long pledgedUntilNanos;

    Leases(Raft raft) {
        this.raft = raft;
        this.config = raft.config().leases();
    }

    /**
     * What the time is; to be told before each turn's inputs, and read after they were taken from where they waited.
     *
     * @param clockNanos of a clock that goes on while the process is stopped, and that nobody sets; from any origin
     */
    public void now(long clockNanos) {
        if (!begun) {
            begun = true;
            originNanos = clockNanos;
            pledgedUntilNanos = Math.max(pledgedUntilNanos, config.formerPledgeNanos());
        }
        nowNanos = Math.max(nowNanos, clockNanos - originNanos);
    }

    /**
     * The index up to which a read that was asked before the last {@link #now} must see everything, known by lease; -1 when this
     * server has no lease: then {@link Raft#readIndex} finds it out.
     */
    public long readIndex() {
        return raft.currentRole() instanceof Leader leader && leader.lease().holds() ? raft.commitIndex() : -1;
    }

    /** This server takes part. */
    public boolean isOn() {
        return config.isOn();
    }

    /** Since the first call of {@link #now}. */
    long nowNanos() {
        return nowNanos;
    }

    /** This server must not help to elect anyone now. */
    boolean isPledged() {
        return nowNanos < pledgedUntilNanos || (!begun && config.formerPledgeNanos() > 0);
    }

    /** The leader was heard from; returns for how long this server is bound to it from now on, in nanoseconds. */
    long pledge() {
        pledgedUntilNanos = Math.max(pledgedUntilNanos, nowNanos + config.pledgeNanos());
        return config.pledgeNanos();
    }
}
