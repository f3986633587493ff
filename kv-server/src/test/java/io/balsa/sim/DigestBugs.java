package io.balsa.sim;

import static io.balsa.sim.Bug.foundByServers;
import static io.balsa.sim.Bug.simulated;

import java.util.List;

/** The planted bugs of comparing states, and some that the servers find by it themselves: a part of {@link BugZoo}. */
final class DigestBugs {
    private DigestBugs() {}

    static List<Bug> all() {
        return List.of(
                simulated(
                                "the hash forgets nothing of a record that is removed",
                                "1",
                                "HashIsTheStates",
                                "NoDivergence")
                        .by(
                                "kv/Records.java",
                                "        forget(key, before);\n        state.remove(key);",
                                "        state.remove(key);"),
                simulated("the hash is not in the checkpoint", "1", "HashIsTheStates")
                        .by(
                                "kv/Records.java",
                                "        state.put(Tables.STATE_HASH, Tables.numbers(index, hash));\n",
                                ""),
                simulated(
                                "the hash forgets nothing of a record that is replaced",
                                "1",
                                "HashIsTheStates",
                                "NoDivergence")
                        .by("kv/Records.java", "        forget(key, before);\n        hash +=", "        hash +="),
                simulated("a snapshot is installed and the old hash kept", "17", "HashIsTheStates", "NoDivergence")
                        .by(
                                "kv/KvStateMachine.java",
                                "        records.reload();\n",
                                "        if (revision == 0) records.reload();\n"),
                simulated("the leader compares states behind different entries", "41", "NoDivergence")
                        .by(
                                "raft/Comparisons.java",
                                "if (askedIndex > 0 && digest.index() == askedIndex) {",
                                "if (askedIndex > 0 && digest.index() > 0) {"),
                simulated("a server answers for another entry than it was asked for", "41", "NoDivergence")
                        .by("raft/Digests.java", "            if (index == lastIndex) {", "            {"),
                simulated("the leader is right, whatever the majority says", "1", "NoDivergence")
                        .within(300)
                        .by(
                                "raft/Comparisons.java",
                                "Long majority = majority();",
                                "Long majority = answers.get(raft.self());"),
                simulated("a leader that is wrong stays", "1", "DivergedAreFound")
                        .within(300)
                        .by("raft/Comparisons.java", "            raft.digests().agreed(raft.self(), agreed);\n", ""),
                simulated("a server judges itself by what it said of another entry", "1", "NoDivergence")
                        .by(
                                "raft/Digests.java",
                                "majority.index() == 0 || majority.index() != answer.index() ||",
                                "majority.index() == 0 || answer.index() == 0 ||"),
                foundByServers("(found by the servers) a server's state depends on what it was asked", "23")
                        .from(2)
                        .by(
                                "kv/KvStateMachine.java",
                                "        return queries.answer(query, revision);",
                                "        revision += query instanceof Query.Page ? 1 : 0;\n"
                                        + "        return queries.answer(query, revision);"),
                foundByServers("(found by the servers) a restart forgets the revision", "1, invariant 8")
                        .by(
                                "kv/KvStateMachine.java",
                                "revision = stored == null ? 0 : Tables.number(stored, 0);",
                                "revision = 0;"));
    }
}
