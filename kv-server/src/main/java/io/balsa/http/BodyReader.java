package io.balsa.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Collects the body of one request, never more than is allowed. Owned by the request's event loop. */
final class BodyReader {
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final Exchange exchange;
    private final int bytesMax;
    private final String what;
    private final BiConsumer<Exchange, ByteBuffer> sink;

    /** The first piece, mostly the only one; others are appended to a copy. */
    private @Nullable Buffer body;

    private boolean copied;
    private long received;

    private BodyReader(Exchange exchange, int bytesMax, String what, BiConsumer<Exchange, ByteBuffer> sink) {
        this.exchange = exchange;
        this.bytesMax = bytesMax;
        this.what = what;
        this.sink = sink;
    }

    /**
     * Gives {@code sink} the whole body, once all of it is here; otherwise the exchange is answered or abandoned.
     *
     * @param what is named in a refusal
     * @throws Refused when it is announced to be too large
     */
    static void read(Exchange exchange, int bytesMax, String what, BiConsumer<Exchange, ByteBuffer> sink) {
        RequestHead head = exchange.head();
        if (head.contentLength > bytesMax) {
            throw new Refused(Problem.tooLarge(what, bytesMax, head.contentLength));
        }
        exchange.admit(Math.max(0, head.contentLength));
        if (!head.chunked && head.contentLength <= 0) {
            exchange.bodyComplete = true;
            sink.accept(exchange, EMPTY.duplicate());
            return;
        }
        BodyReader reader = new BodyReader(exchange, bytesMax, what, sink);
        exchange.body = reader;
        if (head.expectsContinue) {
            exchange.connection.sendContinue();
        }
    }

    /** A piece of it, in order. */
    void take(Buffer piece) {
        if (exchange.isAnswered()) {
            return;
        }
        received += piece.length();
        if (received > bytesMax) {
            body = null;
            exchange.send(Problem.tooLarge(what, bytesMax, -1));
            return;
        }
        if (exchange.head().chunked) {
            try {
                exchange.admitMore(piece.length());
            } catch (Refused tooMuch) {
                body = null;
                exchange.send(tooMuch.problem());
                return;
            }
        }
        Buffer soFar = body;
        if (soFar == null) {
            body = piece;
        } else if (copied) {
            soFar.appendBuffer(piece);
        } else {
            long announced = exchange.head().contentLength;
            int size = announced > 0 ? (int) announced : soFar.length() + piece.length();
            body = Buffer.buffer(size).appendBuffer(soFar).appendBuffer(piece);
            copied = true;
        }
    }

    /** There are no more pieces. */
    void end() {
        if (exchange.isAnswered()) {
            return;
        }
        exchange.bodyComplete = true;
        long announced = exchange.head().contentLength;
        if (announced >= 0 && received != announced) {
            exchange.send(Problem.badRequest("the body has " + received + " bytes, not " + announced));
            return;
        }
        Buffer whole = body;
        ByteBuffer bytes = whole == null
                ? EMPTY.duplicate()
                : ((BufferInternal) whole).getByteBuf().nioBuffer();
        try {
            sink.accept(exchange, bytes);
        } catch (Refused refused) {
            exchange.send(refused.problem());
        } catch (RuntimeException unexpected) {
            exchange.fail(unexpected);
        }
    }
}
