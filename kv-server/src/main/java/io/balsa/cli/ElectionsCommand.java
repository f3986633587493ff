package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.ElectionInfo;
import io.balsa.client.Elections;
import io.balsa.client.NotAppliedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code balsa elections}. */
@Command(
        name = "elections",
        mixinStandardHelpOptions = true,
        description = "Explain the last elections, or one term's with its votes.",
        footerHeading = "%nExample:%n",
        footer = {"  balsa elections --limit 5", "  balsa elections 8", "  balsa elections 8 --output json"})
final class ElectionsCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Parameters(arity = "0..1", paramLabel = "TERM", description = "Only this term's election. Default: the last ones")
    private @Nullable Long term;

    @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000. Default: ${DEFAULT-VALUE}")
    private int limit = 20;

    @Override
    public Integer call() throws IOException {
        if (limit < 1 || limit > 1_000) {
            throw new IllegalArgumentException("--limit is 1 to 1000");
        }
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        Elections answer;
        try (BalsaClient client = options.open()) {
            answer = term == null ? client.elections(limit) : client.election(term);
        } catch (NotAppliedException refused) {
            if (term != null && refused.code().equals("not_found")) {
                line.getErr().println("balsa: nobody remembers an election of term " + term);
                return ExitCodes.NOT_FOUND;
            }
            throw refused;
        }
        if (options.json()) {
            for (ElectionInfo election : answer.elections()) {
                json(line.getOut(), election);
            }
        } else {
            table(line.getOut(), answer);
        }
        for (Elections.Unreachable missing : answer.unreachable()) {
            line.getErr()
                    .println(
                            "balsa: " + missing.node() + " could not be asked: " + ExitCodes.oneLine(missing.reason()));
        }
        return ExitCodes.OK;
    }

    private static void table(PrintWriter out, Elections answer) {
        Table table = new Table("TERM", "AT", "TRIGGER", "LEADER", "LEADERLESS", "EXPLANATION");
        Table votes = new Table("NODE", "CANDIDATE", "VOTER", "VOTE", "GRANTED", "REASON");
        boolean hasVotes = false;
        for (ElectionInfo election : answer.elections()) {
            table.row(
                    Long.toString(election.term()),
                    election.at(),
                    election.trigger(),
                    election.leader() == null ? "-" : election.leader(),
                    election.leaderlessMillis() < 0 ? "-" : election.leaderlessMillis() + " ms",
                    election.explanation());
            for (ElectionInfo.Vote vote : election.votes()) {
                hasVotes = true;
                votes.row(
                        vote.node(),
                        vote.candidate(),
                        vote.voter(),
                        vote.preVote() ? "pre-vote" : "vote",
                        vote.granted() ? "yes" : "no",
                        vote.reason());
            }
        }
        table.print(out);
        if (hasVotes) {
            out.println();
            votes.print(out);
        }
    }

    private static void json(PrintWriter out, ElectionInfo election) throws IOException {
        Json.line(out, json -> {
            json.writeNumberField("term", election.term());
            json.writeStringField("at", election.at());
            json.writeStringField("trigger", election.trigger());
            json.writeStringField("leader", election.leader());
            json.writeStringField("previousLeader", election.previousLeader());
            if (election.leaderlessMillis() < 0) {
                json.writeNullField("leaderlessMillis");
            } else {
                json.writeNumberField("leaderlessMillis", election.leaderlessMillis());
            }
            json.writeStringField("explanation", election.explanation());
            json.writeArrayFieldStart("votes");
            for (ElectionInfo.Vote vote : election.votes()) {
                json.writeStartObject();
                json.writeStringField("node", vote.node());
                json.writeStringField("candidate", vote.candidate());
                json.writeStringField("voter", vote.voter());
                json.writeBooleanField("preVote", vote.preVote());
                json.writeBooleanField("granted", vote.granted());
                json.writeStringField("reason", vote.reason());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }
}
