package io.balsa.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.balsa.client.BalsaClient;
import io.balsa.client.KeyValue;
import io.balsa.client.PutResult;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Java client's batches against real servers: far fewer requests than calls, and every call for itself. */
final class BatchedCallsTest {
    private static final int CALLS = 800;
    private static final int KEYS = 40;
    private static final int REQUESTS_MAX = CALLS / 10;
    private static final Pattern REQUESTS = Pattern.compile(
            "balsa_http_requests_seconds_count\\{method=\"(?:PUT|GET|POST)\",route=\"(?:/v1/kv/\\{key}|/v1/batch)\".* ([0-9.]+)");

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    @Timeout(120)
    void manyConcurrentCallsAreFewRequestsAndEveryAcknowledgedWriteIsThereOnce() throws Exception {
        try (ProcessCluster cluster = ProcessCluster.start("batched-calls", 3, "standard");
                BalsaClient client = BalsaClient.builder()
                        .endpoints(cluster.servers().stream()
                                .map(server -> server.http().toString())
                                .toList())
                        .deadline(Duration.ofSeconds(30))
                        .build()) {
            double before = requests(cluster);
            List<CompletableFuture<PutResult>> puts = new ArrayList<>();
            for (int i = 0; i < CALLS; i++) {
                puts.add(client.putAsync("batched/" + i % KEYS, "value " + i));
            }
            Set<Long> revisions = new HashSet<>();
            for (CompletableFuture<PutResult> put : puts) {
                revisions.add(put.get().modRevision());
            }
            assertThat(revisions).hasSize(CALLS);
            assertThat(requests(cluster) - before).isBetween(2.0, (double) REQUESTS_MAX);
            assertThat(reads(client))
                    .allSatisfy(
                            found -> assertThat(found.orElseThrow().version()).isEqualTo(CALLS / KEYS));
            assertThat(requests(cluster) - before).isLessThan(2 * REQUESTS_MAX);
        }
    }

    private static List<Optional<KeyValue>> reads(BalsaClient client) throws Exception {
        List<CompletableFuture<Optional<KeyValue>>> gets = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            gets.add(client.getAsync("batched/" + i % KEYS));
        }
        List<Optional<KeyValue>> found = new ArrayList<>();
        for (CompletableFuture<Optional<KeyValue>> get : gets) {
            found.add(get.get());
        }
        return found;
    }

    /** For single keys and batches, of all servers. */
    private double requests(ProcessCluster cluster) throws IOException, InterruptedException {
        double sum = 0;
        for (ServerProcess server : cluster.servers()) {
            URI metrics = server.http().resolve("/metrics");
            String text = http.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            Matcher matcher = REQUESTS.matcher(text);
            while (matcher.find()) {
                sum += Double.parseDouble(matcher.group(1));
            }
        }
        return sum;
    }
}
