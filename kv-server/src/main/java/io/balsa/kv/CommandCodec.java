package io.balsa.kv;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Commands as the bytes that travel in the log; stateless, any thread. Numbers are big-endian.
 *
 * <pre>
 *   command        version:1 = 1 | body
 *
 *   body           kind:1 = 1  Put          precondition | flags:1 | keyLength:2 | key | valueLength:4 | value
 *                  kind:1 = 2  Delete       precondition | flags:1 | keyLength:2 | key
 *                  kind:1 = 3  DeleteRange  keysMax:4 | startLength:2 | start | hasEnd:1 [ | endLength:2 | end ]
 *                  kind:1 = 4  Once         idLength:1 | id, UTF-8 | body of another kind
 *
 *   precondition   tag:1  0 none, 1 absent, 2 present, 3 modRevision [ | expected:8 ]
 *   flags          bit 0  return the previous value; the others are 0
 * </pre>
 *
 * A command is never empty, since an empty entry is Raft's no-op. Each command has one form: what is decoded encodes to
 * the same bytes again, so the same request has the same hash at each retry. The bytes are read on every server, from a
 * log that the network has filled: whatever they are, the answer is a command or a {@link MalformedCommandException},
 * and nothing is allocated on the word of a length that the bytes do not bear out.
 *
 * <p>A server that does not know a kind refuses the command where another one applies it, so a new kind may be proposed
 * only when every server of the cluster knows it.
 */
public final class CommandCodec {
    /** What one command may measure, in bytes: a value of 1 MiB with room to spare. */
    public static final int COMMAND_BYTES_MAX = 2 << 20;

    private static final byte VERSION = 1;

    private static final byte PUT = 1;
    private static final byte DELETE = 2;
    private static final byte DELETE_RANGE = 3;
    private static final byte ONCE = 4;

    private static final byte NONE = 0;
    private static final byte ABSENT = 1;
    private static final byte PRESENT = 2;
    private static final byte MOD_REVISION = 3;

    private static final byte RETURN_PREVIOUS = 1;

    private CommandCodec() {}

    /** Whether the command, if it is one, may make the state larger; looks at its kind alone. */
    public static boolean grows(ByteBuffer command) {
        int at = command.position() + 1;
        if (at < command.limit() && command.get(at) == ONCE && at + 1 < command.limit()) {
            at += 2 + (command.get(at + 1) & 0xff);
        }
        return at < command.limit() && command.get(at) == PUT;
    }

    /** A read-only buffer, position 0 to limit. Throws IllegalArgumentException above {@link #COMMAND_BYTES_MAX}. */
    public static ByteBuffer encode(Command command) {
        long bytes = 1 + bodyBytes(command);
        if (bytes > COMMAND_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a command has at most " + COMMAND_BYTES_MAX + " bytes; this one has " + bytes);
        }
        ByteBuffer out = ByteBuffer.allocate((int) bytes).put(VERSION);
        writeBody(command, out);
        return out.flip().asReadOnlyBuffer();
    }

    /** Reads from position to limit and moves neither; a value in the command is a view of these bytes, not a copy. */
    public static Command decode(ByteBuffer bytes) throws MalformedCommandException {
        ByteBuffer in = bytes.duplicate();
        if (in.remaining() > COMMAND_BYTES_MAX) {
            throw new MalformedCommandException(
                    "a command has at most " + COMMAND_BYTES_MAX + " bytes; this one has " + in.remaining());
        }
        try {
            byte version = in.get();
            if (version != VERSION) {
                throw new MalformedCommandException("this server reads commands of version 1, not of " + version);
            }
            Command command = readBody(in);
            if (in.hasRemaining()) {
                throw new MalformedCommandException("bytes left over behind the command: " + in.remaining());
            }
            return command;
        } catch (BufferUnderflowException tooShort) {
            throw new MalformedCommandException("the bytes end before the command does");
        } catch (IllegalArgumentException outOfBounds) { // From the constructors of keys, conditions and commands.
            throw new MalformedCommandException(String.valueOf(outOfBounds.getMessage()));
        }
    }

    private static long bodyBytes(Command command) {
        if (command instanceof Command.Put put) {
            return 1L
                    + preconditionBytes(put.precondition())
                    + 1
                    + 2
                    + put.key().length()
                    + 4
                    + put.value().remaining();
        }
        if (command instanceof Command.Delete delete) {
            return 1L
                    + preconditionBytes(delete.precondition())
                    + 1
                    + 2
                    + delete.key().length();
        }
        if (command instanceof Command.DeleteRange delete) {
            byte[] end = delete.range().end();
            return 1L + 4 + boundBytes(delete.range().start()) + 1 + (end == null ? 0 : boundBytes(end));
        }
        if (command instanceof Command.Once once) {
            return 1L + 1 + idBytes(once).length + bodyBytes(once.command());
        }
        throw new AssertionError("no format for " + command);
    }

    private static void writeBody(Command command, ByteBuffer out) {
        if (command instanceof Command.Put put) {
            out.put(PUT);
            writePrecondition(put.precondition(), out);
            out.put(put.returnPrevious() ? RETURN_PREVIOUS : 0);
            writeBytes(put.key().shared(), put.key().length(), out);
            out.putInt(put.value().remaining()).put(put.value().duplicate());
        } else if (command instanceof Command.Delete delete) {
            out.put(DELETE);
            writePrecondition(delete.precondition(), out);
            out.put(delete.returnPrevious() ? RETURN_PREVIOUS : 0);
            writeBytes(delete.key().shared(), delete.key().length(), out);
        } else if (command instanceof Command.DeleteRange delete) {
            out.put(DELETE_RANGE).putInt(delete.keysMax());
            writeBound(delete.range().start(), out);
            byte[] end = delete.range().end();
            out.put((byte) (end == null ? 0 : 1));
            if (end != null) {
                writeBound(end, out);
            }
        } else if (command instanceof Command.Once once) {
            byte[] id = idBytes(once);
            out.put(ONCE).put((byte) id.length).put(id);
            writeBody(once.command(), out);
        } else {
            throw new AssertionError("no format for " + command);
        }
    }

    private static Command readBody(ByteBuffer in) throws MalformedCommandException {
        byte kind = in.get();
        return switch (kind) {
            case PUT -> {
                Precondition precondition = readPrecondition(in);
                boolean returnPrevious = readFlag(in, "flags");
                Key key = Key.owning(readBytes(in, Key.BYTES_MAX));
                yield new Command.Put(key, readValue(in), precondition, returnPrevious);
            }
            case DELETE -> {
                Precondition precondition = readPrecondition(in);
                boolean returnPrevious = readFlag(in, "flags");
                Key key = Key.owning(readBytes(in, Key.BYTES_MAX));
                yield new Command.Delete(key, precondition, returnPrevious);
            }
            case DELETE_RANGE -> {
                int keysMax = in.getInt();
                byte[] start = readBytes(in, Tables.BOUND_BYTES_MAX);
                byte[] end = readFlag(in, "hasEnd") ? readBytes(in, Tables.BOUND_BYTES_MAX) : null;
                yield new Command.DeleteRange(new KeyRange(start, end), keysMax);
            }
            case ONCE -> new Command.Once(readId(in), readBodyOfOnce(in));
            default -> throw new MalformedCommandException("no command has the kind " + kind);
        };
    }

    /** Looks before it reads: bytes that nest a million times must not be followed to their end. */
    private static Command readBodyOfOnce(ByteBuffer in) throws MalformedCommandException {
        if (in.hasRemaining() && in.get(in.position()) == ONCE) {
            throw new MalformedCommandException("a command has one Idempotency-Key; this one has two");
        }
        return readBody(in);
    }

    private static int preconditionBytes(Precondition precondition) {
        return precondition instanceof Precondition.ModRevision ? 9 : 1;
    }

    private static void writePrecondition(Precondition precondition, ByteBuffer out) {
        if (precondition instanceof Precondition.None) {
            out.put(NONE);
        } else if (precondition instanceof Precondition.Absent) {
            out.put(ABSENT);
        } else if (precondition instanceof Precondition.Present) {
            out.put(PRESENT);
        } else if (precondition instanceof Precondition.ModRevision mod) {
            out.put(MOD_REVISION).putLong(mod.expected());
        } else {
            throw new AssertionError("no format for " + precondition);
        }
    }

    private static Precondition readPrecondition(ByteBuffer in) throws MalformedCommandException {
        byte tag = in.get();
        return switch (tag) {
            case NONE -> Precondition.NONE;
            case ABSENT -> Precondition.ABSENT;
            case PRESENT -> Precondition.PRESENT;
            case MOD_REVISION -> new Precondition.ModRevision(in.getLong());
            default -> throw new MalformedCommandException("no precondition has the tag " + tag);
        };
    }

    private static boolean readFlag(ByteBuffer in, String field) throws MalformedCommandException {
        byte flag = in.get();
        if (flag != 0 && flag != 1) {
            throw new MalformedCommandException(field + " is 0 or 1, not " + flag);
        }
        return flag == 1;
    }

    private static ByteBuffer readValue(ByteBuffer in) throws MalformedCommandException {
        int length = in.getInt();
        if (length < 0 || length > in.remaining()) {
            throw new MalformedCommandException(
                    "a value of " + length + " bytes where " + in.remaining() + " are left");
        }
        ByteBuffer value = in.slice(in.position(), length).asReadOnlyBuffer();
        in.position(in.position() + length);
        return value;
    }

    private static byte[] idBytes(Command.Once once) {
        return once.id().text().getBytes(StandardCharsets.UTF_8);
    }

    private static IdempotencyKey readId(ByteBuffer in) throws MalformedCommandException {
        byte[] id = new byte[Byte.toUnsignedInt(in.get())];
        in.get(id);
        try {
            // A decoder of its own: the constructor of String would replace what is no UTF-8, and join two ids.
            return new IdempotencyKey(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(id))
                    .toString());
        } catch (CharacterCodingException notText) {
            throw new MalformedCommandException("an Idempotency-Key that is not UTF-8");
        }
    }

    /** Beyond {@link Tables#BOUND_BYTES_MAX} a bound cannot tell keys apart: the rest of it is left out. */
    private static int boundBytes(byte[] bound) {
        return 2 + Math.min(bound.length, Tables.BOUND_BYTES_MAX);
    }

    private static void writeBound(byte[] bound, ByteBuffer out) {
        writeBytes(bound, Math.min(bound.length, Tables.BOUND_BYTES_MAX), out);
    }

    private static void writeBytes(byte[] bytes, int length, ByteBuffer out) {
        out.putShort((short) length).put(bytes, 0, length);
    }

    private static byte[] readBytes(ByteBuffer in, int bytesMax) throws MalformedCommandException {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > bytesMax) {
            throw new MalformedCommandException("at most " + bytesMax + " bytes belong here, not " + length);
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }
}
