package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Small questions to servers that may not be there. */
final class Http {
    private static final Duration TIMEOUT = Duration.ofMillis(500);
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .followRedirects(Redirect.ALWAYS)
            .build();

    private Http() {}

    /** The body of a 2xx answer; "" for anything else. */
    static String get(String url) {
        return send(request(url).GET());
    }

    static String post(String url, String body) {
        return send(request(url).POST(BodyPublishers.ofString(body)));
    }

    static String put(String url, String body) {
        return send(request(url).PUT(BodyPublishers.ofString(body)));
    }

    private static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT);
    }

    private static String send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> answer = CLIENT.send(request.build(), BodyHandlers.ofString());
            return answer.statusCode() / 100 == 2 ? answer.body() : "";
        } catch (IOException e) {
            // Not up, or not any more: the caller asks because it does not know.
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
