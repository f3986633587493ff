package io.balsa.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.vertx.core.Future;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.util.function.Consumer;

/** Writes frames to a socket from pooled memory outside the heap: a command is copied once, into what the kernel reads. */
final class Wire {
    private Wire() {}

    /** Lets {@code encoder} fill a buffer of {@code bytesMax} bytes, writes it and gives it back when it has been written. */
    static Future<Void> write(NetSocket socket, int bytesMax, Consumer<ByteBuf> encoder) {
        ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(bytesMax);
        try {
            encoder.accept(out);
            // Vert.x writes a view that does not release; the buffer stays ours until the write has ended.
            return socket.write(BufferInternal.buffer(out.retain())).onComplete(written -> out.release());
        } finally {
            out.release();
        }
    }

    /**
     * Closes a socket at once. {@link NetSocket#close} would first wait until everything is written, which is never when the
     * other end does not read.
     */
    static void abort(NetSocket socket) {
        ChannelFuture unused =
                ((NetSocketInternal) socket).channelHandlerContext().close();
    }
}
