package io.balsa.sim;

import static io.balsa.sim.Bug.partitioned;
import static io.balsa.sim.Bug.scripted;
import static io.balsa.sim.Bug.seenByClients;
import static io.balsa.sim.Bug.simulated;

import io.balsa.sim.Bug.Patch;
import java.util.ArrayList;
import java.util.List;

/** The planted bugs: what has gone wrong in systems like this one, and what nearly did in this one. */
final class BugZoo {
    private BugZoo() {}

    static List<Bug> all() {
        List<Bug> bugs = new ArrayList<>();
        bugs.addAll(elections());
        bugs.addAll(promises());
        bugs.addAll(replication());
        bugs.addAll(commits());
        bugs.addAll(reads());
        bugs.addAll(liveness());
        bugs.addAll(limits());
        bugs.addAll(answers());
        bugs.addAll(stateMachine());
        bugs.addAll(SnapshotBugs.all());
        bugs.addAll(DigestBugs.all());
        bugs.addAll(MembershipBugs.changes());
        bugs.addAll(MembershipBugs.wipedDisks());
        bugs.addAll(LeaseBugs.all());
        bugs.addAll(histories());
        return List.copyOf(bugs);
    }

    private static List<Bug> elections() {
        return List.of(
                simulated(
                                "a vote ignores the voter's log",
                                "§5.4.1",
                                "LeaderCompleteness",
                                "StateMachineSafety",
                                "Check")
                        .within(300)
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "\n                && request.lastLog().isAtLeastAsUpToDateAs(log.last());",
                                        ";"),
                                new Patch(
                                        "raft/Role.java",
                                        "&& request.lastLog().isAtLeastAsUpToDateAs(raft.log().last())",
                                        "")),
                simulated("a second vote in a term", "5", "OneVotePerTerm", "ElectionSafety")
                        .by("raft/Raft.java", "&& (votedFor == null || votedFor.equals(candidate))\n", ""),
                simulated("the vote is forgotten within its term", "5", "OneVotePerTerm")
                        .by("raft/Raft.java", "if (term > currentTerm()) {\n            hardState", "{ hardState"),
                simulated("the vote is not written", "4", "NothingLeavesBeforeItIsDurable", "MemoryIsTheDisk")
                        .by(
                                "raft/Raft.java",
                                "hardState.equals(writtenHardState) ? null : hardState,",
                                "hardState.equals(writtenHardState) ? null : new HardState(currentTerm(), null),"),
                simulated("a hand-over without an election", "9", "ElectionSafety", "NothingLeavesBeforeItIsDurable")
                        .by(
                                "raft/Follower.java",
                                "raft.campaign(Transition.Trigger.LEADER_TRANSFER);",
                                "raft.becomeLeader();"),
                simulated(
                                "one vote too few elects",
                                "invariant 1",
                                "ElectionSafety",
                                "CommittedIsOnAMajority",
                                "JournalIsTrue",
                                "Check")
                        .by(
                                "raft/Candidate.java",
                                "if (raft.membership().isMajority(votes)) {",
                                "if (votes.size() >= raft.membership().majority() - 1) {"));
    }

    private static List<Bug> promises() {
        return List.of(
                simulated("promises leave before the write", "2", "NothingLeavesBeforeItIsDurable")
                        .by(
                                "node/RaftLoop.java",
                                "        write(ready);\n        transport.send(ready.promises());",
                                "        transport.send(ready.promises());\n        write(ready);"),
                simulated("one server alone answers before it has written", "21", "CommittedIsOnAMajority")
                        .by(
                                new Patch(
                                        "raft/Leader.java",
                                        "        boolean heartbeat = ticksUntilHeartbeat <= 0;",
                                        "        if (peers.isEmpty()) { raft.commitTo(raft.log().lastIndex()); }\n"
                                                + "        boolean heartbeat = ticksUntilHeartbeat <= 0;"),
                                new Patch(
                                        "raft/Raft.java",
                                        "Math.min(commitIndex, log.writtenIndex());",
                                        "commitIndex;")),
                simulated("entries are applied before they are written", "2, 28", "AppliedIsWritten")
                        .by("raft/Raft.java", "Math.min(commitIndex, log.writtenIndex());", "commitIndex;"),
                simulated("the leader counts what it has sent", "2", "CommittedIsOnAMajority", "Check", "EqualServers")
                        .by(
                                "raft/Progress.java",
                                "        nextIndex = lastIndex + 1;",
                                "        nextIndex = lastIndex + 1;\n        matchIndex = lastIndex;"),
                simulated("a restart skips what its checkpoint lacks", "1", "Check", "EqualStates")
                        .by(
                                "raft/Raft.java",
                                "this.lastApplied = lastApplied;",
                                "this.lastApplied = stored.last().index();"));
    }

    private static List<Bug> replication() {
        return List.of(
                simulated(
                                "a late AppendEntries truncates entries that match",
                                "12",
                                "MemoryIsTheDisk",
                                "AcknowledgedIsTheLeaders",
                                "NothingLeavesBeforeItIsDurable",
                                "CommittedIsOnAMajority",
                                "Check")
                        .by(
                                "raft/RaftLog.java",
                                "            if (contains(entry.id())) {\n                continue;\n            }",
                                "            if (contains(entry.id()) && entry.index() == lastIndex()) { continue; }"),
                simulated("a conflict is replaced in place, and the stale tail stays", "29", "Check", "LogMatching")
                        .by(
                                "raft/RaftLog.java",
                                "                truncateFrom(entry.index());\n            }\n            append(entry);",
                                "                List<LogEntry> tail = entry.index() < lastIndex()"
                                        + " ? List.copyOf(read(entry.index() + 1, lastIndex(), Long.MAX_VALUE))"
                                        + " : List.of();\n"
                                        + "                truncateFrom(entry.index());\n"
                                        + "                append(entry);\n"
                                        + "                for (LogEntry stale : tail) {\n"
                                        + "                    append(stale);\n"
                                        + "                }\n"
                                        + "                continue;\n"
                                        + "            }\n"
                                        + "            append(entry);"),
                simulated("a follower acknowledges its whole log", "12", "AcknowledgedIsTheLeaders", "Check")
                        .within(200)
                        .by(
                                "raft/Follower.java",
                                "raft.currentTerm(), true, matchIndex, 0,",
                                "raft.currentTerm(), true, log.lastIndex(), 0,"),
                simulated(
                                "no consistency check",
                                "§5.3",
                                "Check",
                                "StateMachineSafety",
                                "NoHoleInTheLog",
                                "LogMatching",
                                "AcknowledgedIsTheLeaders")
                        .by(
                                "raft/Follower.java",
                                "if (!log.contains(prevLog)) {",
                                "if (prevLog.index() > log.lastIndex()) {"),
                simulated(
                                "the cache forgets one entry too many",
                                "28",
                                "MemoryIsTheDisk",
                                "Check",
                                "NoHoleInTheLog",
                                "NoException")
                        .by(
                                "raft/RaftLog.java",
                                "        firstCachedIndex += drop;",
                                "        firstCachedIndex += drop == 0 ? 0 : drop - 1;"),
                simulated("a probe is repeated at every turn", "multiplied messages", "WindowsAreBounded")
                        .by("raft/Leader.java", "if (progress.probeSent) {", "if (false) {"));
    }

    private static List<Bug> commits() {
        return List.of(
                simulated("an older term's entry is committed by counting", "6", "OnlyEntriesOfTheOwnTermAreCounted")
                        .within(200)
                        .by(
                                "raft/Leader.java",
                                "majorityHas > raft.commitIndex() && raft.log().termAt(majorityHas) == raft.currentTerm()",
                                "majorityHas > raft.commitIndex()"),
                simulated(
                                "an empty AppendEntries commits what it has not verified",
                                "13",
                                "StateMachineSafety",
                                "CommittedIsOnAMajority")
                        .within(300)
                        .by(
                                "raft/Follower.java",
                                "raft.commitTo(Math.min(request.leaderCommit(), matchIndex));",
                                "raft.commitTo(Math.min(request.leaderCommit(), log.lastIndex()));"),
                simulated("half of the servers are a majority", "invariant 4", "CommittedIsOnAMajority")
                        .by(
                                "raft/Membership.java",
                                "return reached[reached.length - majority()];",
                                "return reached[reached.length - Math.max(1, reached.length / 2)];"));
    }

    private static List<Bug> reads() {
        return List.of(
                simulated(
                                "a read is confirmed before a commit in the own term",
                                "7",
                                "ReadsAreFresh",
                                "ReadIndexIsFresh")
                        .within(300)
                        .by("raft/Leader.java", "if (!hasCommittedInItsTerm()) {", "if (false) {"),
                simulated("a deposed leader serves reads without asking", "26", "ReadsAreFresh")
                        .by(
                                "raft/Leader.java",
                                "        } else {\n            reads.add(read);",
                                "        } else if (from.equals(raft.self())) { raft.readConfirmed(id, read.readIndex());"
                                        + " } else { reads.add(read);"),
                simulated("a heartbeat from before the read confirms it", "9, 26", "ReadsAreFresh", "ReadIndexIsFresh")
                        .within(300)
                        .by("raft/PendingReads.java", "new Waiting(read, round + 1)", "new Waiting(read, round)"),
                scripted("a refusal in a new term confirms a round of an old one", "8", "10-round-of-an-older-term.txt")
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "message instanceof Message.AppendEntries) {",
                                        "message instanceof Message.AppendEntries request) {"),
                                new Patch(
                                        "raft/Raft.java",
                                        "AppendEntriesReply(currentTerm(), false, 0, 0, EntryId.NONE, 0)",
                                        "AppendEntriesReply(currentTerm(), false, 0, 0, EntryId.NONE, request.round())")),
                simulated("the same, as it was found", "8", "ReadsAreFresh")
                        .at(470)
                        .by(
                                new Patch(
                                        "raft/Raft.java",
                                        "message instanceof Message.AppendEntries) {",
                                        "message instanceof Message.AppendEntries request) {"),
                                new Patch(
                                        "raft/Raft.java",
                                        "AppendEntriesReply(currentTerm(), false, 0, 0, EntryId.NONE, 0)",
                                        "AppendEntriesReply(currentTerm(), false, 0, request.prevLog().index(),"
                                                + " EntryId.NONE, request.round())")),
                simulated("ids of reads begin anew at each start", "8", "ReadIndexIsFresh", "ReadsAreFresh")
                        .within(500)
                        .by("node/RaftLoop.java", "                firstReadId);", "                1);"),
                simulated("the answer to another read is taken", "8", "ReadsAreFresh")
                        .within(300)
                        .by(
                                "node/WaitingReads.java",
                                "!batch.confirmed() && batch.ids.contains(id)",
                                "!batch.confirmed()"),
                simulated("a read does not wait until its index is applied", "§8", "ReadsAreFresh")
                        .by(
                                "node/WaitingReads.java",
                                "batch.confirmed() && batch.readIndex <= lastApplied",
                                "batch.confirmed()"));
    }

    private static List<Bug> liveness() {
        return List.of(
                simulated("only the last attempt of a read is answered", "slow network", "Progress")
                        .within(200)
                        .by(
                                "node/WaitingReads.java",
                                "batch.ids.contains(id)",
                                "batch.ids.get(batch.ids.size() - 1) == id"),
                scripted("a poll raises the term", "14", "06-pre-vote-of-a-partitioned-server.txt")
                        .by(
                                "raft/Raft.java",
                                "        PreCandidate preCandidate = new PreCandidate(this, trigger == Trigger.CONNECTION_CLOSED);",
                                "        hardState = new HardState(currentTerm() + 1, null);\n"
                                        + "        PreCandidate preCandidate = new PreCandidate(this, trigger == Trigger.CONNECTION_CLOSED);"),
                scripted("a leader of the past is not told so", "14", "11-a-term-of-its-own.txt")
                        .by(
                                "raft/Raft.java",
                                "if (message instanceof Message.AppendEntries) {\n            promise",
                                "if (false) {\n            promise"),
                scripted("a live leader is disturbed by candidates", "15", "12-a-chain.txt")
                        .by(
                                new Patch("raft/Role.java", "                && !raft.hasLiveLeader()\n", ""),
                                new Patch(
                                        "raft/Raft.java",
                                        "!vote.leaderTransfer() && hasLiveLeader()",
                                        "!vote.leaderTransfer() && false")),
                partitioned("a leader without a majority stays", "15")
                        .by(
                                "raft/Leader.java",
                                "if (ticksSinceMajorityContact() >= raft.config().electionTicksMin()) {",
                                "if (false) {"),
                scripted("a lost hand-over blocks proposals for ever", "9", "05-transfer.txt")
                        .by(
                                "raft/Leader.java",
                                "--ticksUntilTransferFails <= 0",
                                "--ticksUntilTransferFails <= -1_000"),
                scripted("a candidate gives up at the first refusal", "14", "13-a-late-vote.txt")
                        .by(
                                "raft/Candidate.java",
                                "if (!refusals.isEmpty() && mayStillVote < raft.membership().majority()) {",
                                "if (!refusals.isEmpty()) {"),
                scripted("an heir does not wait for the one that asked first", "14", "14-two-heirs.txt")
                        .by("raft/Follower.java", "if (leaderLost && !deferred", "if (false && !deferred"),
                scripted("of two heirs that ask at once none yields", "14", "14-two-heirs.txt")
                        .by("raft/PreCandidate.java", "if (mayYield && ", "if (false && "),
                scripted(
                                "a candidate waits for the vote of a dead server",
                                "14",
                                "15-a-split-vote-and-a-dead-leader.txt")
                        .by("raft/Candidate.java", "|| raft.isSilent(voter)", "|| false"),
                scripted(
                                "a leader that was replaced though it lived is replaced as soon again",
                                "14",
                                "32-patience.txt")
                        .by("raft/Patience.java", "ticksSinceAlarm < calmTicks", "false"),
                scripted("how long a leader was silent is forgotten", "14", "33-a-gap.txt")
                        .by("raft/Patience.java", "int gap = Math.max(longestGap, longestGapBefore);", "int gap = 0;"),
                simulated("a candidate tries once", "14", "LeaderAfterHealing", "Progress")
                        .within(300)
                        .by(
                                "raft/Candidate.java",
                                "            raft.poll(Transition.Trigger.ELECTION_TIMEOUT);",
                                "            ticksUntilNextElection = 1_000_000;"));
    }

    private static List<Bug> limits() {
        return List.of(
                simulated("applied bytes are not given back", "22", "Progress", "UnappliedIsBounded")
                        .by("raft/Leader.java", "unappliedBytes -= entry.sizeBytes();", ""),
                simulated("a full leader goes on taking proposals", "invariant 22", "UnappliedIsBounded")
                        .by("raft/Leader.java", "if (unappliedBytes >= limit) {", "if (false) {"),
                simulated("messages without a limit", "invariant 22", "MessagesAreBounded")
                        .by(
                                "raft/RaftLog.java",
                                "&& (to == from || bytes + cached.get(to).sizeBytes() <= bytesMax)",
                                ""),
                simulated("a window without a limit", "invariant 22", "WindowsAreBounded")
                        .by(
                                "raft/Progress.java",
                                "return !probing && window.size() < config.windowMessagesMax() && windowBytes <"
                                        + " config.windowBytesMax();",
                                "return !probing;"));
    }

    private static List<Bug> answers() {
        return List.of(
                simulated("a write is answered for another entry at its index", "17", "AnswersAreCommitted")
                        .within(200)
                        .by(
                                "node/PendingWrites.java",
                                "if (write.id.equals(id)) {",
                                "if (write.id.index() == id.index()) {"),
                simulated("an unknown write is called not applied", "17", "NotAppliedIsNeverApplied")
                        .by(
                                "node/PendingWrites.java",
                                "new WriteResult.Unknown(reason, leader, term)",
                                "new WriteResult.NotApplied(Refusal.NOT_LEADER, leader, term)"),
                simulated("a write that timed out is answered again", "invariant 16", "AnsweredOnce")
                        .by("node/PendingWrites.java", "                iterator.remove();\n", ""),
                simulated("reads are forgotten when the leader changes", "35", "AnsweredOnce", "Progress")
                        .within(200)
                        .by(
                                "node/WaitingReads.java",
                                "    void ask(long tick, boolean leaderFound) {\n",
                                "    void ask(long tick, boolean leaderFound) { if (leaderFound) { batches.clear(); }\n"));
    }

    private static List<Bug> stateMachine() {
        return List.of(
                simulated("a retry is applied again", "22", "OutcomesFollowTheLog", "Linearizability")
                        .by(
                                "kv/KvStateMachine.java",
                                "decoded instanceof Command.Once once ? applyOnce(once, command) : apply(decoded)",
                                "apply(decoded instanceof Command.Once once ? once.command() : decoded)"),
                simulated(
                                "a restart forgets which idempotency keys are the oldest",
                                "23",
                                "EqualStates",
                                "Check",
                                "NoDivergence",
                                "OutcomesFollowTheLog")
                        .by(
                                "kv/IdempotencyTable.java",
                                "byte[] counters = records.get(Tables.IDEMPOTENCY_COUNTERS);",
                                "byte[] counters = null;"),
                simulated(
                                "a restart forgets the revision",
                                "invariant 8",
                                "EqualStates",
                                "OutcomesFollowTheLog",
                                "ReadsFollowTheLog",
                                "ReadsAreFresh")
                        .by(
                                "kv/KvStateMachine.java",
                                "revision = stored == null ? 0 : Tables.number(stored, 0);",
                                "revision = 0;"),
                simulated(
                                "a server's state depends on what it was asked",
                                "23",
                                "ReadsAreCommitted",
                                "EqualStates",
                                "OutcomesFollowTheLog")
                        .by(
                                "kv/KvStateMachine.java",
                                "        return queries.answer(query, revision);",
                                "        revision += query instanceof Query.Page ? 1 : 0;\n"
                                        + "        return queries.answer(query, revision);"));
    }

    /** Some of the above once more, with all checks but the clients' own switched off. */
    private static List<Bug> histories() {
        return List.of(
                seenByClients("(seen by clients) a deposed leader serves reads without asking", "26")
                        .within(300)
                        .by(
                                "raft/Leader.java",
                                "        } else {\n            reads.add(read);",
                                "        } else if (from.equals(raft.self())) { raft.readConfirmed(id, read.readIndex());"
                                        + " } else { reads.add(read);"),
                seenByClients("(seen by clients) a read does not wait until its index is applied", "§8")
                        .by(
                                "node/WaitingReads.java",
                                "batch.confirmed() && batch.readIndex <= lastApplied",
                                "batch.confirmed()"),
                seenByClients("(seen by clients) a read is confirmed before a commit in the own term", "7")
                        .within(300)
                        .by("raft/Leader.java", "if (!hasCommittedInItsTerm()) {", "if (false) {"),
                seenByClients("(seen by clients) a write is answered for another entry at its index", "17")
                        .within(300)
                        .by(
                                "node/PendingWrites.java",
                                "if (write.id.equals(id)) {",
                                "if (write.id.index() == id.index()) {"),
                seenByClients("(seen by clients) an unknown write is called not applied", "17")
                        .by(
                                "node/PendingWrites.java",
                                "new WriteResult.Unknown(reason, leader, term)",
                                "new WriteResult.NotApplied(Refusal.NOT_LEADER, leader, term)"),
                seenByClients("(seen by clients) a retry is applied again", "22")
                        .by(
                                "kv/KvStateMachine.java",
                                "decoded instanceof Command.Once once ? applyOnce(once, command) : apply(decoded)",
                                "apply(decoded instanceof Command.Once once ? once.command() : decoded)"),
                seenByClients("(seen by clients) half of the servers are a majority", "invariant 4")
                        .within(300)
                        .from(15)
                        .by(
                                "raft/Membership.java",
                                "return reached[reached.length - majority()];",
                                "return reached[reached.length - Math.max(1, reached.length / 2)];"));
    }
}
