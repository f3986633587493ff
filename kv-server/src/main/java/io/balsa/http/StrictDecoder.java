package io.balsa.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.Http1ServerConfig;
import io.vertx.core.http.impl.http1.VertxHttpRequestDecoder;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Vert.x' request decoder, which also refuses what it would put right silently: header lines that continue on the
 * next line (RFC 9112, 5.2), one of the ways to smuggle a request past a proxy. It tells its connection when a request
 * begins and ends to arrive. Owned by the connection's event loop.
 */
final class StrictDecoder extends VertxHttpRequestDecoder {
    private static final byte LF = '\n';

    private final ConnectionTimes times;
    private final LongSupplier clockMillis;

    private boolean inBody;
    /** The header of the request that is arriving has a continued line. */
    private boolean folded;
    /** The last byte of the header so far ended a line. */
    private boolean atLineStart;

    StrictDecoder(Http1ServerConfig config, ConnectionTimes times, LongSupplier clockMillis) {
        super(config);
        this.times = times;
        this.clockMillis = clockMillis;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf buffer, List<Object> out) throws Exception {
        int before = out.size();
        int start = buffer.readerIndex();
        boolean header = !inBody;
        super.decode(context, buffer, out);
        if (header) {
            scan(buffer, start, buffer.readerIndex());
        }
        boolean ended = false;
        for (int i = before; i < out.size(); i++) {
            ended |= observe(out.get(i));
        }
        if (ended) {
            times.arrived(clockMillis.getAsLong());
        } else {
            times.arriving(inBody, clockMillis.getAsLong());
        }
    }

    /** Returns whether the request is complete. */
    private boolean observe(Object decoded) {
        if (decoded instanceof HttpMessage message) {
            inBody = true;
            if (folded && message.decoderResult().isSuccess()) {
                message.setDecoderResult(DecoderResult.failure(
                        new IllegalArgumentException("a header continues on the next line; write it on one")));
            }
            folded = false;
            atLineStart = false;
        }
        if (decoded instanceof LastHttpContent) {
            inBody = false;
            return true;
        }
        return false;
    }

    /** Looks for a line that begins with a blank. The decoder consumes a header by whole lines. */
    private void scan(ByteBuf buffer, int start, int end) {
        int lineStart = start;
        if (atLineStart && lineStart < end) {
            folded |= isBlank(buffer.getByte(lineStart));
        }
        while (lineStart < end) {
            int feed = buffer.indexOf(lineStart, end, LF);
            if (feed < 0) {
                atLineStart = false;
                return;
            }
            lineStart = feed + 1;
            if (lineStart < end) {
                folded |= isBlank(buffer.getByte(lineStart));
            }
        }
        atLineStart = end > start || atLineStart;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }
}
