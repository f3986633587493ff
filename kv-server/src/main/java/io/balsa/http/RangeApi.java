package io.balsa.http;

import io.balsa.kv.Command;
import io.balsa.kv.Key;
import io.balsa.kv.KeyRange;
import io.balsa.kv.KeyValue;
import io.balsa.kv.Precondition;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** {@code /v1/kv}: ranges of keys, a page at a time. Owned by one event loop. */
final class RangeApi {
    private static final byte[] EMPTY = new byte[0];

    private final Dispatcher dispatcher;
    private final KeyApi keys;

    RangeApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
        this.keys = new KeyApi(dispatcher);
    }

    void list(Exchange exchange) {
        Parameters parameters = exchange.parameters();
        refuseConditions(exchange);
        KeyRange range = range(parameters);
        if (parameters.flag(Parameter.COUNT)) {
            for (Parameter parameter : new Parameter[] {
                Parameter.CURSOR, Parameter.LIMIT, Parameter.KEYS, Parameter.REVERSE, Parameter.DELIMITER
            }) {
                if (parameters.has(parameter)) {
                    throw new Refused(Problem.badRequest(
                            "the parameter 'count' does not go together with '" + parameter.text + "'"));
                }
            }
            exchange.admit(0);
            keys.read(exchange, new Query.Count(range, Limits.COUNT_MAX));
            return;
        }
        boolean reverse = parameters.flag(Parameter.REVERSE);
        byte[] delimiter = delimiter(parameters);
        byte[] cursor = parameters.bytes(Parameter.CURSOR);
        byte[] after = cursor == null || cursor.length == 0 ? null : Cursor.decode(cursor, range, reverse, delimiter);
        byte[] prefix = parameters.bytes(Parameter.PREFIX);
        Query.Page page = new Query.Page(
                range,
                after,
                parameters.positive(Parameter.LIMIT, Limits.PAGE_ITEMS_DEFAULT, Limits.PAGE_ITEMS_MAX),
                Limits.PAGE_BYTES_MAX,
                parameters.flag(Parameter.KEYS),
                reverse,
                delimiter,
                prefix == null ? 0 : prefix.length);
        exchange.admit(0);
        keys.read(exchange, page);
    }

    private static byte @Nullable [] delimiter(Parameters parameters) {
        byte[] delimiter = parameters.bytes(Parameter.DELIMITER);
        if (delimiter == null || delimiter.length == 0) {
            return null;
        }
        if (delimiter.length > Limits.DELIMITER_BYTES_MAX) {
            throw new Refused(Problem.tooLarge("a delimiter", Limits.DELIMITER_BYTES_MAX, delimiter.length));
        }
        return delimiter;
    }

    /** What both the prefix and the bounds allow. */
    private static KeyRange range(Parameters parameters) {
        byte[] prefix = bounded(parameters, Parameter.PREFIX);
        byte[] start = bounded(parameters, Parameter.START);
        byte[] end = bounded(parameters, Parameter.END);
        KeyRange range = KeyRange.ofPrefix(prefix == null ? EMPTY : prefix);
        byte[] from = range.start();
        if (start != null && Arrays.compareUnsigned(start, from) > 0) {
            from = start;
        }
        byte[] to = range.end();
        if (end != null && end.length > 0 && (to == null || Arrays.compareUnsigned(end, to) < 0)) {
            to = end;
        }
        boolean isEmpty = to != null && Arrays.compareUnsigned(from, to) > 0;
        return new KeyRange(isEmpty && to != null ? to : from, to);
    }

    private static byte @Nullable [] bounded(Parameters parameters, Parameter parameter) {
        byte[] bytes = parameters.bytes(parameter);
        if (bytes != null && bytes.length > Limits.KEY_BYTES_MAX) {
            throw new Refused(
                    Problem.tooLarge("the parameter '" + parameter.text + "'", Limits.KEY_BYTES_MAX, bytes.length));
        }
        return bytes;
    }

    private static void refuseConditions(Exchange exchange) {
        RequestHead head = exchange.head();
        if (head.ifMatch != null || head.ifNoneMatch != null) {
            throw new Refused(Problem.badRequest("If-Match and If-None-Match are about one key, not a range"));
        }
    }

    void listed(Exchange exchange) {
        QueryResult result = keys.served(exchange);
        if (result == null) {
            return;
        }
        JsonBuffer json = dispatcher.json.clear();
        json.beginObject();
        if (result instanceof QueryResult.Count count) {
            json.field("count", count.count());
            json.field("capped", count.capped());
        } else {
            page(exchange, json, (QueryResult.Page) result);
        }
        json.field("revision", result.revision());
        json.endObject();
        exchange.send(200, json);
    }

    private static void page(Exchange exchange, JsonBuffer json, QueryResult.Page page) {
        Parameters parameters = exchange.parameters();
        boolean withValues = !parameters.flag(Parameter.KEYS);
        json.beginArray("items");
        for (KeyValue item : page.items()) {
            json.beginObject();
            KeyApi.fields(json, item, withValues);
            json.endObject();
        }
        json.endArray();
        byte[] delimiter = delimiter(parameters);
        if (delimiter != null) {
            json.beginArray("folders");
            for (Key folder : page.folders()) {
                json.textElement(folder.toBytes());
            }
            json.endArray();
        }
        json.field("more", page.more());
        byte[] last = page.last();
        if (last != null) {
            json.field("cursor", Cursor.encode(range(parameters), parameters.flag(Parameter.REVERSE), delimiter, last));
        }
    }

    void delete(Exchange exchange) {
        Parameters parameters = exchange.parameters();
        refuseConditions(exchange);
        KeyRange range = range(parameters);
        if (range.start().length == 0 && range.end() == null) {
            throw new Refused(
                    Problem.badRequest(
                            "this would delete every key; say which ones by 'prefix', or by 'start' and 'end', or one by 'key'"));
        }
        exchange.admit(0);
        keys.write(exchange, new Command.DeleteRange(range, Limits.DELETE_RANGE_KEYS_MAX), Precondition.NONE);
    }
}
