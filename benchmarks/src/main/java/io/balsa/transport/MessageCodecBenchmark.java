package io.balsa.transport;

import io.balsa.benchmarks.jmh.Samples;
import io.balsa.raft.EntryId;
import io.balsa.raft.Envelope;
import io.balsa.raft.Message;
import io.balsa.raft.NodeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** An AppendEntries with a batch of puts to the bytes of its frame, and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MessageCodecBenchmark {

    @Param({"1", "16", "256"})
    public int entries;

    private Envelope envelope = envelope(1);
    private ByteBuf out = Unpooled.buffer();
    private ByteBuffer frame = ByteBuffer.allocate(0);

    private static Envelope envelope(int entries) {
        return new Envelope(
                new NodeId(1),
                new NodeId(2),
                new Message.AppendEntries(1, new EntryId(0, 0), Samples.entries(1, entries), 0, 1));
    }

    @Setup(Level.Trial)
    public void prepare() {
        envelope = envelope(entries);
        out = Unpooled.buffer(MessageCodec.frameBytesMax(envelope.message()));
        MessageCodec.encode(envelope, out);
        byte[] bytes = new byte[out.readableBytes()];
        out.getBytes(0, bytes);
        frame = ByteBuffer.wrap(bytes, Frame.PREFIX_BYTES, bytes.length - Frame.PREFIX_BYTES)
                .slice();
    }

    @Benchmark
    public ByteBuf encode() {
        out.clear();
        MessageCodec.encode(envelope, out);
        return out;
    }

    @Benchmark
    public Message decode() throws MalformedFrameException {
        return MessageCodec.decode(frame.duplicate());
    }
}
