package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.IdempotencyKey;
import io.balsa.kv.Key;
import io.balsa.kv.KeyRange;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Outcome;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.node.Consistency;
import io.balsa.node.Input;
import io.balsa.node.ReadResult;
import io.balsa.node.WriteResult;
import io.balsa.raft.LogEntry;
import io.balsa.raft.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One client: one call at a time, to a server that it believes to lead or to any other. It tells "not applied" from
 * "unknown", retries an unknown write only under its idempotency key, and records what it did and saw.
 */
final class SimulatedClient {
    private static final int ATTEMPTS_MAX = 12;

    /** One call, over all its attempts. */
    private static final class Call {
        final @Nullable Command command;
        final @Nullable ByteBuffer bytes;
        final @Nullable Query query;
        final Consistency consistency;
        final String text;
        final long committedBefore;
        final long revisionBefore;
        final long onceBefore;

        /** In the history, or -1 when it has no place there. */
        final int historyId;

        int attempts;

        /** An attempt may have been, or may yet be, applied. */
        boolean uncertain;

        Call(
                Simulation world,
                @Nullable Command command,
                @Nullable Query query,
                Consistency consistency,
                String text,
                int historyId) {
            this.command = command;
            this.bytes = command == null ? null : CommandCodec.encode(command);
            this.query = query;
            this.consistency = consistency;
            this.text = text;
            this.committedBefore = world.committed.lastIndex();
            this.revisionBefore = world.committed.revision();
            this.onceBefore = world.onceCalls;
            this.historyId = historyId;
        }

        boolean isOnce() {
            return command instanceof Command.Once;
        }
    }

    private final Simulation world;
    private final int number;
    private final SplittableRandom random;
    private final Map<Key, Long> modRevisions = new TreeMap<>();
    private @Nullable NodeId leader;
    private @Nullable Call current;
    private int calls;
    private boolean stopped;

    SimulatedClient(Simulation world, int number, SplittableRandom random) {
        this.world = world;
        this.number = number;
        this.random = random;
    }

    void start() {
        world.scheduler.in(random.nextLong(world.faults.thinkMaxMicros), this::next);
    }

    /** Finishes its call, and begins no other. */
    void stop() {
        stopped = true;
    }

    boolean idle() {
        return current == null;
    }

    private void next() {
        if (stopped) {
            return;
        }
        Call call = random.nextDouble() < world.faults.readShare ? read() : write();
        current = call;
        calls++;
        if (call.consistency != Consistency.STALE) {
            world.count(call.command == null ? "read begun" : "write begun");
        }
        attempt(call);
    }

    private Call read() {
        int kind = random.nextInt(10);
        if (kind == 0) {
            String prefix = random.nextInt(4) == 0 ? Simulation.RANGE_KEYS : Simulation.KEYS;
            KeyRange range = KeyRange.ofPrefix(prefix.getBytes(StandardCharsets.UTF_8));
            Query page = new Query.Page(range, null, 1_000, Long.MAX_VALUE, false, false, null, 0);
            boolean recorded = prefix.equals(Simulation.KEYS);
            int id = recorded ? world.history.invoke(number, page) : -1;
            return new Call(world, null, page, fresh(), "page " + prefix, id);
        }
        Key key = world.key(random);
        Query get = new Query.Get(key);
        if (kind < 3) {
            return new Call(world, null, get, Consistency.STALE, "stale get " + key, -1);
        }
        int id = world.history.invoke(number, get);
        return new Call(world, null, get, fresh(), "get " + key, id);
    }

    private Consistency fresh() {
        boolean byLease = world.faults.leases && random.nextDouble() < world.faults.leaseShare;
        return byLease ? Consistency.LEASE : Consistency.LINEARIZABLE;
    }

    private Call write() {
        Command command = command();
        if (!(command instanceof Command.DeleteRange) && random.nextDouble() < world.faults.onceShare) {
            command = new Command.Once(new IdempotencyKey("c" + number + "-" + calls), command);
            world.onceCalls++;
        }
        Command plain = command instanceof Command.Once once ? once.command() : command;
        boolean recorded = plain instanceof Command.Delete
                || (plain instanceof Command.Put put && put.key().toString().startsWith(Simulation.KEYS));
        int id = recorded ? world.history.invoke(number, command) : -1;
        String text = plain instanceof Command.Put put
                ? "put " + put.key() + " if " + put.precondition()
                : plain instanceof Command.Delete delete
                        ? "delete " + delete.key() + " if " + delete.precondition()
                        : "delete range";
        return new Call(world, command, null, Consistency.LINEARIZABLE, text, id);
    }

    private Command command() {
        int kind = random.nextInt(20);
        if (kind == 0) {
            byte[] prefix = Simulation.RANGE_KEYS.getBytes(StandardCharsets.UTF_8);
            return new Command.DeleteRange(KeyRange.ofPrefix(prefix), random.nextInt(1, 4));
        }
        if (kind < 3) {
            Key key = Key.of(Simulation.RANGE_KEYS + random.nextInt(4));
            return new Command.Put(world.known(key), value(), Precondition.NONE, false);
        }
        Key key = world.key(random);
        if (kind < 6) {
            return new Command.Delete(key, precondition(key), random.nextBoolean());
        }
        return new Command.Put(key, value(), precondition(key), random.nextBoolean());
    }

    private Precondition precondition(Key key) {
        return switch (random.nextInt(6)) {
            case 0 -> Precondition.ABSENT;
            case 1 -> Precondition.PRESENT;
            case 2, 3 -> {
                long modRevision = modRevisions.getOrDefault(key, 0L);
                yield modRevision > 0 ? new Precondition.ModRevision(modRevision) : Precondition.NONE;
            }
            default -> Precondition.NONE;
        };
    }

    /** Never the same one twice. */
    private ByteBuffer value() {
        byte[] name = (number + "." + calls).getBytes(StandardCharsets.UTF_8);
        byte[] value = new byte[Math.max(name.length, random.nextInt(world.faults.valueBytesMax))];
        System.arraycopy(name, 0, value, 0, name.length);
        return ByteBuffer.wrap(value).asReadOnlyBuffer();
    }

    private void attempt(Call call) {
        int attempt = ++call.attempts;
        NodeId believed = leader;
        SimulatedServer server =
                believed != null && random.nextInt(5) > 0 ? world.server(believed) : world.asked(random);
        world.trace.add(() -> "client " + number + " asks " + server.id + ": " + call.text);
        if (!world.answerIsLost(random)) {
            world.scheduler.in(random.nextLong(50, 2_000), () -> arrive(call, attempt, server));
        } else {
            call.uncertain = true; // As far as the client can tell.
        }
        world.scheduler.in(world.clientTimeoutMicros(), () -> {
            if (call == current && call.attempts == attempt) {
                unknown(call);
            }
        });
    }

    private void arrive(Call call, int attempt, SimulatedServer server) {
        SimulatedServer.Life life = server.life();
        if (life == null) {
            back(call, attempt, () -> notApplied(call, null)); // Connection refused.
            return;
        }
        int timeoutTicks = (int) Math.max(1, world.clientTimeoutMicros() / 10_000 - random.nextInt(3));
        Answers.Expected answer = world.answers.expect(server, life, call.text);
        ByteBuffer bytes = call.bytes;
        Query query = call.query;
        Input input;
        if (bytes != null) {
            input = loop -> loop.write(bytes, timeoutTicks, result -> {
                answer.given();
                written(call, attempt, server, life, bytes, result);
            });
        } else if (query != null) {
            input = loop -> loop.read(query, call.consistency, timeoutTicks, result -> {
                answer.given();
                wasRead(call, attempt, server, life, query, result);
            });
        } else {
            throw new AssertionError("neither a write nor a read");
        }
        if (!server.receive(input)) {
            answer.given();
            back(call, attempt, () -> notApplied(call, null)); // The inbox is full.
        }
    }

    /** On the server's side, in its turn. */
    private void written(
            Call call,
            int attempt,
            SimulatedServer server,
            SimulatedServer.Life life,
            ByteBuffer bytes,
            WriteResult result) {
        world.checks.observe(server, life);
        if (result instanceof WriteResult.Applied && server.diverged()) {
            back(call, attempt, () -> unknown(call)); // Applied, but with what outcome is anyone's guess.
        } else if (result instanceof WriteResult.Applied applied) {
            checkApplied(call, bytes, applied);
            back(call, attempt, () -> ok(call, applied));
        } else if (result instanceof WriteResult.NotApplied notApplied) {
            if (!call.isOnce() && call.command instanceof Command.Put) {
                world.neverApplied(bytes);
            }
            world.count(notApplied.reason().name());
            back(call, attempt, () -> notApplied(call, notApplied.leader()));
        } else if (result instanceof WriteResult.Unknown unknown) {
            world.count(unknown.reason().name());
            back(call, attempt, () -> {
                leader = unknown.leader();
                unknown(call);
            });
        }
    }

    private void checkApplied(Call call, ByteBuffer bytes, WriteResult.Applied applied) {
        if (world.blind) {
            return;
        }
        world.committed.checkApplied(new LogEntry(applied.index(), applied.term(), bytes), applied.outcome());
        unless(
                applied.index() > call.committedBefore,
                "AnswersFollowRealTime",
                "a write is at entry %d, though %d were committed before it began",
                applied.index(),
                call.committedBefore);
    }

    private void wasRead(
            Call call, int attempt, SimulatedServer server, SimulatedServer.Life life, Query query, ReadResult result) {
        world.checks.observe(server, life);
        if (result instanceof ReadResult.Served && server.diverged()) {
            back(call, attempt, () -> notApplied(call, null)); // Wrong perhaps: nothing is promised of it.
        } else if (result instanceof ReadResult.Served served) {
            QueryResult found = served.result();
            if (served.consistency() == Consistency.LEASE) {
                world.count("read by lease");
            }
            checkRead(call, server, life, query, found);
            back(call, attempt, () -> ok(call, found, served.leader()));
        } else if (result instanceof ReadResult.Refused refused) {
            world.count("READ_" + refused.reason().name());
            back(call, attempt, () -> notApplied(call, refused.leader()));
        }
    }

    private void checkRead(
            Call call, SimulatedServer server, SimulatedServer.Life life, Query query, QueryResult found) {
        if (world.blind) {
            return;
        }
        world.committed.checkRead(found, query);
        unless(
                call.consistency == Consistency.STALE || found.revision() >= call.revisionBefore,
                "ReadsAreFresh",
                "%s serves revision %d, though %d was committed before the read began",
                server.id,
                found.revision(),
                call.revisionBefore);
        unless(
                found.revision() == life.machine.revision(),
                "ReadsAreFresh",
                "%s serves revision %d of %d",
                server.id,
                found.revision(),
                life.machine.revision());
    }

    /** The answer travels back, if it is not lost. */
    private void back(Call call, int attempt, Runnable receive) {
        if (world.answerIsLost(random)) {
            return;
        }
        world.scheduler.in(random.nextLong(50, 2_000), () -> {
            if (call == current && call.attempts == attempt) {
                receive.run();
            }
        });
    }

    private void ok(Call call, WriteResult.Applied applied) {
        Outcome outcome = applied.outcome();
        if (call.historyId >= 0) {
            world.history.ok(call.historyId, outcome);
        }
        Command plain = call.command instanceof Command.Once once ? once.command() : call.command;
        if (plain instanceof Command.Put put && outcome instanceof Outcome.Written written) {
            modRevisions.put(put.key(), written.modRevision());
        }
        world.count(call.isOnce() && call.attempts > 1 ? "retried write" : "write");
        world.fingerprint.add(applied.index());
        world.fingerprint.add(outcome.revision());
        world.trace.add(() -> "client " + number + " is answered " + outcome);
        done();
    }

    private void ok(Call call, QueryResult result, @Nullable NodeId answeredLeader) {
        if (call.historyId >= 0) {
            world.history.ok(call.historyId, result);
        }
        leader = answeredLeader;
        if (result instanceof QueryResult.One one && call.query instanceof Query.Get get) {
            KeyValue keyValue = one.keyValue();
            modRevisions.put(get.key(), keyValue == null ? 0 : keyValue.modRevision());
        }
        world.count(call.consistency == Consistency.STALE ? "stale read" : "read");
        world.fingerprint.add(result.revision());
        world.trace.add(() -> "client " + number + " reads " + result);
        done();
    }

    private void notApplied(Call call, @Nullable NodeId answeredLeader) {
        leader = answeredLeader;
        if (call.uncertain && call.isOnce()) {
            retryOrGiveUp(call);
            return;
        }
        if (call.historyId >= 0) {
            world.history.fail(call.historyId);
        }
        done();
    }

    private void unknown(Call call) {
        call.uncertain = true;
        if (call.isOnce()) {
            retryOrGiveUp(call);
        } else {
            giveUp(call);
        }
    }

    /** The servers remember so many idempotency keys and no more, so a client must not come back too late. */
    private void retryOrGiveUp(Call call) {
        boolean remembered = world.onceCalls - call.onceBefore < world.faults.idempotencyRecordsMax / 2;
        if (call.attempts < ATTEMPTS_MAX && remembered) {
            world.count("retry");
            int attempt = call.attempts;
            world.scheduler.in(random.nextLong(1_000, 50_000), () -> {
                if (call == current && call.attempts == attempt) {
                    attempt(call);
                }
            });
        } else {
            giveUp(call);
        }
    }

    private void giveUp(Call call) {
        if (call.historyId >= 0) {
            world.history.info(call.historyId);
        }
        Command plain = call.command instanceof Command.Once once ? once.command() : call.command;
        if (plain instanceof Command.Put put) {
            world.uncertain(put.key());
        } else if (plain instanceof Command.Delete delete) {
            world.uncertain(delete.key());
        }
        world.count("unknown");
        done();
    }

    private void done() {
        current = null;
        world.scheduler.in(random.nextLong(world.faults.thinkMaxMicros), this::next);
    }
}
