package io.balsa.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sends together what can go together. */
final class Batching implements Sender {
    private final HttpTransport transport;
    private final Calls.Guard guard;
    private final Map<LaneKey, BatchLane> lanes = new ConcurrentHashMap<>();

    private volatile boolean stopped;

    private record LaneKey(Endpoint endpoint, BatchForm.Queue queue) {}

    Batching(HttpTransport transport, Calls.Guard guard) {
        this.transport = transport;
        this.guard = guard;
    }

    @Override
    public HttpTransport.Exchange open(Endpoint endpoint, Operation<?> operation) {
        BatchForm form = operation.batchForm();
        if (form == null) {
            return transport.open(endpoint, operation.request().get());
        }
        BatchLane lane = lanes.computeIfAbsent(
                new LaneKey(endpoint, form.queue()),
                key -> new BatchLane(endpoint, form.queue(), transport, guard, () -> stopped));
        return new BatchedExchange(lane, operation, form);
    }

    @Override
    public void stop() {
        stopped = true;
    }
}
