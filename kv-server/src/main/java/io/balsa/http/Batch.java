package io.balsa.http;

import io.balsa.kv.KeyValue;
import io.balsa.kv.Query;
import io.balsa.kv.QueryResult;
import io.balsa.node.Consistency;
import io.balsa.node.Node;
import io.balsa.node.ReadResult;
import io.balsa.node.Refusal;
import io.balsa.node.WriteResult;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The operations of one request on their way through the node: each is a proposal or a read of its own. All of them
 * enter the node's inbox in one go, so as a rule they share one turn and one commit. Started by the event loop; the
 * reply that is the last one gives the request to the {@link ReplyQueue}, on the Raft thread.
 */
final class Batch {
    private final Exchange exchange;
    private final List<BatchOperation> operations;
    /** Operations without an answer, and one for the loop that starts them. */
    private final AtomicInteger pending = new AtomicInteger(1);
    /** Keys and values that were read. */
    private final AtomicInteger answerBytes = new AtomicInteger();

    Batch(Exchange exchange, List<BatchOperation> operations) {
        this.exchange = exchange;
        this.operations = operations;
    }

    List<BatchOperation> operations() {
        return operations;
    }

    void start(Node node, Consistency consistency, long timeoutMillis) {
        for (BatchOperation operation : operations) {
            if (operation.command != null) {
                pending.incrementAndGet();
                node.write(operation.command, timeoutMillis, result -> written(operation, result));
            } else if (operation.key != null) {
                pending.incrementAndGet();
                Query query = new Query.Get(operation.key);
                node.read(query, consistency, timeoutMillis, result -> read(operation, result));
            }
        }
        ended();
    }

    private void written(BatchOperation operation, WriteResult result) {
        operation.writeResult = result;
        ended();
    }

    /** Lets go of a value at once when the answer is full: a batch must not hold a value of full size a read. */
    private void read(BatchOperation operation, ReadResult result) {
        if (result instanceof ReadResult.Served served
                && served.result() instanceof QueryResult.One one
                && one.keyValue() != null) {
            KeyValue found = one.keyValue();
            int bytes = found.key().length() + found.value().remaining();
            int sum = answerBytes.addAndGet(bytes);
            if (sum > Limits.BATCH_ANSWER_BYTES_MAX && sum != bytes) {
                operation.problem = Problem.batchFull(Limits.BATCH_ANSWER_BYTES_MAX);
                ended();
                return;
            }
        }
        operation.readResult = result;
        ended();
    }

    private void ended() {
        if (pending.decrementAndGet() == 0) {
            exchange.batchEnded();
        }
    }

    /** What the node said when it refused every write because another server leads; null when it did anything else. */
    WriteResult.@Nullable NotApplied elsewhere() {
        WriteResult.NotApplied elsewhere = null;
        for (BatchOperation operation : operations) {
            if (operation.isWrite()) {
                if (!(operation.writeResult instanceof WriteResult.NotApplied refused)
                        || refused.reason() != Refusal.NOT_LEADER
                        || refused.leader() == null) {
                    return null;
                }
                elsewhere = refused;
            }
        }
        return elsewhere;
    }
}
