package io.balsa.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.balsa.kv.Command;
import io.balsa.kv.CommandCodec;
import io.balsa.kv.IdempotencyKey;
import io.balsa.kv.Key;
import io.balsa.kv.Precondition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a batch while its members come, in any order; used again for the next one. Text goes from the
 * parser's characters to bytes without a String between. Owned by one event loop.
 */
final class BatchDraft {
    /** What an operation may say. */
    enum Member {
        OP("op"),
        KEY("key"),
        VALUE("value"),
        ENCODING("encoding"),
        IF_MATCH("ifMatch"),
        IF_NONE_MATCH("ifNoneMatch"),
        IDEMPOTENCY_KEY("idempotencyKey");

        final String text;

        Member(String text) {
            this.text = text;
        }

        /** Null when there is none of that name. */
        static @Nullable Member named(String name) {
            return switch (name) {
                case "op" -> OP;
                case "key" -> KEY;
                case "value" -> VALUE;
                case "encoding" -> ENCODING;
                case "ifMatch" -> IF_MATCH;
                case "ifNoneMatch" -> IF_NONE_MATCH;
                case "idempotencyKey" -> IDEMPOTENCY_KEY;
                default -> null;
            };
        }
    }

    /** What is asked for, and with which members beside {@code op}. */
    @SuppressWarnings("ImmutableEnumChecker") // Its set is never changed.
    private enum Op {
        PUT(EnumSet.of(
                Member.OP,
                Member.KEY,
                Member.VALUE,
                Member.ENCODING,
                Member.IF_MATCH,
                Member.IF_NONE_MATCH,
                Member.IDEMPOTENCY_KEY)),
        GET(EnumSet.of(Member.OP, Member.KEY, Member.IF_MATCH, Member.IF_NONE_MATCH)),
        DELETE(EnumSet.of(Member.OP, Member.KEY, Member.IF_MATCH, Member.IDEMPOTENCY_KEY));

        final Set<Member> members;

        Op(Set<Member> members) {
            this.members = members;
        }
    }

    private static final byte[] NOTHING = new byte[0];

    private final Set<Member> seen = EnumSet.noneOf(Member.class);
    private Op op = Op.GET;
    /** Null: the text is not Unicode. So with the next two. */
    private byte @Nullable [] key = NOTHING;

    private byte @Nullable [] value = NOTHING;
    private byte @Nullable [] idempotencyKey = NOTHING;
    private boolean base64;
    private @Nullable Precondition ifMatch;
    private @Nullable Precondition ifNoneMatch;
    /** A condition named a revision that no key can have. */
    private boolean impossibleRevision;

    void clear() {
        seen.clear();
        base64 = false;
        ifMatch = null;
        ifNoneMatch = null;
        impossibleRevision = false;
    }

    /** False when the operation has this member already. */
    boolean isNew(Member member) {
        return seen.add(member);
    }

    /** Reads the value on which the parser stands; what is wrong with it ("is …"), or null. */
    @Nullable
    String read(Member member, JsonParser json) throws IOException {
        JsonToken token = json.currentToken();
        if (member == Member.IF_MATCH) {
            ifMatch = condition(json);
            return ifMatch == null ? "is a modRevision (a number) or \"*\"" : null;
        }
        if (member == Member.IF_NONE_MATCH) {
            ifNoneMatch = condition(json);
            return ifNoneMatch == null ? "is a modRevision (a number) or \"*\"" : null;
        }
        if (token != JsonToken.VALUE_STRING) {
            return "is a string";
        }
        switch (member) {
            case KEY -> key = text(json);
            case VALUE -> value = text(json);
            case IDEMPOTENCY_KEY -> idempotencyKey = text(json);
            case ENCODING -> {
                base64 = json.getText().equals("base64");
                return base64 || json.getText().equals("utf8") ? null : "is \"utf8\" or \"base64\"";
            }
            default -> {
                Op named = named(json.getText());
                op = named == null ? op : named;
                return named == null ? "is \"put\", \"get\" or \"delete\"" : null;
            }
        }
        return null;
    }

    private static @Nullable Op named(String text) {
        return switch (text) {
            case "put" -> Op.PUT;
            case "get" -> Op.GET;
            case "delete" -> Op.DELETE;
            default -> null;
        };
    }

    private static byte @Nullable [] text(JsonParser json) throws IOException {
        return Utf8.encode(json.getTextCharacters(), json.getTextOffset(), json.getTextLength());
    }

    private @Nullable Precondition condition(JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            long revision = json.getLongValue();
            impossibleRevision |= revision <= 0;
            return revision <= 0 ? Precondition.NONE : new Precondition.ModRevision(revision);
        }
        boolean any =
                json.currentToken() == JsonToken.VALUE_STRING && json.getText().equals("*");
        return any ? Precondition.PRESENT : null;
    }

    /** What is wrong with the shape of the whole; null when nothing is. */
    @Nullable
    String complaint() {
        if (!seen.contains(Member.OP) || !seen.contains(Member.KEY)) {
            return "an operation has 'op' and 'key'";
        }
        if (op == Op.PUT && !seen.contains(Member.VALUE)) {
            return "a put has a 'value'";
        }
        for (Member member : seen) {
            if (!op.members.contains(member)) {
                return "a " + op.name().toLowerCase(Locale.ROOT) + " has no '" + member.text + "'";
            }
        }
        return null;
    }

    /** The operation, or one that is refused when it asks for what it may not have. */
    BatchOperation toOperation() {
        try {
            return operation();
        } catch (Refused refused) {
            return BatchOperation.refused(refused.problem());
        }
    }

    private BatchOperation operation() {
        Key checked = Dispatcher.key(unicode(key, "the key"));
        if (impossibleRevision) {
            throw bad("a modRevision in ifMatch or ifNoneMatch is positive");
        }
        Precondition condition = ifMatch == null ? Precondition.NONE : ifMatch;
        return switch (op) {
            case GET -> BatchOperation.read(checked, condition, ifNoneMatch);
            case DELETE -> write(checked, new Command.Delete(checked, condition, false), condition);
            case PUT -> {
                Precondition ofPut = ifNoneMatch == null ? condition : ofCreate();
                yield write(checked, new Command.Put(checked, ByteBuffer.wrap(bytes()), ofPut, false), ofPut);
            }
        };
    }

    private Precondition ofCreate() {
        if (ifMatch != null) {
            throw bad("ifMatch and ifNoneMatch contradict each other; send one of them");
        }
        if (ifNoneMatch != Precondition.PRESENT) {
            throw bad("ifNoneMatch of a write is \"*\" (create only)");
        }
        return Precondition.ABSENT;
    }

    private byte[] bytes() {
        byte[] text = unicode(value, "the value");
        byte[] bytes = text;
        if (base64) {
            try {
                bytes = Base64.getDecoder().decode(text);
            } catch (IllegalArgumentException malformed) {
                throw bad("the value is not base64: " + malformed.getMessage());
            }
        }
        if (bytes.length > Limits.VALUE_BYTES_MAX) {
            throw new Refused(Problem.tooLarge("a value", Limits.VALUE_BYTES_MAX, bytes.length));
        }
        return bytes;
    }

    private BatchOperation write(Key checked, Command command, Precondition condition) {
        boolean named = seen.contains(Member.IDEMPOTENCY_KEY);
        Command once = named ? new Command.Once(id(), command) : command;
        return BatchOperation.write(checked, CommandCodec.encode(once), named || KeyApi.isRepeatable(condition));
    }

    private IdempotencyKey id() {
        byte[] bytes = unicode(idempotencyKey, "the idempotencyKey");
        KeyApi.checkIdempotencyKey(bytes.length);
        return new IdempotencyKey(new String(bytes, StandardCharsets.UTF_8));
    }

    private static byte[] unicode(byte @Nullable [] text, String what) {
        if (text == null) {
            throw bad(what + " is not Unicode: half of a surrogate pair is missing");
        }
        return text;
    }

    private static Refused bad(String detail) {
        return new Refused(Problem.badRequest(detail));
    }
}
