package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.BalsaException;
import io.balsa.client.CallOption;
import io.balsa.client.ClusterStatus;
import io.balsa.client.ServerStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code balsa status}. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Show every server: its role, how far it is, and who leads. Exit code 4 without a leader.",
        footerHeading = "%nExample:%n",
        footer = {"  balsa status", "  balsa status --output json"})
final class StatusCommand implements Callable<Integer> {
    /** A server that is up answers at once; one that is down must not delay the picture of the others. */
    private static final Duration PER_SERVER = Duration.ofSeconds(1);

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Map<String, CompletableFuture<ServerStatus>> asked = new LinkedHashMap<>();
        boolean hasLeader = false;
        try (BalsaClient client = options.open()) {
            for (String url : urls(client)) {
                asked.put(url, client.statusAsync(url, CallOption.deadline(PER_SERVER)));
            }
            Table table =
                    new Table("SERVER", "ROLE", "TERM", "LEADER", "COMMITTED", "APPLIED", "REVISION", "VERSION", "URL");
            for (Map.Entry<String, CompletableFuture<ServerStatus>> each : asked.entrySet()) {
                String url = each.getKey();
                try {
                    ServerStatus status = each.getValue().join();
                    hasLeader |= status.role().equals("leader");
                    add(table, out, url, status);
                } catch (CompletionException unreachable) {
                    addUnreachable(table, out, url, unreachable);
                }
            }
            if (!options.json()) {
                table.print(out);
            }
        }
        return hasLeader ? ExitCodes.OK : ExitCodes.NOT_APPLIED;
    }

    /** The members as the cluster knows them; the endpoints as they were given when nobody can be asked. */
    private Collection<String> urls(BalsaClient client) {
        Set<String> urls = new LinkedHashSet<>();
        try {
            for (ClusterStatus.Member member :
                    client.cluster(CallOption.deadline(PER_SERVER)).members()) {
                if (member.httpUrl() != null) {
                    urls.add(member.httpUrl());
                }
            }
        } catch (BalsaException nobodyAnswers) {
            urls.clear();
        }
        return urls.isEmpty() ? options.endpoints() : urls;
    }

    private void add(Table table, PrintWriter out, String url, ServerStatus status) throws IOException {
        if (options.json()) {
            Json.line(out, json -> {
                json.writeStringField("url", url);
                json.writeBooleanField("reachable", true);
                json.writeStringField("id", status.id());
                json.writeStringField("role", status.role());
                json.writeNumberField("term", status.term());
                json.writeStringField("leader", status.leader());
                json.writeNumberField("commitIndex", status.commitIndex());
                json.writeNumberField("lastApplied", status.lastApplied());
                json.writeNumberField("revision", status.revision());
                json.writeStringField("version", status.version());
            });
            return;
        }
        table.row(
                status.id(),
                status.role(),
                Long.toString(status.term()),
                status.leader() == null ? "-" : status.leader(),
                Long.toString(status.commitIndex()),
                Long.toString(status.lastApplied()),
                Long.toString(status.revision()),
                status.version(),
                url);
    }

    private void addUnreachable(Table table, PrintWriter out, String url, CompletionException failure)
            throws IOException {
        if (options.json()) {
            Throwable cause = failure.getCause();
            Json.line(out, json -> {
                json.writeStringField("url", url);
                json.writeBooleanField("reachable", false);
                json.writeStringField(
                        "error", ExitCodes.oneLine(String.valueOf(cause == null ? failure : cause.getMessage())));
            });
        } else {
            table.row("-", "unreachable", "-", "-", "-", "-", "-", "-", url);
        }
    }
}
