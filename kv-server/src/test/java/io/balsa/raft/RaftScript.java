package io.balsa.raft;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Runs a story of commands against a {@link TestCluster} and writes down what the servers do. A line that begins with
 * {@code >} is a command, one with {@code #} a remark; all others are what happened, and are written anew at each run.
 *
 * <pre>
 *   > cluster 3            a cluster of three, all of them followers in term 0; "cluster 3 5" has two more servers, no members
 *   > form 1               server 1 of a "cluster 0 3" learns that all three of them are here
 *   > cluster 3 leases     a cluster of three that takes part in reads by lease
 *   > cluster 3 patient    one whose followers wait from 15 ticks on, 50 at most, as what they have seen of their leader tells them
 *   > history 1 6 1 1 4    server 1 is in term 6 and holds entries of the terms 1, 1, 4
 *   > tick 1 10            server 1's clock goes on by ten ticks
 *   > pause 1 10           server 1 stands still for ten ticks of its clock
 *   > elect 1              server 1 times out and everything arrives at once; messages are not shown
 *   > propose 1 x          a client gives command x to server 1
 *   > read 2               a client asks server 2 for a linearizable read
 *   > lease 1              may server 1 serve a read by lease?
 *   > transfer 1 2         server 1 is asked to hand over to server 2; "transfer 1" lets it choose
 *   > add 1 4              server 1 is asked to take in server 4 as a learner; "add 1 4 joining" as one to be promoted
 *   > promote 1 4          server 1 is asked to make it a voter; "remove 1 4" to let it go; "remove 1 4 at 7" at revision 7 only
 *   > close 2 1            server 2 sees its connection from server 1 closed
 *   > compact 1 5          server 1's log is cut up to entry 5, as its state holds it
 *   > crash 1              server 1 ends; "restart 1" starts it from its disk, "wipe 1" on an empty one
 *   > deliver              what is in flight arrives; "deliver 1->2" only on that link
 *   > settle               everything arrives, and all that follows from it
 *   > drop                 what is in flight is lost; "drop 1->2" only on that link
 *   > hold 1->2            what is in flight on that link is delayed; "release" delivers all that is
 *   > cut 1->2             the link loses everything from now on; "isolate 1" all links of server 1; "heal" mends all
 *   > run 30               every clock goes on by 30 ticks, and everything arrives at once; messages are not shown
 *   > show                 each server's role, term, log and commit index
 * </pre>
 *
 * A membership is written {n1 n2 n3?}: a learner with a question mark, a member on a wiped disk with a star.
 */
public final class RaftScript implements TestCluster.Watcher {
    private final List<String> output = new ArrayList<>();
    private final List<Envelope> held = new ArrayList<>();
    private TestCluster cluster = new TestCluster(1);
    private boolean quiet;

    private RaftScript() {}

    /** The script with what happens now in place of what happened then. */
    public static List<String> run(List<String> script) {
        RaftScript run = new RaftScript();
        for (String line : script) {
            if (line.startsWith("#") || line.isBlank()) {
                run.output.add(line);
            } else if (line.startsWith("> ")) {
                run.output.add(line);
                run.command(line.substring(2).strip().split(" +"));
            }
        }
        return run.output;
    }

    private void command(String... words) {
        switch (words[0]) {
            case "cluster" ->
                cluster = new TestCluster(
                        number(words, 1),
                        number(words, words.length > 2 && words[2].matches("\\d+") ? 2 : 1),
                        config(words),
                        this,
                        TestCluster.InOrder::new);
            case "add" -> {
                Member.Standing standing =
                        List.of(words).contains("joining") ? Member.Standing.JOINING : Member.Standing.LEARNER;
                change(words, new MembershipChange.Add(TestCluster.learner(number(words, 2), standing)));
            }
            case "remove" -> change(words, new MembershipChange.Remove(new NodeId(number(words, 2))));
            case "promote" -> change(words, new MembershipChange.Promote(new NodeId(number(words, 2))));
            case "history" -> history(words);
            case "form" -> cluster.form(number(words, 1));
            case "tick" -> cluster.tick(number(words, 1), number(words, 2));
            case "pause" -> cluster.pause(number(words, 1), number(words, 2));
            case "elect" -> {
                quiet = true;
                cluster.elect(number(words, 1));
                quiet = false;
            }
            case "propose" -> happened(String.valueOf(cluster.propose(number(words, 1), words[2])));
            case "read" -> cluster.readIndex(number(words, 1));
            case "lease" -> lease(number(words, 1));
            case "transfer" -> transfer(words);
            case "close" -> {
                cluster.raft(number(words, 1)).connectionClosed(new NodeId(number(words, 2)));
                cluster.turn(number(words, 1));
            }
            case "compact" -> cluster.compact(number(words, 1), number(words, 2));
            case "crash" -> cluster.crash(number(words, 1));
            case "restart" -> cluster.restart(number(words, 1));
            case "wipe" -> cluster.wipe(number(words, 1), "wiped");
            case "deliver" -> cluster.deliver(link(words));
            case "settle" -> cluster.settle();
            case "drop" -> cluster.drop(link(words));
            case "hold" -> held.addAll(cluster.take(link(words)));
            case "release" -> {
                List<Envelope> released = List.copyOf(held);
                held.clear();
                cluster.deliver(released);
            }
            case "cut" -> cluster.cut(from(words[1]), to(words[1]));
            case "isolate" -> cluster.isolate(number(words, 1));
            case "heal" -> cluster.heal();
            case "run" -> {
                quiet = true;
                cluster.run(number(words, 1));
                quiet = false;
            }
            case "show" -> show();
            default -> throw new IllegalArgumentException("no such command: " + String.join(" ", words));
        }
    }

    private static RaftConfig config(String... words) {
        return switch (words[words.length - 1]) {
            case "leases" -> TestCluster.WITH_LEASES;
            case "patient" -> TestCluster.PATIENT;
            default -> TestCluster.CONFIG;
        };
    }

    private void lease(int server) {
        long readIndex = cluster.raft(server).leases().readIndex();
        happened("n" + server
                + (readIndex < 0 ? " has no lease" : " may read by lease what is applied up to " + readIndex));
    }

    private static int number(String[] words, int at) {
        return Integer.parseInt(words[at]);
    }

    private void history(String... words) {
        long[] terms = new long[words.length - 3];
        for (int i = 0; i < terms.length; i++) {
            terms[i] = number(words, i + 3);
        }
        cluster.haveHistory(number(words, 1), number(words, 2), terms);
    }

    private void transfer(String... words) {
        NodeId target = words.length > 2 ? new NodeId(number(words, 2)) : null;
        boolean begun = cluster.raft(number(words, 1)).transferLeadership(target);
        happened(begun ? "the transfer begins" : "there is nobody to hand over to, or nothing");
        cluster.turn(number(words, 1));
    }

    private void change(String[] words, MembershipChange change) {
        int at = words.length - 2;
        long revision = words[at].equals("at") ? number(words, at + 1) : MembershipChange.ANY_REVISION;
        Proposal proposal = cluster.change(number(words, 1), change, revision);
        happened(
                proposal instanceof Proposal.Rejected rejected
                        ? rejected.reason() + ": " + rejected.detail()
                        : String.valueOf(proposal));
    }

    private static Predicate<Envelope> link(String... words) {
        if (words.length < 2) {
            return envelope -> true;
        }
        NodeId from = new NodeId(from(words[1]));
        NodeId to = new NodeId(to(words[1]));
        return envelope -> envelope.from().equals(from) && envelope.to().equals(to);
    }

    private static int from(String link) {
        return Integer.parseInt(link.substring(0, link.indexOf("->")));
    }

    private static int to(String link) {
        return Integer.parseInt(link.substring(link.indexOf("->") + 2));
    }

    private void show() {
        for (TestCluster.Server server : cluster.servers()) {
            Raft raft = server.raft;
            StringBuilder log = new StringBuilder();
            if (server.disk.anchor().index() > 0) {
                log.append(" behind ").append(server.disk.anchor());
            }
            for (LogEntry entry : server.disk.entries()) {
                log.append(' ').append(text(entry));
            }
            Membership members = raft.membership();
            happened(server.id + (server.down ? " is down" : " is " + raft.role() + " in term " + raft.currentTerm())
                    + ", commit " + raft.commitIndex() + ", log" + (log.isEmpty() ? " empty" : log)
                    + (members.revision() == 0 && !members.isEmpty() ? "" : ", members " + text(members)));
        }
    }

    private static String text(Membership membership) {
        StringBuilder text = new StringBuilder("{");
        for (Member member : membership.members()) {
            text.append(text.length() == 1 ? "" : " ").append(member.id());
            text.append(member.isVoter() ? "" : "?").append(member.directoryId().isEmpty() ? "" : "*");
        }
        return text.append('}').toString();
    }

    private void happened(String what) {
        output.add("    " + what);
    }

    @Override
    public void sent(Envelope envelope) {
        if (!quiet) {
            happened(envelope.from() + " -> " + envelope.to() + "  " + text(envelope.message()));
        }
    }

    @Override
    public void became(NodeId server, Transition transition) {
        if (transition.trigger() != Transition.Trigger.STARTED) {
            String following =
                    transition.leader() == null || transition.leader().equals(server)
                            ? ""
                            : " of " + transition.leader();
            happened(server + " is " + transition.role() + following + " in term " + transition.term() + ": "
                    + transition.trigger());
        }
    }

    @Override
    public void applied(NodeId server, LogEntry entry) {
        if (!quiet) {
            happened(server + " applies " + text(entry));
        }
    }

    @Override
    public void installed(NodeId server, EntryId lastIncluded) {
        happened(server + " installs a snapshot up to " + lastIncluded);
    }

    @Override
    public void confirmed(NodeId server, Ready.ReadState read) {
        happened(server + " may serve read " + read.id() + " once it has applied " + read.readIndex());
    }

    private static String text(LogEntry entry) {
        if (entry.kind() == LogEntry.Kind.MEMBERSHIP) {
            return entry.id() + ":" + text(entry.membership());
        }
        ByteBuffer command = entry.command().duplicate();
        byte[] bytes = new byte[command.remaining()];
        command.get(bytes);
        return entry.id() + (entry.isNoOp() ? "" : ":" + new String(bytes, StandardCharsets.UTF_8));
    }

    private static String text(Message message) {
        if (message instanceof Message.AppendEntries m) {
            StringBuilder entries = new StringBuilder();
            m.entries().forEach(entry -> entries.append(' ').append(text(entry)));
            return "AppendEntries term " + m.term() + ", after " + m.prevLog() + ":"
                    + (entries.isEmpty() ? " nothing" : entries) + ", commit " + m.leaderCommit() + ", round "
                    + m.round();
        }
        if (message instanceof Message.AppendEntriesReply m) {
            String answer = m.success()
                    ? "has up to " + m.matchIndex()
                    : "refuses " + m.rejected() + ", may agree up to " + m.hint();
            return "AppendEntriesReply term " + m.term() + ": " + answer + ", round " + m.round()
                    + (m.pledgeNanos() > 0 ? ", bound for " + m.pledgeNanos() / 1_000_000 + " ms" : "");
        }
        if (message instanceof Message.InstallSnapshot m) {
            return "InstallSnapshot term " + m.term() + ", transfer " + m.transfer() + ", up to " + m.lastIncluded()
                    + ": bytes " + m.offset() + " to "
                    + (m.offset() + m.data().remaining()) + (m.done() ? ", the last" : "");
        }
        if (message instanceof Message.InstallSnapshotReply m) {
            String answer = m.matchIndex() > 0 ? "has up to " + m.matchIndex() : "has stored " + m.offset();
            return "InstallSnapshotReply term " + m.term() + ", transfer " + m.transfer() + ": "
                    + (m.accepted() ? answer : "begin anew");
        }
        if (message instanceof Message.RequestVote m) {
            return "RequestVote term " + m.term() + ", log ends at " + m.lastLog()
                    + (m.leaderTransfer() ? ", the leader wants it" : "");
        }
        if (message instanceof Message.PreVote m) {
            return "PreVote term " + m.term() + ", log ends at " + m.lastLog();
        }
        if (message instanceof Message.RequestVoteReply m) {
            return "RequestVoteReply term " + m.term() + ": " + (m.voteGranted() ? "yes" : "no");
        }
        if (message instanceof Message.PreVoteReply m) {
            return "PreVoteReply term " + m.term() + ": " + (m.voteGranted() ? "yes" : "no");
        }
        return message.toString();
    }
}
