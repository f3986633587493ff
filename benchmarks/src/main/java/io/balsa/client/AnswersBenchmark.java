package io.balsa.client;

import io.balsa.benchmarks.jmh.Samples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What the client does to the JSON of an answer. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AnswersBenchmark {
    private final HttpTransport.Reply put =
            reply("{\"key\":\"bench-000000000042\",\"version\":3,\"createRevision\":42,\"modRevision\":57}\n");
    private final HttpTransport.Reply get = reply("{\"key\":\"bench-000000000042\",\"value\":\""
            + StandardCharsets.US_ASCII.decode(Samples.value())
            + "\",\"encoding\":\"utf8\",\"version\":3,\"createRevision\":42,\"modRevision\":57}\n");

    private static HttpTransport.Reply reply(String json) {
        return new HttpTransport.Reply(200, "", "", json.getBytes(StandardCharsets.UTF_8));
    }

    @Benchmark
    public PutResult parsePut() throws IOException {
        return Answers.put(put);
    }

    @Benchmark
    public Optional<KeyValue> parseGet() throws IOException {
        return Answers.get(get);
    }
}
