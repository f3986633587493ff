package io.balsa.http;

import io.balsa.benchmarks.jmh.Samples;
import io.balsa.kv.KeyValue;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Keys with values of 256 bytes of text to the bytes of a JSON answer. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class JsonBenchmark {
    @Param({"1", "100"})
    public int items;

    private final JsonBuffer json = new JsonBuffer();
    private List<KeyValue> keyValues = List.of();

    @Setup(Level.Trial)
    public void prepare() {
        keyValues = new ArrayList<>();
        for (int i = 0; i < items; i++) {
            keyValues.add(new KeyValue(Samples.key(i), Samples.value(), 3, 42 + i, 57 + i));
        }
    }

    @Benchmark
    public Buffer render() {
        json.clear();
        json.beginObject();
        json.beginArray("items");
        for (KeyValue keyValue : keyValues) {
            json.beginObject();
            KeyApi.fields(json, keyValue, true);
            json.endObject();
        }
        json.endArray();
        json.endObject();
        return json.toBuffer();
    }
}
