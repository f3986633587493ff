package io.balsa.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/** {@code POST /v1/batch} as it is sent. */
final class BatchRequest {
    private static final Map<String, String> HEADERS = Map.of("Content-Type", "application/json");

    private BatchRequest() {}

    /** A request that waits as long as the most patient of its operations. */
    static HttpTransport.Request of(BatchForm.Queue queue, List<BatchedExchange> operations, Supplier<byte[]> body) {
        Duration timeout = Duration.ZERO;
        for (BatchedExchange operation : operations) {
            Duration own = operation.form.timeout();
            timeout = own.compareTo(timeout) > 0 ? own : timeout;
        }
        RequestTarget target =
                RequestTarget.path("/v1/batch").with(queue.consistency).withTimeout(timeout);
        return new HttpTransport.Request("POST", target.toString(), HEADERS, body);
    }

    /** The body with those operations that were not given up, which are added to {@code written}. */
    static byte[] body(List<BatchedExchange> operations, List<BatchedExchange> written) {
        long bytesMax = 32;
        for (BatchedExchange operation : operations) {
            bytesMax += operation.form.bytesMax() + 1;
        }
        JsonBytes json = new JsonBytes((int) Math.min(bytesMax, 2L * BatchLane.BYTES_MAX));
        json.raw("{\"operations\":[");
        for (BatchedExchange operation : operations) {
            if (!written.isEmpty()) {
                json.raw(",");
            }
            if (operation.writeTo(json)) {
                written.add(operation);
            } else if (!written.isEmpty()) {
                json.dropLast();
            }
        }
        if (written.isEmpty()) {
            throw new CancellationException("given up before it was sent");
        }
        return json.raw("]}").toBytes();
    }
}
