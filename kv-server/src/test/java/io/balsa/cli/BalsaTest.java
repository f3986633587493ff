package io.balsa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command line against a scripted server: what goes out, what is printed, and the exit code. */
final class BalsaTest {
    private static final String GREETING =
            "\"key\":\"greeting\",\"version\":3,\"createRevision\":42,\"modRevision\":57";

    private HttpServer server;
    private volatile int status = 200;
    private volatile byte[] answer = new byte[0];
    /** What the next requests are answered with, before {@link #answer}. */
    private final Deque<String> pages = new ConcurrentLinkedDeque<>();

    private final List<String> seen = new ArrayList<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private String stdin = "";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.createContext("/", this::handle);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void getPrintsTheValueAndALinesEnd() {
        answer(200, "{" + GREETING + ",\"value\":\"h\\u00e9llo\",\"encoding\":\"utf8\"}");
        assertThat(run("get", "greeting")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("héllo\n");
    }

    @Test
    void getRawPrintsTheBytesAndNothingElse() {
        answer(200, "{" + GREETING + ",\"value\":\"/wAB\",\"encoding\":\"base64\"}");
        assertThat(run("get", "greeting", "--raw")).isZero();
        assertThat(out.toByteArray()).containsExactly(0xff, 0, 1);
    }

    @Test
    void getAsJsonHasValueAndHistory() {
        answer(200, "{" + GREETING + ",\"value\":\"a\\\"b\",\"encoding\":\"utf8\"}");
        assertThat(run("get", "greeting", "-o", "json")).isZero();
        assertThat(text(out))
                .isEqualTo("{\"key\":\"greeting\",\"value\":\"a\\\"b\",\"encoding\":\"utf8\",\"version\":3,"
                        + "\"createRevision\":42,\"modRevision\":57}\n");
    }

    @Test
    void getOfAnAbsentKeyExitsWithOne() {
        problem(404, "key_not_found", "not_applied");
        assertThat(run("get", "greeting")).isEqualTo(1);
        assertThat(text(err)).isEqualTo("balsa: no such key: greeting\n");
        assertThat(text(out)).isEmpty();
    }

    @Test
    void putTakesTheValueFromTheArgumentFromStandardInputOrFromAFile(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("value");
        Files.writeString(file, "from a file\n");
        stdin = "from standard input\n";
        answer(200, "{" + GREETING + "}");
        assertThat(run("put", "greeting", "from the argument")).isZero();
        assertThat(run("put", "greeting", "-")).isZero();
        assertThat(run("put", "greeting")).isZero();
        assertThat(run("put", "greeting", "--file", file.toString())).isZero();
        assertThat(seen)
                .containsExactly(
                        "PUT /v1/kv/greeting from the argument",
                        "PUT /v1/kv/greeting from standard input\n",
                        "PUT /v1/kv/greeting from standard input\n",
                        "PUT /v1/kv/greeting from a file\n");
        assertThat(text(out)).startsWith("updated at revision 57\n");
    }

    @Test
    void conditionsOfPutTravelAsHeaders() {
        answer(201, "{" + GREETING + "}");
        assertThat(run("put", "k", "v", "--if-revision", "57")).isZero();
        assertThat(run("put", "k", "v", "--create-only")).isZero();
        assertThat(run("put", "k", "v", "--update-only")).isZero();
        assertThat(seen)
                .containsExactly(
                        "PUT /v1/kv/k v If-Match=\"57\"",
                        "PUT /v1/kv/k v If-None-Match=*",
                        "PUT /v1/kv/k v If-Match=*");
        assertThat(text(out)).startsWith("created at revision 57\n");
    }

    @Test
    void putAsJsonHasTheHistory() {
        answer(201, "{" + GREETING + "}");
        assertThat(run("put", "greeting", "v", "-o", "json")).isZero();
        assertThat(text(out))
                .isEqualTo("{\"key\":\"greeting\",\"created\":true,\"version\":3,\"createRevision\":42,"
                        + "\"modRevision\":57}\n");
    }

    @Test
    void exactlyOnceSendsAnIdempotencyKeyAndNothingElseDoes() {
        answer(200, "{" + GREETING + ",\"deleted\":1}");
        run("put", "k", "v", "--exactly-once");
        run("del", "k", "--exactly-once");
        run("put", "k", "v");
        run("del", "k");
        assertThat(seen)
                .containsExactly(
                        "PUT /v1/kv/k v Idempotency-Key",
                        "DELETE /v1/kv/k  Idempotency-Key",
                        "PUT /v1/kv/k v",
                        "DELETE /v1/kv/k ");
    }

    @Test
    void aValueTooLargeForMemoryIsNotSent(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("large");
        Files.write(file, new byte[(16 << 20) + 1]);
        assertThat(run("put", "k", "--file", file.toString())).isEqualTo(2);
        assertThat(text(err)).contains("large holds more than 16777216 bytes");
        assertThat(seen).isEmpty();
    }

    @Test
    void whatTheServerDoesNotUnderstandExitsWithTwo() {
        problem(400, "bad_request", "not_applied");
        assertThat(run("put", "k", "v")).isEqualTo(2);
    }

    @Test
    void consistencyTravelsWithAReadAndBytesComeAsBase64InJson() {
        answer(200, "{" + GREETING + ",\"value\":\"/wAB\",\"encoding\":\"base64\"}");
        assertThat(run("get", "greeting", "--consistency", "stale", "-o", "json"))
                .isZero();
        assertThat(seen.get(0)).contains("consistency=stale");
        assertThat(text(out)).contains("\"value\":\"/wAB\",\"encoding\":\"base64\"");
    }

    @Test
    void aTimeHasAUnit() {
        ClientOptions.TimeConverter times = new ClientOptions.TimeConverter();
        assertThat(times.convert("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(times.convert("5s")).isEqualTo(Duration.ofSeconds(5));
        assertThat(times.convert("60m")).isEqualTo(Duration.ofMinutes(60));
        for (String wrong : List.of("0s", "61m", "5", "-1s", "1h", "")) {
            assertThat(run("get", "k", "--timeout", wrong)).as(wrong).isEqualTo(2);
        }
    }

    @Test
    void failedConditionExitsWithThree() {
        problem(412, "precondition_failed", "not_applied");
        assertThat(run("put", "k", "v", "--if-revision", "3")).isEqualTo(3);
        assertThat(text(err)).hasLineCount(1).contains("precondition_failed");
    }

    @Test
    void refusalExitsWithFourAndUnknownOutcomeWithFive() {
        problem(413, "too_large", "not_applied");
        assertThat(run("put", "k", "v")).isEqualTo(4);
        problem(504, "commit_timeout", "unknown");
        assertThat(run("put", "k", "v")).isEqualTo(5);
        assertThat(run("del", "k")).isEqualTo(5);
        assertThat(text(err)).hasLineCount(3).doesNotContain("\tat ");
    }

    @Test
    void unreachableClusterExitsWithFourAndNamesTheEndpoints() throws IOException {
        String dead;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = "http://127.0.0.1:" + socket.getLocalPort();
        }
        int code = line().execute("get", "k", "--endpoints", dead, "--timeout", "300ms");
        assertThat(code).isEqualTo(4);
        assertThat(text(err)).hasLineCount(1).contains(dead);
    }

    @Test
    void delSaysHowManyAndExitsWithOneWhenTheKeyWasNotThere() {
        answer(200, "{\"deleted\":1}");
        assertThat(run("del", "k")).isZero();
        assertThat(run("del", "k", "--if-revision", "57")).isZero();
        assertThat(run("del", "--prefix", "a/")).isZero();
        answer(200, "{\"deleted\":0}");
        assertThat(run("del", "k")).isEqualTo(1);
        assertThat(run("del", "--prefix", "a/", "-o", "json")).isZero();
        assertThat(seen.subList(0, 3))
                .containsExactly("DELETE /v1/kv/k ", "DELETE /v1/kv/k  If-Match=\"57\"", "DELETE /v1/kv?prefix=a%2F ");
        assertThat(text(out)).isEqualTo("deleted 1\ndeleted 1\ndeleted 1\n{\"deleted\":0}\n");
    }

    @Test
    void listPrintsATableOrKeysOrJson() {
        answer(200, "{\"items\":[{" + GREETING + ",\"value\":\"two\\nlines\",\"encoding\":\"utf8\"}],\"more\":false}");
        assertThat(run("list", "--prefix", "g")).isZero();
        assertThat(text(out))
                .isEqualTo("KEY       REVISION  VERSION  VALUE\ngreeting  57        3        two\uFFFDlines\n");
        out.reset();
        assertThat(run("list", "--keys-only", "--limit", "7")).isZero();
        assertThat(text(out)).isEqualTo("greeting\n");
        out.reset();
        assertThat(run("list", "--keys-only", "--output", "json")).isZero();
        assertThat(text(out)).isEqualTo("{" + GREETING + "}\n");
        assertThat(seen.get(0)).isEqualTo("GET /v1/kv?prefix=g&limit=500 ");
        assertThat(seen.get(1)).isEqualTo("GET /v1/kv?limit=7&keys ");
    }

    @Test
    void listFollowsThePagesUpToItsLimitWithOneHeading() {
        pages.add(page("c1", "a", "b"));
        pages.add(page("c2", "c", "d"));
        assertThat(run("list", "--reverse", "--limit", "3")).isZero();
        assertThat(text(out)).hasLineCount(4).startsWith("KEY ").contains("\na ", "\nb ", "\nc ");
        assertThat(seen).hasSize(2).allSatisfy(request -> assertThat(request).contains("reverse"));
        assertThat(seen.get(0)).doesNotContain("cursor=");
        assertThat(seen.get(1)).contains("cursor=c1");
    }

    private static String page(String cursor, String... keys) {
        List<String> items = new ArrayList<>();
        for (String key : keys) {
            items.add("{\"key\":\"" + key + "\",\"version\":1,\"createRevision\":1,\"modRevision\":1,"
                    + "\"value\":\"v\",\"encoding\":\"utf8\"}");
        }
        return "{\"items\":[" + String.join(",", items) + "],\"more\":true,\"cursor\":\"" + cursor + "\"}";
    }

    @Test
    void cellsAreCutAndColumnsAreAsWideAsTheirWidest() {
        answer(
                200,
                "{\"items\":[{\"key\":\"long-key\",\"version\":1,\"createRevision\":1,\"modRevision\":1,\"value\":\""
                        + "x".repeat(81) + "\",\"encoding\":\"utf8\"},{\"key\":\"k\",\"version\":1,"
                        + "\"createRevision\":1,\"modRevision\":1,\"value\":\"y\",\"encoding\":\"utf8\"}],"
                        + "\"more\":false}");
        assertThat(run("list")).isZero();
        assertThat(text(out).lines())
                .containsExactly(
                        "KEY       REVISION  VERSION  VALUE",
                        "long-key  1         1        " + "x".repeat(80) + "…",
                        "k         1         1        y");
    }

    @Test
    void statusShowsServersThatCannotBeReachedAndFindsTheLeaderAmongTheOthers() throws IOException {
        String dead;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = "http://127.0.0.1:" + socket.getLocalPort();
        }
        String members =
                "{\"role\":\"leader\",\"id\":\"n1\",\"leader\":\"n1\",\"term\":3,\"revision\":9,\"commitIndex\":12,"
                        + "\"lastApplied\":11,\"version\":\"0.1\",\"failureTolerance\":1,\"membershipRevision\":0,\"members\":["
                        + "{\"id\":\"n1\",\"role\":\"voter\",\"httpUrl\":\""
                        + url() + "\"},{\"id\":\"n2\",\"role\":\"voter\",\"httpUrl\":\"" + dead + "\"}]}";
        answer(200, members);
        assertThat(run("status")).isZero();
        assertThat(text(out)).hasLineCount(3).contains("unreachable").contains(dead);
        out.reset();
        assertThat(run("status", "-o", "json")).isZero();
        assertThat(text(out)).contains("{\"url\":\"" + dead + "\",\"reachable\":false,");
        out.reset();
        assertThat(line().execute("status", "--endpoints", dead)).isEqualTo(4);
        assertThat(text(out)).hasLineCount(2).contains("unreachable").contains(dead);
        out.reset();
        pages.add(members.replace(dead, url() + "/"));
        pages.add(members);
        pages.add(members.replace("\"role\":\"leader\"", "\"role\":\"follower\""));
        assertThat(run("status")).isZero();
    }

    @Test
    void statusShowsEveryServerAndExitsWithFourWithoutALeader() {
        String base = "\"id\":\"n1\",\"leader\":null,\"term\":3,\"revision\":9,\"commitIndex\":12,\"lastApplied\":11,"
                + "\"version\":\"0.1\",\"failureTolerance\":0,\"membershipRevision\":0,"
                + "\"members\":[{\"id\":\"n1\",\"role\":\"voter\",\"httpUrl\":\"" + url()
                + "\"}]";
        answer(200, "{\"role\":\"leader\"," + base + "}");
        assertThat(run("status")).isZero();
        assertThat(text(out)).hasLineCount(2).contains("n1").contains("leader").contains(url());
        answer(200, "{\"role\":\"candidate\"," + base + "}");
        assertThat(run("status")).isEqualTo(4);
        assertThat(run("status", "-o", "json")).isEqualTo(4);
        assertThat(text(out)).contains("\"role\":\"candidate\"");
    }

    @Test
    void electionsAreExplainedAndWhoCouldNotBeAskedIsNamed() {
        String election = "\"term\":8,\"at\":\"2026-01-02T03:04:05Z\",\"trigger\":\"pause\",\"leader\":\"n2\","
                + "\"previousLeader\":\"n1\",\"leaderlessMillis\":187,\"durationMillis\":null,\"explanation\":\"n2 took over.\"";
        String unreachable = "\"unreachable\":[{\"node\":\"n3\",\"reason\":\"connection refused\"}]";
        answer(200, "{\"elections\":[{" + election + "}]," + unreachable + "}");
        assertThat(run("elections", "--limit", "3")).isZero();
        assertThat(seen.toString()).contains("GET /v1/cluster/elections?limit=3");
        assertThat(text(out)).hasLineCount(2).contains("187 ms").contains("n2 took over.");
        assertThat(text(err)).isEqualTo("balsa: n3 could not be asked: connection refused\n");
        out.reset();
        answer(
                200,
                "{" + election + ",\"nodes\":[{\"node\":\"n2\",\"votes\":[{\"candidate\":\"n2\",\"voter\":\"n3\","
                        + "\"preVote\":false,\"granted\":true,\"reason\":\"voted for it\"}]}],\"unreachable\":[]}");
        assertThat(run("elections", "8")).isZero();
        assertThat(text(out)).contains("n2    n2         n3     vote  yes      voted for it");
        out.reset();
        assertThat(run("elections", "8", "-o", "json")).isZero();
        assertThat(text(out)).hasLineCount(1).contains("\"voter\":\"n3\"").contains("\"leaderlessMillis\":187");
        problem(404, "not_found", "not_applied");
        assertThat(run("elections", "9")).isEqualTo(1);
    }

    @Test
    void wrongCommandLinesExitWithTwoAndOneLine() {
        for (String[] wrong : new String[][] {
            {"get"},
            {"nonsense"},
            {"put", "k", "v", "--create-only", "--update-only"},
            {"put", "k", "v", "--file", "f"},
            {"put", "k", "--file", "/nowhere/at/all"},
            {"put", "k", "v", "--if-revision", "0"},
            {"get", "k", "--timeout", "5"},
            {"get", "k", "--consistency", "maybe"},
            {"get", ""},
            {"del"},
            {"del", "k", "--prefix", "a"},
            {"del", "--prefix", ""},
            {"del", "--prefix", "a", "--if-revision", "5"},
            {"list", "--limit", "0"},
            {"elections", "--limit", "1001"},
            {"elections", "x"},
        }) {
            err.reset();
            assertThat(run(wrong)).as(String.join(" ", wrong)).isEqualTo(2);
            assertThat(text(err))
                    .as(String.join(" ", wrong))
                    .startsWith("balsa: ")
                    .hasLineCount(1);
        }
        assertThat(seen).isEmpty();
    }

    @Test
    void malformedEndpointExitsWithTwo() {
        assertThat(line().execute("get", "k", "--endpoints", "localhost:8081")).isEqualTo(2);
        assertThat(text(err)).contains("an endpoint looks like http://127.0.0.1:8081");
    }

    @ParameterizedTest
    @ValueSource(strings = {"get", "put", "del", "list", "status", "elections"})
    void helpOfEachCommandShowsAnExample(String command) {
        assertThat(line().execute(command, "--help")).isZero();
        assertThat(text(out)).contains("Example:").contains("  balsa " + command);
    }

    @Test
    void helpOfTheTopCommandDocumentsTheExitCodes() {
        assertThat(line().execute("--help")).isZero();
        assertThat(text(out)).contains("Exit codes: 0 ").contains("Example:");
    }

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (!all.isEmpty() && !all.get(0).equals("nonsense")) {
            all.add("--endpoints");
            all.add(url());
        }
        return line().execute(all.toArray(String[]::new));
    }

    private CommandLine line() {
        return Balsa.commandLine(
                new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(int newStatus, String body) {
        status = newStatus;
        answer = body.getBytes(StandardCharsets.UTF_8);
    }

    private void problem(int newStatus, String code, String outcome) {
        answer(
                newStatus,
                "{\"code\":\"" + code + "\",\"detail\":\"why\\nnot\",\"outcome\":\"" + outcome
                        + "\",\"retryable\":false,\"modRevision\":57}");
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        StringBuilder request =
                new StringBuilder(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
        for (String name : List.of("If-Match", "If-None-Match")) {
            String value = exchange.getRequestHeaders().getFirst(name);
            if (value != null) {
                request.append(' ').append(name).append('=').append(value);
            }
        }
        if (exchange.getRequestHeaders().containsKey("Idempotency-Key")) {
            request.append(" Idempotency-Key");
        }
        seen.add(request.toString());
        String page = pages.poll();
        byte[] bytes = page == null ? answer : page.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String text(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }

    private static final String MEMBERS = "{\"clusterId\":\"c\",\"leader\":\"n1\",\"leaderUrl\":null,\"term\":3,"
            + "\"membershipRevision\":8,\"failureTolerance\":0,\"members\":[{\"id\":\"n1\",\"role\":\"voter\","
            + "\"raftAddress\":\"h:1\",\"httpUrl\":\"http://h:2\",\"isLeader\":true,\"lag\":0},{\"id\":\"n4\",\"role\":\"learner\","
            + "\"raftAddress\":\"h:4\",\"httpUrl\":null,\"isLeader\":false,\"lag\":12}]}";

    @Test
    void membersAreShownAddedRemovedAndPromoted() {
        answer(200, MEMBERS);
        assertThat(run("member", "list")).isZero();
        assertThat(text(out)).isEqualTo("""
                        SERVER  ROLE     LEADS  LAG  RAFT  URL
                        n1      voter    yes    0    h:1   http://h:2
                        n4      learner         12   h:4   -
                        revision 8; 0 voters may fail
                        """);
        out.reset();
        assertThat(run("member", "add", "n4=h:4", "--learner", "--if-revision", "7", "-o", "json"))
                .isZero();
        assertThat(text(out))
                .startsWith("{\"membershipRevision\":8,\"failureTolerance\":0,\"leader\":\"n1\",\"members\":[");
        assertThat(run("member", "promote", "n4")).isZero();
        assertThat(run("member", "remove", "n4", "--if-revision", "0")).isZero();
        assertThat(run("member", "add", "n4")).isEqualTo(2);
        assertThat(run("member")).isEqualTo(2);
        assertThat(seen)
                .containsExactly(
                        "GET /v1/cluster ",
                        "POST /v1/cluster/members {\"id\":\"n4\",\"raftAddress\":\"h:4\",\"promote\":false} If-Match=\"7\"",
                        "POST /v1/cluster/members/n4/promote ",
                        "DELETE /v1/cluster/members/n4  If-Match=\"0\"");
    }

    @Test
    void aRefusedChangeOfMembersHasItsExitCode() {
        problem(409, "quorum_at_risk", "not_applied");
        assertThat(run("member", "remove", "n3")).isEqualTo(4);
        problem(412, "precondition_failed", "not_applied");
        assertThat(run("member", "remove", "n3", "--if-revision", "5")).isEqualTo(3);
        problem(422, "member_unusable", "not_applied");
        assertThat(run("member", "add", "n4=h:4")).isEqualTo(4);
    }

    @Test
    void leadershipIsTransferred() {
        answer(200, "{\"leader\":\"n2\",\"leaderUrl\":null,\"term\":4,\"failureTolerance\":1}");
        assertThat(run("leader", "transfer", "n2")).isZero();
        assertThat(text(out)).isEqualTo("n2 leads\n");
        out.reset();
        assertThat(run("leader", "transfer", "-o", "json")).isZero();
        assertThat(text(out)).isEqualTo("{\"leader\":\"n2\"}\n");
    }
}
