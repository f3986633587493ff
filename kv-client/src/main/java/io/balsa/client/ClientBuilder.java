package io.balsa.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Collects what a {@link BalsaClient} needs; only endpoints have no default. Not thread-safe. */
public final class ClientBuilder {
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final int CONNECTIONS_PER_ENDPOINT_MAX = 64;
    private static final int IN_FLIGHT_MAX = 10_000;

    private List<String> endpoints = List.of();
    private Duration deadline = DEADLINE;
    private Consistency consistency = Consistency.LINEARIZABLE;
    private Duration connectTimeout = CONNECT_TIMEOUT;
    private int connectionsPerEndpointMax = CONNECTIONS_PER_ENDPOINT_MAX;
    private int inFlightMax = IN_FLIGHT_MAX;
    private boolean batching = true;
    private @Nullable Executor callbackExecutor;

    ClientBuilder() {}

    /** The servers, each as {@code http://host:port}; one is enough, all of them is better. */
    public ClientBuilder endpoints(List<String> urls) {
        endpoints = List.copyOf(urls);
        return this;
    }

    public ClientBuilder endpoints(String... urls) {
        return endpoints(List.of(urls));
    }

    /** Of calls that bring none; 5 s at first. */
    public ClientBuilder deadline(Duration perCall) {
        deadline = CallOptions.checked(perCall);
        return this;
    }

    /** Of reads that bring none; linearizable at first. */
    public ClientBuilder consistency(Consistency ofReads) {
        consistency = ofReads;
        return this;
    }

    /** How long a server may take to accept a connection before another is asked; 1 s at first. */
    public ClientBuilder connectTimeout(Duration perConnection) {
        connectTimeout = CallOptions.checked(perConnection);
        return this;
    }

    /** Connections to one server at most; calls beyond that wait for one. 64 at first. */
    public ClientBuilder connectionsPerEndpointMax(int connections) {
        connectionsPerEndpointMax = atLeastOne(connections);
        return this;
    }

    /** Calls that have not ended, at most; further ones fail at once with {@code client_busy}. 10,000 at first. */
    public ClientBuilder inFlightMax(int calls) {
        inFlightMax = atLeastOne(calls);
        return this;
    }

    /**
     * Whether reads and writes of single keys that are started while a request is under way go together in the next
     * one; on at first. It changes no result, delays nothing, and is a multiple faster for many calls at a time.
     */
    public ClientBuilder batching(boolean on) {
        batching = on;
        return this;
    }

    /**
     * Who runs what is attached to the futures; at first four threads of the client's own, so that one that blocks by mistake
     * holds up no other call. {@code Runnable::run} has the event loop run it that brought the answer, which saves a change of
     * thread for each call and is a tenth faster for who starts the next call there: if anything attached blocks there, every call
     * of the client waits for it, and a call in its waiting form is an IllegalStateException. What fails without an answer, at its
     * deadline for instance, may be told on another thread. It is not shut down with the client.
     */
    public ClientBuilder callbackExecutor(Executor executor) {
        callbackExecutor = executor;
        return this;
    }

    /** Throws IllegalArgumentException for a missing or malformed endpoint. */
    public BalsaClient build() {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("a client needs at least one endpoint: http://host:port");
        }
        List<Endpoint> parsed = endpoints.stream().map(Endpoint::parse).toList();
        HttpTransport transport =
                new VertxTransport("balsa-client", connectTimeout, connectionsPerEndpointMax, callbackExecutor);
        CallOptions defaults = new CallOptions(deadline, consistency, null);
        return new BalsaClient(new Calls(new Endpoints(parsed), transport, defaults, inFlightMax, batching));
    }

    private static int atLeastOne(int number) {
        if (number < 1) {
            throw new IllegalArgumentException("at least one; got " + number);
        }
        return number;
    }
}
