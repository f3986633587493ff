package io.balsa.benchmarks;

import io.balsa.benchmarks.MeasuredSystem.Tool;
import io.balsa.benchmarks.cluster.Address;
import io.balsa.benchmarks.cluster.Shell;
import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Latencies;
import io.balsa.benchmarks.load.Load;
import io.balsa.benchmarks.load.LoadGenerator;
import io.balsa.benchmarks.load.LoadResult;
import io.balsa.benchmarks.load.Values;
import io.balsa.benchmarks.load.Window;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Puts at the leader by a load generator written in C, as a check on the one written in Java: wrk for HTTP/1.1 (random
 * keys, by a script), h2load for gRPC (it repeats one request, so one key). Both are closed loops without correction. Pipelined,
 * wrk sends as many requests at once as h2load has streams, and the next ones when all of them are answered.
 */
final class ForeignTool implements LoadGenerator {
    /** wrk measures whole pipelines, and corrects them as if they were requests; h2load's summary has none. */
    private static final Latencies NO_LATENCIES =
            new Latencies(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    private final Tool tool;
    private final String servers;
    private final Address leader;
    private final Load load;
    private final int valueBytes;
    private final Path directory;

    /** @param directory for the script or the request */
    ForeignTool(Tool tool, String servers, Address leader, Load load, int valueBytes, Path directory) {
        this.tool = tool;
        this.servers = servers;
        this.leader = leader;
        this.load = load;
        this.valueBytes = valueBytes;
        this.directory = directory;
    }

    @Override
    public LoadResult run(Window window) throws IOException {
        execute(load.warmUp());
        window.begins();
        long begin = System.nanoTime();
        String output = execute(load.measured());
        double seconds = (System.nanoTime() - begin) / 1e9;
        window.ends();
        return tool == Tool.H2LOAD ? h2loadResult(output, seconds) : wrkResult(output);
    }

    private String execute(Duration duration) throws IOException {
        long seconds = Math.max(1, duration.toSeconds());
        return Shell.output(tool == Tool.H2LOAD ? h2load(seconds) : wrk(seconds));
    }

    private List<String> wrk(long seconds) throws IOException {
        Path script = directory.resolve("put.lua");
        int connections = tool == Tool.WRK ? load.clients() : Math.min(load.clients(), CONNECTIONS_MAX);
        Files.writeString(
                script,
                (servers.equals("etcd") ? etcdScript() : balsaScript())
                        + requests(load.clients() / connections)
                        + DONE);
        return List.of(
                "wrk",
                "-t1",
                "-c" + connections,
                "-d" + seconds + "s",
                "--timeout",
                Settings.OPERATION_TIMEOUT.toSeconds() + "s",
                "-s",
                script.toString(),
                leader.clientUrl());
    }

    private static final String DONE = """
            done = function(summary, latency, requests)
              io.write(string.format("RESULT %d %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
                summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write +
                summary.errors.timeout, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
                latency.max))
            end
            """;

    /** What wrk asks for once and sends as one; it counts the requests in it. */
    private static String requests(int together) {
        return """
                request = function()
                  local all = {}
                  for i = 1, %d do
                    all[i] = one()
                  end
                  return table.concat(all)
                end
                """.formatted(together);
    }

    private String balsaScript() {
        return "local value = \"" + new String(new Values(valueBytes).next(), StandardCharsets.US_ASCII) + "\"\n"
                + "local function one()\n"
                + "  return wrk.format(\"PUT\", string.format(\"/v1/kv/" + Keys.PREFIX + "%0" + Keys.DIGITS
                + "d\", math.random(0, " + (load.keys() - 1) + ")), nil, value)\nend\n";
    }

    /** Keys are encoded once, before the load: encoding them in Lua would cost more than sending them. */
    private String etcdScript() {
        String value = java.util.Base64.getEncoder().encodeToString(new Values(valueBytes).next());
        return """
                local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                local function base64(text)
                  return (text:gsub("...", function(three)
                    local a, b, c = three:byte(1, 3)
                    local n = a * 65536 + b * 256 + c
                    local out = ""
                    for shift = 3, 0, -1 do
                      local i = math.floor(n / 64 ^ shift) %% 64
                      out = out .. digits:sub(i + 1, i + 1)
                    end
                    return out
                  end))
                end
                local bodies = {}
                local headers = {["Content-Type"] = "application/json"}
                for i = 0, %d do
                  bodies[i] = '{"key":"' .. base64(string.format("%s%%0%dd", i)) .. '","value":"%s"}'
                end
                local function one()
                  return wrk.format("POST", "/v3/kv/put", headers, bodies[math.random(0, #bodies)])
                end
                """.formatted(Math.min(load.keys(), 10_000) - 1, Keys.PREFIX, Keys.DIGITS, value);
    }

    private LoadResult wrkResult(String output) throws IOException {
        String[] numbers = output.lines()
                .filter(line -> line.startsWith("RESULT "))
                .findFirst()
                .orElseThrow(() -> new IOException("wrk said: " + output))
                .split(" ", -1);
        long requests = Long.parseLong(numbers[1]);
        double seconds = Long.parseLong(numbers[2]) / 1e6;
        long refused = Long.parseLong(numbers[3]);
        long broken = Long.parseLong(numbers[4]);
        double p50 = Long.parseLong(numbers[5]) / 1e3;
        double p99 = Long.parseLong(numbers[6]) / 1e3;
        double p999 = Long.parseLong(numbers[7]) / 1e3;
        double max = Long.parseLong(numbers[8]) / 1e3;
        Map<String, Long> failures = refused + broken == 0 ? Map.of() : Map.of("status", refused, "connection", broken);
        Latencies latencies = tool == Tool.WRK ? new Latencies(p50, p99, p999, max, p50, p99, p999) : NO_LATENCIES;
        return new LoadResult(seconds, requests - refused, 0, failures, latencies);
    }

    private List<String> h2load(long seconds) throws IOException {
        Path request = directory.resolve("put.grpc");
        Files.write(request, grpcPut());
        return List.of(
                "h2load",
                "-t1",
                "-c" + Math.min(load.clients(), CONNECTIONS_MAX),
                "-m" + Math.max(1, load.clients() / CONNECTIONS_MAX),
                "-D" + seconds,
                "-d" + request,
                "-Hcontent-type: application/grpc",
                "-Hte: trailers",
                leader.clientUrl() + "/etcdserverpb.KV/Put");
    }

    /** gRPC is meant to be spoken over few connections with many streams, and pipelines are few and long. */
    private static final int CONNECTIONS_MAX = 16;

    /** The gRPC frame of a PutRequest: no compression, length, then field 1 (key) and field 2 (value). */
    private byte[] grpcPut() {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        field(message, 1, Keys.text(0).getBytes(StandardCharsets.US_ASCII));
        field(message, 2, new Values(valueBytes).next());
        return ByteBuffer.allocate(5 + message.size())
                .put((byte) 0)
                .putInt(message.size())
                .put(message.toByteArray())
                .array();
    }

    private static void field(ByteArrayOutputStream message, int number, byte[] bytes) {
        message.write((number << 3) | 2);
        int length = bytes.length;
        while (length >= 0x80) {
            message.write((length & 0x7f) | 0x80);
            length >>>= 7;
        }
        message.write(length);
        message.writeBytes(bytes);
    }

    private static LoadResult h2loadResult(String output, double wallSeconds) throws IOException {
        List<Long> counts = new ArrayList<>();
        String line = output.lines()
                .filter(each -> each.startsWith("requests:"))
                .findFirst()
                .orElseThrow(() -> new IOException("h2load said: " + output));
        for (String word : line.split("[^0-9]+", -1)) {
            if (!word.isEmpty()) {
                counts.add(Long.parseLong(word));
            }
        }
        long done = counts.get(3);
        long failed = counts.get(4);
        return new LoadResult(wallSeconds, done, 0, failed == 0 ? Map.of() : Map.of("failed", failed), NO_LATENCIES);
    }
}
