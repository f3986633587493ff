package io.balsa.transport;

import io.balsa.node.Shortage;
import io.balsa.node.SocketFailure;
import io.balsa.raft.Envelope;
import io.balsa.raft.NodeId;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connection on which this server sends to one peer, and what dials it again when it is gone.
 *
 * <pre>
 *             dial             connected            hello good
 *   WAITING ───────▶ DIALLING ───────────▶ GREETING ───────────▶ ESTABLISHED
 *      ▲                │ failed              │ refused, late        │ closed, malformed, no pong
 *      └────────────────┴─────────────────────┴──────────────────────┘        close() ─▶ CLOSED from any
 * </pre>
 *
 * Owned by the event loop, but for {@link #isEstablished}, {@link #shortage} and {@link #bytesQueued} (any thread).
 */
final class PeerConnection {
    static final int HELLO_TIMEOUT_MILLIS = 5000;

    /** A ping is answered within this time, or the connection is given up. Counted in ticks, so that a pause of this process counts little. */
    static final int PONG_TIMEOUT_MILLIS = 2000;

    private static final int TICK_MILLIS = 500;
    /** From here on messages wait in the outbox, where they can be dropped. */
    private static final int SOCKET_QUEUE_BYTES = 1 << 20;
    /** What goes into one buffer and one write, unless a single frame is larger. */
    private static final int WRITE_BYTES = 256 << 10;
    /** A connection that lived this long proves that the peer is well: the next back-off starts small again. */
    private static final int PROVEN_MILLIS = 1000;
    /** A younger attempt to dial is not abandoned for another one. */
    private static final int DIAL_PATIENCE_MILLIS = 50;

    enum State {
        WAITING,
        DIALLING,
        GREETING,
        ESTABLISHED,
        CLOSED
    }

    private final Vertx vertx;
    private final NetClient client;
    private final Supplier<Hello> hello;
    private final NodeId peer;
    private final HostAndPort address;
    private final Learnt learnt;
    private final Counters counters;
    private final QuietLog log;
    private final Backoff backoff;
    private final Outbox outbox = new Outbox();

    private volatile boolean established;
    private volatile @Nullable Shortage shortage;
    private State state = State.WAITING;
    /** Counts the attempts: what an abandoned one still reports is ignored. */
    private int attempt;

    private @Nullable NetSocket socket;
    private long timer = -1;
    private long stateSinceNanos = System.nanoTime();
    private int ticksSinceProgress;
    private boolean pingUnanswered;

    /** Told the hello of a peer that is who it should be. */
    interface Learnt {
        void learn(Hello hello);
    }

    PeerConnection(
            Vertx vertx,
            NetClient client,
            NodeId peer,
            Supplier<Hello> hello,
            HostAndPort address,
            Learnt learnt,
            Counters counters,
            QuietLog log,
            SplittableRandom random) {
        this.vertx = vertx;
        this.client = client;
        this.hello = hello;
        this.peer = peer;
        this.address = address;
        this.learnt = learnt;
        this.counters = counters;
        this.log = log;
        this.backoff = new Backoff(random);
    }

    /** Queues a message for the next {@link #drain}, or drops and counts it: never waits. False when it was dropped. */
    boolean offer(Envelope envelope) {
        if (established && outbox.offer(envelope)) {
            return true;
        }
        counters.messagesDropped.increment();
        return false;
    }

    HostAndPort address() {
        return address;
    }

    boolean isEstablished() {
        return established;
    }

    /** What the peer is short of, as its last pong said; null: nothing, or it is not connected. */
    @Nullable
    Shortage shortage() {
        return established ? shortage : null;
    }

    long bytesQueued() {
        return outbox.bytes();
    }

    /** The first dial, and a dial out of turn: the peer has just connected to this server, so it is up. */
    void dialNow() {
        boolean abandonable = state == State.DIALLING && millisInState() >= DIAL_PATIENCE_MILLIS;
        if (state == State.WAITING || abandonable) {
            dial();
        }
    }

    /** Hands queued messages to the socket as long as it takes them. */
    void drain() {
        NetSocket target = socket;
        while (target != null && state == State.ESTABLISHED && !target.writeQueueFull() && writeSome(target)) {
            // One write after the other, until the outbox is empty or the socket has enough.
        }
    }

    private boolean writeSome(NetSocket target) {
        List<Outbox.Waiting> batch = new ArrayList<>();
        int frameBytes = 0;
        long costBytes = 0;
        for (Outbox.Waiting next = outbox.peek();
                next != null && (batch.isEmpty() || frameBytes + next.frameBytes() <= WRITE_BYTES);
                next = outbox.peek()) {
            outbox.poll();
            batch.add(next);
            frameBytes += next.frameBytes();
            costBytes += next.costBytes();
        }
        if (batch.isEmpty()) {
            return false;
        }
        long taken = costBytes;
        Wire.write(target, frameBytes, out -> {
                    for (Outbox.Waiting waiting : batch) {
                        MessageCodec.encode(waiting.envelope(), out);
                    }
                    counters.bytesSent.add(out.readableBytes());
                })
                .onComplete(written -> outbox.release(taken));
        counters.messagesSent.add(batch.size());
        return true;
    }

    private void dial() {
        cancelTimer();
        enter(State.DIALLING);
        attempt++;
        int thisAttempt = attempt;
        client.connect(address.port(), address.host()).onComplete(connected -> {
            if (thisAttempt != attempt || state != State.DIALLING) {
                if (connected.succeeded()) {
                    Wire.abort(connected.result());
                }
            } else if (connected.succeeded()) {
                greet(connected.result());
            } else {
                counters.connectFailures.increment();
                waitAndDial("cannot connect: " + SocketFailure.reason(connected.cause()));
            }
        });
    }

    private void greet(NetSocket connected) {
        enter(State.GREETING);
        socket = connected;
        FrameReader reader = new FrameReader(Hello.LENGTH_MAX);
        connected.setWriteQueueMaxSize(SOCKET_QUEUE_BYTES);
        connected.exceptionHandler(failure -> {
            // The close handler follows, and says it.
        });
        connected.closeHandler(closed -> {
            if (connected == socket) {
                lose("the connection was closed by the other end");
            }
        });
        connected.drainHandler(drained -> {
            ticksSinceProgress = 0;
            drain();
        });
        connected.handler(chunk -> receive(connected, reader, chunk));
        timer = vertx.setTimer(HELLO_TIMEOUT_MILLIS, late -> {
            timer = -1;
            counters.connectFailures.increment();
            lose("it did not answer the hello within " + HELLO_TIMEOUT_MILLIS + " ms");
        });
        Wire.write(
                connected,
                Hello.LENGTH_MAX + Frame.PREFIX_BYTES,
                out -> hello.get().encode(out));
    }

    private void receive(NetSocket from, FrameReader reader, Buffer chunk) {
        if (from != socket) {
            return;
        }
        try {
            reader.add(chunk);
            for (ByteBuffer frame = reader.next(); frame != null && from == socket; frame = reader.next()) {
                if (state == State.GREETING) {
                    welcome(Hello.decode(frame));
                } else {
                    pong(frame);
                }
            }
        } catch (MalformedFrameException malformed) {
            counters.malformedFrames.increment();
            lose("malformed bytes: " + malformed.getMessage());
        } catch (RefusedException refused) {
            counters.connectFailures.increment();
            lose(String.valueOf(refused.getMessage()));
        }
    }

    private void welcome(Hello answer) throws RefusedException {
        if (!answer.refusal().isEmpty()) {
            throw new RefusedException("refused by the other end: " + answer.refusal());
        }
        if (!answer.from().equals(peer)) {
            throw new RefusedException(answer.from() + " answers where " + peer + " was expected");
        }
        String mismatch = hello.get().mismatch(answer);
        if (mismatch != null) {
            throw new RefusedException(mismatch);
        }
        cancelTimer();
        enter(State.ESTABLISHED);
        established = true;
        ticksSinceProgress = 0;
        pingUnanswered = false;
        counters.connects.increment();
        log.info("connected " + peer, "connected to " + peer + " at " + address);
        learnt.learn(answer);
        scheduleTick();
    }

    private void pong(ByteBuffer frame) throws MalformedFrameException {
        byte version = frame.get();
        byte kind = frame.get();
        if (version != Frame.VERSION || kind != Frame.PONG || frame.remaining() != Frame.PONG_BYTES) {
            throw new MalformedFrameException("a frame of kind " + kind + " where only a pong may come");
        }
        byte number = frame.get();
        Shortage.Kind shortOf = Shortage.Kind.of(number);
        if (shortOf == null && number != 0) {
            throw new MalformedFrameException("a pong that tells of a shortage of kind " + number);
        }
        long limit = frame.getLong();
        long actual = frame.getLong();
        shortage = shortOf == null ? null : new Shortage(shortOf, limit, actual);
        pingUnanswered = false;
        ticksSinceProgress = 0;
    }

    /** A timer that is set again each time, not a periodic one: after a pause of this process only one tick has passed. */
    private void scheduleTick() {
        timer = vertx.setTimer(TICK_MILLIS, fired -> {
            timer = -1;
            NetSocket target = socket;
            if (target != null && state == State.ESTABLISHED) {
                tick(target);
            }
        });
    }

    private void tick(NetSocket target) {
        ticksSinceProgress++;
        if (!pingUnanswered) {
            pingUnanswered = true;
            ticksSinceProgress = 0;
            Wire.write(target, Frame.HEADER_BYTES, out -> Frame.empty(out, Frame.PING));
        } else if (ticksSinceProgress * TICK_MILLIS >= PONG_TIMEOUT_MILLIS) {
            lose("it did not answer a ping within " + PONG_TIMEOUT_MILLIS + " ms");
            return;
        }
        scheduleTick();
    }

    /** Gives the current socket up, and dials again after a while. */
    private void lose(String reason) {
        if (state == State.ESTABLISHED) {
            counters.losses.increment();
            if (millisInState() >= PROVEN_MILLIS) {
                backoff.reset();
            }
        }
        dropSocket();
        waitAndDial(reason);
    }

    private void waitAndDial(String reason) {
        enter(State.WAITING);
        log.warn("down " + peer, "no connection to " + peer + " at " + address + ": " + reason);
        timer = vertx.setTimer(backoff.nextMillis(), now -> {
            timer = -1;
            dial();
        });
    }

    private void dropSocket() {
        cancelTimer();
        established = false;
        NetSocket dropped = socket;
        socket = null;
        if (dropped != null) {
            Wire.abort(dropped);
        }
        counters.messagesDropped.add(outbox.clear());
    }

    private void cancelTimer() {
        if (timer >= 0) {
            vertx.cancelTimer(timer);
            timer = -1;
        }
    }

    private void enter(State next) {
        state = next;
        stateSinceNanos = System.nanoTime();
    }

    private long millisInState() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - stateSinceNanos);
    }

    /** Sends no more and dials no more. */
    void close() {
        enter(State.CLOSED);
        dropSocket();
    }
}
