package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import io.balsa.kv.MemoryState;
import io.balsa.node.Input;
import io.balsa.node.SnapshotDecoder;
import io.balsa.node.SnapshotEncoder;
import io.balsa.node.Snapshots;
import io.balsa.raft.EntryId;
import io.balsa.raft.Message;
import io.balsa.raft.SnapshotChunk;
import io.balsa.raft.SnapshotTask;
import io.balsa.raft.TransferId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One process's snapshots: chunks take their time and may fail, and the process may crash between any two. What arrives is
 * put together beside the state and does not outlive the process, until it is installed.
 */
final class SimulatedSnapshots implements Snapshots {
    /** One state being read. */
    private static final class Reading implements SnapshotEncoder.Source {
        final long index;
        final SnapshotEncoder encoder;
        private final Iterator<Map.Entry<byte[], byte[]>> records;
        private byte[] value = new byte[0];
        private long offset;

        Reading(MemoryState durable, int chunkBytes) {
            List<Map.Entry<byte[], byte[]>> all = new ArrayList<>();
            durable.scan(new byte[] {0}, null, false, (key, found) -> all.add(Map.entry(key, found)));
            records = all.iterator();
            index = durable.lastApplied();
            encoder = new SnapshotEncoder(this, index, chunkBytes);
        }

        @Override
        public byte @Nullable [] nextKey() {
            if (!records.hasNext()) {
                return null;
            }
            Map.Entry<byte[], byte[]> next = records.next();
            value = next.getValue();
            return next.getKey();
        }

        @Override
        public byte[] value() {
            return value;
        }
    }

    /** One state being put together. */
    private static final class Arriving {
        final TransferId transfer;
        final EntryId lastIncluded;
        final NavigableMap<byte[], byte[]> records = new TreeMap<>(Arrays::compareUnsigned);
        final SnapshotDecoder decoder;
        long bytes;

        Arriving(Message.InstallSnapshot first) {
            transfer = first.transferId();
            lastIncluded = first.lastIncluded();
            decoder = new SnapshotDecoder(lastIncluded.index(), records::put);
        }
    }

    private final Simulation world;
    private final SimulatedServer server;
    private final SimulatedState state;
    private final SplittableRandom random;
    private final Map<TransferId, Reading> readings = new TreeMap<>();
    private @Nullable Arriving arriving;
    private long readerFreeMicros;
    private long writerFreeMicros;

    SimulatedSnapshots(Simulation world, SimulatedServer server, SimulatedState state) {
        this.world = world;
        this.server = server;
        this.state = state;
        this.random = world.snapshotRandom(server.id);
    }

    /** Transfers that hold a state open. */
    int open() {
        return readings.size();
    }

    @Override
    public void start(SnapshotTask task) {
        if (task instanceof SnapshotTask.Read read) {
            readerFreeMicros = later(readerFreeMicros, () -> read(read.transfer()));
        } else if (task instanceof SnapshotTask.EndRead end) {
            readerFreeMicros = later(readerFreeMicros, () -> readings.remove(end.transfer()));
        } else if (task instanceof SnapshotTask.Store store) {
            writerFreeMicros = later(writerFreeMicros, () -> store(store.chunk()));
        }
    }

    private long later(long freeMicros, Runnable work) {
        long now = world.scheduler.nowMicros();
        long at = Math.max(now, freeMicros) + 1 + random.nextLong(world.faults.chunkMaxMicros);
        world.scheduler.at(at, () -> {
            SimulatedServer.Life life = server.life();
            if (life == null || life.snapshots != this) {
                return;
            }
            if (chance(world.faults.crashAmidSnapshot)) {
                server.crash("amid a snapshot");
                return;
            }
            work.run();
        });
        return at;
    }

    private boolean chance(double probability) {
        return !world.healed() && probability > 0 && random.nextDouble() < probability;
    }

    private void read(TransferId transfer) {
        Reading reading = readings.get(transfer);
        // A server that is wrong could make the majority wrong.
        if (chance(world.faults.snapshotFailure) || (reading == null && server.durablyDiverged())) {
            report(loop -> loop.snapshotReadFailed(transfer));
            return;
        }
        if (reading == null) {
            reading = new Reading(state.memory().crash(), world.faults.chunkBytes);
            readings.put(transfer, reading);
            world.count("snapshot begun");
        }
        unless(!reading.encoder.done(), "SnapshotContract", "%s reads %s beyond its end", server.id, transfer);
        ByteBuffer data = reading.encoder.next();
        SnapshotChunk chunk = new SnapshotChunk(transfer, reading.index, reading.offset, data, reading.encoder.done());
        reading.offset += data.remaining();
        report(loop -> loop.snapshotRead(chunk));
    }

    private void store(Message.InstallSnapshot chunk) {
        TransferId transfer = chunk.transferId();
        if (chunk.offset() == 0) {
            arriving = new Arriving(chunk);
        }
        Arriving current = arriving;
        try {
            if (chance(world.faults.snapshotFailure)) {
                throw new SnapshotDecoder.RefusedException("the disk failed");
            }
            if (current == null || !current.transfer.equals(transfer)) {
                throw new SnapshotDecoder.RefusedException("its beginning is not here");
            }
            current.decoder.add(chunk.data());
            current.bytes += chunk.data().remaining();
            long offset = current.bytes;
            boolean whole = current.decoder.whole();
            unless(whole == chunk.done(), "SnapshotContract", "%s ends elsewhere than %s", transfer, chunk);
            world.count("chunk stored");
            report(loop -> loop.snapshotStored(transfer, offset, whole));
        } catch (SnapshotDecoder.RefusedException refused) {
            world.trace.add(() -> server.id + " refuses " + chunk + ": " + refused.getMessage());
            world.count("chunk refused");
            arriving = null;
            report(loop -> loop.snapshotRefused(transfer));
        }
    }

    private void report(Input outcome) {
        server.report(this, outcome);
    }

    @Override
    public void install(TransferId transfer, EntryId lastIncluded) {
        Arriving whole = arriving;
        unless(
                whole != null
                        && whole.decoder.whole()
                        && whole.transfer.equals(transfer)
                        && whole.lastIncluded.equals(lastIncluded),
                "SnapshotContract",
                "%s has not arrived whole at %s",
                transfer,
                server.id);
        if (whole != null) {
            readings.clear();
            arriving = null;
            MemoryState arrived = MemoryState.holding(whole.records, lastIncluded.index());
            server.install(lastIncluded, arrived, random.nextLong(5_000));
        }
    }
}
