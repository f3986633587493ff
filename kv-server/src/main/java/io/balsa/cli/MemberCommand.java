package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.ClusterStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code balsa member}: who belongs to the cluster, and changing that. */
@Command(
        name = "member",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "Show the servers of the cluster, take one in, let one go, make a learner a voter.",
        subcommands = {
            MemberCommand.ListMembers.class,
            MemberCommand.AddMember.class,
            MemberCommand.RemoveMember.class,
            MemberCommand.PromoteMember.class
        },
        footerHeading = "%nExample: replace n3 by n4%n",
        footer = {
            "  balsa server --id n4 --data-dir data/n4 --http 127.0.0.1:8084 --raft 127.0.0.1:9084 --join",
            "  balsa member add n4=127.0.0.1:9084",
            "  balsa member list",
            "  balsa member remove n3"
        })
final class MemberCommand {
    private MemberCommand() {}

    /** What the four have in common: a call that answers with the members. */
    abstract static class Members implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Mixin
        private final ClientOptions options = new ClientOptions();

        abstract ClusterStatus call(BalsaClient client);

        @Override
        public final Integer call() throws IOException {
            PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
            ClusterStatus cluster;
            try (BalsaClient client = options.open()) {
                cluster = call(client);
            }
            if (options.json()) {
                json(out, cluster);
            } else {
                table(out, cluster);
            }
            return ExitCodes.OK;
        }

        private static void table(PrintWriter out, ClusterStatus cluster) {
            Table table = new Table("SERVER", "ROLE", "LEADS", "LAG", "RAFT", "URL");
            for (ClusterStatus.Member member : cluster.members()) {
                table.row(
                        member.id(),
                        member.role(),
                        member.id().equals(cluster.leader()) ? "yes" : "",
                        member.lag() < 0 ? "-" : Long.toString(member.lag()),
                        or(member.raftAddress()),
                        or(member.httpUrl()));
            }
            table.print(out);
            out.println("revision " + cluster.membershipRevision() + "; " + cluster.failureTolerance()
                    + (cluster.failureTolerance() == 1 ? " voter" : " voters") + " may fail");
        }

        private static String or(@Nullable String text) {
            return text == null ? "-" : text;
        }

        private static void json(PrintWriter out, ClusterStatus cluster) throws IOException {
            Json.line(out, json -> {
                json.writeNumberField("membershipRevision", cluster.membershipRevision());
                json.writeNumberField("failureTolerance", cluster.failureTolerance());
                json.writeStringField("leader", cluster.leader());
                json.writeArrayFieldStart("members");
                for (ClusterStatus.Member member : cluster.members()) {
                    json.writeStartObject();
                    json.writeStringField("id", member.id());
                    json.writeStringField("role", member.role());
                    json.writeStringField("raftAddress", member.raftAddress());
                    json.writeStringField("httpUrl", member.httpUrl());
                    if (member.lag() >= 0) {
                        json.writeNumberField("lag", member.lag());
                    }
                    json.writeEndObject();
                }
                json.writeEndArray();
            });
        }
    }

    /** A change, of the members at a certain revision or at any. */
    abstract static class Change extends Members {
        @Option(
                names = "--if-revision",
                paramLabel = "N",
                description = "Only if the members are at revision N, as 'member list' shows it; else exit code 3.")
        @Nullable
        Long revision;
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Show the servers of the cluster and how many may fail.",
            footerHeading = "%nExample:%n",
            footer = {"  balsa member list", "  balsa member list --output json"})
    static final class ListMembers extends Members {
        @Override
        ClusterStatus call(BalsaClient client) {
            return client.cluster();
        }
    }

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description =
                    "Take a server in that was started with --join: as a learner, which votes once it has caught up.",
            footerHeading = "%nExample:%n",
            footer = {"  balsa member add n4=127.0.0.1:9084", "  balsa member add n5=10.0.0.5:9081 --learner"})
    static final class AddMember extends Change {
        @Parameters(
                paramLabel = "nN=HOST:PORT",
                description = "The new server and where it listens for others (--raft).")
        private String server = "";

        @Option(names = "--learner", description = "It stays a learner until 'member promote'.")
        private boolean learner;

        @Override
        ClusterStatus call(BalsaClient client) {
            int equals = server.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("'" + server + "' does not look like n4=127.0.0.1:9084");
            }
            return client.addMember(server.substring(0, equals), server.substring(equals + 1), !learner, revision);
        }
    }

    @Command(
            name = "remove",
            mixinStandardHelpOptions = true,
            description = "Let a server go; refused when too few voters that live would be left. Stop it afterwards.",
            footerHeading = "%nExample:%n",
            footer = {"  balsa member remove n3", "  balsa member remove n3 --if-revision 57"})
    static final class RemoveMember extends Change {
        @Parameters(paramLabel = "nN", description = "The server.")
        private String id = "";

        @Override
        ClusterStatus call(BalsaClient client) {
            return client.removeMember(id, revision);
        }
    }

    @Command(
            name = "promote",
            mixinStandardHelpOptions = true,
            description = "Make a learner that has caught up a voter.",
            footerHeading = "%nExample:%n",
            footer = "  balsa member promote n5")
    static final class PromoteMember extends Change {
        @Parameters(paramLabel = "nN", description = "The learner.")
        private String id = "";

        @Override
        ClusterStatus call(BalsaClient client) {
            return client.promoteMember(id, revision);
        }
    }
}
