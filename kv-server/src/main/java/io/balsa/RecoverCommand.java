package io.balsa;

import io.balsa.kv.KvStateMachine;
import io.balsa.node.StorageException;
import io.balsa.raft.HardState;
import io.balsa.raft.LogEntry;
import io.balsa.raft.Member;
import io.balsa.raft.Membership;
import io.balsa.raft.MembershipCodec;
import io.balsa.storage.DataDirectory;
import io.balsa.storage.LmdbLog;
import io.balsa.storage.LmdbState;
import io.vertx.core.net.HostAndPort;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code balsa recover}: makes one surviving data directory the beginning of a new cluster of one, after so many servers were
 * lost for good that the old one can never elect a leader again.
 */
@Command(
        name = "recover",
        mixinStandardHelpOptions = true,
        description = {
            "Makes a data directory the beginning of a new cluster of one server, when most of the old cluster is lost for good.",
            "The server must be stopped. What this directory does not hold is lost; what it holds and was never confirmed"
                    + " counts from now on. Choose the directory of the server that was furthest ('lastLogIndex' in its last"
                    + " status). The new cluster has a new id, so what is left of the old one can never mix with it."
        },
        footer = {
            "",
            "Example:",
            "  balsa recover --data-dir data/n2 --raft 127.0.0.1:9082 --yes",
            "  balsa server --id n2 --data-dir data/n2 --raft 127.0.0.1:9082 --cluster-id THE-NEW-ID",
            "Then take other servers in, with empty directories: balsa member add",
            "",
            "Exit codes: 0 it worked, 2 wrong usage, 4 the directory cannot be used, and nothing was changed."
        })
final class RecoverCommand implements Callable<Integer> {
    private static final int EXIT_UNUSABLE = 4;
    private static final int SUFFIX_BYTES = 4;

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec spec;

    @Option(names = "--data-dir", required = true, paramLabel = "DIR", description = "The surviving data directory.")
    private Path dataDirectory = Path.of("");

    @Option(
            names = "--raft",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where other servers will reach this one.")
    private String raft = "";

    @Option(names = "--new-cluster-id", paramLabel = "NAME", description = "Default: the old one with a random suffix.")
    private @Nullable String newClusterId;

    @Option(names = "--yes", description = "Really do it; without it, only say what would be done.")
    private boolean yes;

    @Override
    public Integer call() {
        HostAndPort address = HostAndPort.parseAuthority(raft, -1);
        if (address == null || address.port() <= 0) {
            throw new ParameterException(
                    spec.commandLine(), "--raft: '" + raft + "' does not look like 127.0.0.1:9082");
        }
        PrintWriter out = spec.commandLine().getOut();
        try (DataDirectory directory = DataDirectory.openExisting(dataDirectory)) {
            String clusterId = newClusterId == null ? directory.clusterId() + "-" + suffix() : newClusterId;
            if (clusterId.isBlank() || clusterId.equals(directory.clusterId())) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--new-cluster-id must be another one than '" + directory.clusterId() + "'");
            }
            recover(directory, clusterId, out);
            return 0;
        } catch (StorageException failure) {
            spec.commandLine().getErr().println("balsa: " + failure.getMessage());
            return EXIT_UNUSABLE;
        }
    }

    private void recover(DataDirectory directory, String clusterId, PrintWriter out) {
        try (LmdbLog log = LmdbLog.open(directory, (nanos, entries, bytes) -> {});
                LmdbState state = LmdbState.open(directory, nanos -> {})) {
            out.println(directory.node() + " of cluster " + directory.clusterId() + " in " + directory.path());
            out.println("  its state holds revision " + new KvStateMachine(state).revision() + ", as of log entry "
                    + state.lastApplied());
            out.println("  its log ends with entry " + log.last().index() + ", of term "
                    + log.last().term() + ": all of it counts from now on");
            if (!yes) {
                out.println("Nothing was changed. With --yes it becomes a cluster of one, " + clusterId);
                return;
            }
            // The new name comes first: a cluster of one under the old name might meet the old one.
            directory.rename(clusterId);
            Member self = new Member(directory.node(), Member.Standing.VOTER, directory.id(), raft);
            Membership alone = new Membership(0, clusterId, List.of(self));
            long term = Math.max(log.hardState().currentTerm(), log.last().term()) + 1;
            log.write(
                    new HardState(term, null),
                    List.of(new LogEntry(
                            log.last().index() + 1, term, LogEntry.Kind.MEMBERSHIP, MembershipCodec.encode(alone))));
            out.println("It is a cluster of one now, " + clusterId + ". Start it:");
            out.println("  balsa server --id " + directory.node() + " --data-dir " + dataDirectory + " --raft " + raft
                    + " --cluster-id " + clusterId);
        }
    }

    private static String suffix() {
        byte[] random = new byte[SUFFIX_BYTES];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
