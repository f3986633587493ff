package io.balsa.sim;

import static io.balsa.sim.Bug.simulated;

import io.balsa.sim.Bug.Patch;
import java.util.List;

/** The planted bugs of compaction and snapshots: a part of {@link BugZoo}. */
final class SnapshotBugs {
    private static final Patch NO_CHECKSUM = new Patch(
            "node/SnapshotDecoder.java",
            "if (checksum != SnapshotEncoder.checksum(previousChecksum, data.duplicate())) {",
            "if (false) {");
    private static final Patch ANY_PLACE =
            new Patch("node/SnapshotDecoder.java", "if (chunk.getLong() != offset) {", "if (chunk.getLong() < 0) {");
    private static final Patch ANY_COUNT =
            new Patch("node/SnapshotDecoder.java", "if (said != records) {", "if (said < 0) {");

    private SnapshotBugs() {}

    static List<Bug> all() {
        return List.of(
                simulated("a snapshot is installed without its term", "28", "MemoryIsTheDisk", "LogMatching", "Check")
                        .by(
                                "raft/RaftLog.java",
                                "        last = lastIncluded;",
                                "        last = new EntryId(lastIncluded.index(), last.term());"),
                simulated("the leader takes its own term for the snapshot's", "28", "LogMatching")
                        .by(
                                "raft/SnapshotTransfers.java",
                                "transfer.read(chunk, raft.log().idAt(chunk.index()));",
                                "transfer.read(chunk, new EntryId(chunk.index(), raft.currentTerm()));"),
                simulated("a snapshot from before commitIndex is installed", "17", "NothingGoesBack", "Check")
                        .within(300)
                        .by(
                                new Patch(
                                        "raft/Follower.java",
                                        "if (lastIncluded.index() > raft.commitIndex() && !raft.log().contains(lastIncluded)) {",
                                        "if (!raft.log().last().equals(lastIncluded)) {"),
                                new Patch("raft/Raft.java", "whole.lastIncluded.index() > commitIndex,", "true,")),
                simulated("what follows a snapshot is dropped though it matches", "16, 17", "InstallOnlyWhatIsMissing")
                        .within(1_000)
                        .by(
                                "raft/Follower.java",
                                "if (lastIncluded.index() > raft.commitIndex() && !raft.log().contains(lastIncluded)) {",
                                "if (lastIncluded.index() > raft.commitIndex()) {"),
                simulated(
                                "chunks of two snapshots are mixed",
                                "30",
                                "EqualServers",
                                "EqualStates",
                                "Check",
                                "NoException")
                        .within(300)
                        .by(
                                new Patch(
                                        "raft/Follower.java",
                                        "reception == null ? 1 : request.transferId().compareTo(reception.id);",
                                        "reception == null ? 1 : 0;"),
                                new Patch(
                                        "raft/Follower.java",
                                        "raft.start(new SnapshotTask.Store(request));",
                                        "raft.start(new SnapshotTask.Store(new Message.InstallSnapshot(reception.id.term(),"
                                                + " reception.id.number(), reception.lastIncluded, request.offset(),"
                                                + " request.data(), request.done())));"),
                                NO_CHECKSUM,
                                ANY_PLACE,
                                ANY_COUNT),
                simulated(
                                "a chunk that is missing is not missed",
                                "30",
                                "SnapshotContract",
                                "EqualStates",
                                "Check",
                                "NoException")
                        .within(300)
                        .by(
                                new Patch(
                                        "raft/SnapshotReception.java",
                                        "if (allArrived || chunk.offset() != arrivedOffset) {",
                                        "if (allArrived || chunk.offset() < arrivedOffset) {"),
                                NO_CHECKSUM,
                                ANY_PLACE,
                                ANY_COUNT),
                simulated("a part of a snapshot is taken for all of it", "30", "SnapshotContract")
                        .by(
                                "raft/SnapshotResults.java",
                                "follower.snapshotStored(stored, whole);",
                                "follower.snapshotStored(stored, true);"),
                simulated("a snapshot is acknowledged before it is whole", "2, 30", "NothingLeavesBeforeItIsDurable")
                        .by(
                                "raft/Follower.java",
                                "        if (!whole) {\n            replyTo(reception.id, true, reception.storedOffset(), 0);",
                                "        if (!whole) {\n            replyTo(reception.id, true, reception.storedOffset(),"
                                        + " reception.lastIncluded.index());"),
                simulated("the log is cut beyond the checkpoint", "28", "NoHoleInTheLog", "Check")
                        .by(
                                "node/Compaction.java",
                                "Math.min(log.lastIndex() - tail, log.checkpointIndex());",
                                "log.lastIndex() - tail;"),
                simulated("nextIndex stays behind an installed snapshot", "16", "SnapshotOnlyWhereNeeded")
                        .by(
                                new Patch(
                                        "raft/Leader.java",
                                        "        if (reply.matchIndex() > 0) {\n"
                                                + "            matched(from, progress, reply.matchIndex());",
                                        "        if (reply.matchIndex() > 0) {\n            progress.matchIndex ="
                                                + " Math.max(progress.matchIndex, reply.matchIndex());"),
                                new Patch(
                                        "raft/Leader.java",
                                        "return progress.matchIndex >= anchor.index() ? progress.matchIndex : 0;",
                                        "return 0;")),
                simulated(
                                "an installed snapshot's revision and idempotency keys are not read",
                                "17",
                                "EqualStates",
                                "OutcomesFollowTheLog",
                                "ReadsFollowTheLog",
                                "ReadsAreFresh",
                                "NoDivergence",
                                "NothingGoesBack",
                                "Check")
                        .by("node/RaftLoop.java", "        stateMachine.reload();\n", ""),
                simulated(
                                "old entries stay in memory behind a snapshot",
                                "29",
                                "Check",
                                "MemoryIsTheDisk",
                                "NoException",
                                "StoredLogContract",
                                "NoHoleInTheLog")
                        .by("raft/RaftLog.java", "        cached.clear();\n        cachedBytes = 0;\n", ""),
                simulated("a crash between state and log is not mended", "28, 31", "Check")
                        .within(300)
                        .by(
                                "node/Storage.java",
                                "if (installed.index() > anchor().index()) {",
                                "if (installed.index() < 0) {"),
                simulated(
                                "the log begins anew before the state is there",
                                "28, 31",
                                "Check",
                                "NoHoleInTheLog",
                                "InstallOnlyWhatIsMissing")
                        .within(300)
                        .by(
                                "node/RaftLoop.java",
                                "snapshots.install(snapshot.transfer(), snapshot.lastIncluded());",
                                "storage.reset(snapshot.lastIncluded());"
                                        + " snapshots.install(snapshot.transfer(), snapshot.lastIncluded());"),
                simulated("a deposed leader's snapshots stay open", "LMDB's pages", "NoOpenSnapshot")
                        .within(300)
                        .by("raft/Raft.java", "            leading.snapshots().endAll();\n", ""));
    }
}
