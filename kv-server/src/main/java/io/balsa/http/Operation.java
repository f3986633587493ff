package io.balsa.http;

import static io.balsa.http.Parameter.*;

import io.vertx.core.http.HttpMethod;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a request asks for: one method on one route, and the parameters that it understands. */
@SuppressWarnings("ImmutableEnumChecker") // Its set is never changed, and Vert.x does not annotate its methods.
enum Operation {
    GET_KEY(HttpMethod.GET, Route.KEY, false, EnumSet.of(RAW, CONSISTENCY, TIMEOUT)),
    PUT_KEY(HttpMethod.PUT, Route.KEY, true, EnumSet.of(PREV, TIMEOUT)),
    DELETE_KEY(HttpMethod.DELETE, Route.KEY, false, EnumSet.of(PREV, TIMEOUT)),
    LIST(
            HttpMethod.GET,
            Route.RANGE,
            false,
            EnumSet.of(PREFIX, START, END, LIMIT, CURSOR, KEYS, REVERSE, DELIMITER, COUNT, CONSISTENCY, TIMEOUT)),
    DELETE_RANGE(HttpMethod.DELETE, Route.RANGE, false, EnumSet.of(PREFIX, START, END, TIMEOUT)),
    BATCH(HttpMethod.POST, Route.BATCH, true, EnumSet.of(CONSISTENCY, TIMEOUT)),
    CLUSTER(HttpMethod.GET, Route.CLUSTER, false, EnumSet.noneOf(Parameter.class)),
    ADD_MEMBER(HttpMethod.POST, Route.MEMBERS, true, EnumSet.of(TIMEOUT)),
    REMOVE_MEMBER(HttpMethod.DELETE, Route.MEMBER, false, EnumSet.of(TIMEOUT)),
    PROMOTE_MEMBER(HttpMethod.POST, Route.PROMOTE, false, EnumSet.of(TIMEOUT)),
    TRANSFER(HttpMethod.POST, Route.LEADER, true, EnumSet.of(TIMEOUT)),
    ELECTIONS(HttpMethod.GET, Route.ELECTIONS, false, EnumSet.of(LIMIT, LOCAL)),
    ELECTION(HttpMethod.GET, Route.ELECTION, false, EnumSet.of(LOCAL)),
    LIMITS(HttpMethod.GET, Route.LIMITS, false, EnumSet.noneOf(Parameter.class)),
    STATUS(HttpMethod.GET, Route.STATUS, false, EnumSet.noneOf(Parameter.class)),
    LIVEZ(HttpMethod.GET, Route.LIVEZ, false, EnumSet.noneOf(Parameter.class)),
    READYZ(HttpMethod.GET, Route.READYZ, false, EnumSet.of(VERBOSE)),
    METRICS(HttpMethod.GET, Route.METRICS, false, EnumSet.noneOf(Parameter.class)),
    VERSION(HttpMethod.GET, Route.VERSION, false, EnumSet.noneOf(Parameter.class)),
    OPENAPI(HttpMethod.GET, Route.OPENAPI, false, EnumSet.noneOf(Parameter.class));

    /** The paths that are served. */
    enum Route {
        KEY("/v1/kv/{key}"),
        RANGE("/v1/kv"),
        BATCH("/v1/batch"),
        CLUSTER("/v1/cluster"),
        MEMBERS("/v1/cluster/members"),
        MEMBER("/v1/cluster/members/{id}"),
        PROMOTE("/v1/cluster/members/{id}/promote"),
        LEADER("/v1/cluster/leader"),
        ELECTIONS("/v1/cluster/elections"),
        ELECTION("/v1/cluster/elections/{term}"),
        LIMITS("/v1/limits"),
        STATUS("/v1/status"),
        LIVEZ("/livez"),
        READYZ("/readyz"),
        METRICS("/metrics"),
        VERSION("/version"),
        OPENAPI("/openapi.yaml");

        /** In front of a key in the path. */
        static final String KEY_PREFIX = "/v1/kv/";
        /** In front of a term in the path. */
        static final String ELECTION_PREFIX = "/v1/cluster/elections/";

        private static final String MEMBER_PREFIX = "/v1/cluster/members/";
        private static final String PROMOTE_SUFFIX = "/promote";

        final String template;

        Route(String template) {
            this.template = template;
        }

        /** The route of a raw path; null when there is none. */
        static @Nullable Route of(String rawPath) {
            return switch (rawPath) {
                case "/v1/kv" -> RANGE;
                case "/v1/batch" -> BATCH;
                case "/v1/cluster" -> CLUSTER;
                case "/v1/cluster/members" -> MEMBERS;
                case "/v1/cluster/leader" -> LEADER;
                case "/v1/cluster/elections" -> ELECTIONS;
                case "/v1/limits" -> LIMITS;
                case "/v1/status" -> STATUS;
                case "/livez" -> LIVEZ;
                case "/readyz" -> READYZ;
                case "/metrics" -> METRICS;
                case "/version" -> VERSION;
                case "/openapi.yaml" -> OPENAPI;
                default ->
                    rawPath.startsWith(KEY_PREFIX)
                            ? KEY
                            : rawPath.startsWith(ELECTION_PREFIX) ? ELECTION : ofMember(rawPath);
            };
        }

        private static @Nullable Route ofMember(String rawPath) {
            if (!rawPath.startsWith(MEMBER_PREFIX)) {
                return null;
            }
            return rawPath.endsWith(PROMOTE_SUFFIX) ? PROMOTE : MEMBER;
        }

        /** The id in the target of a request about one member, as it was sent. */
        static String memberOf(String target) {
            int question = target.indexOf('?');
            String path = question < 0 ? target : target.substring(0, question);
            String id = path.substring(MEMBER_PREFIX.length());
            return id.endsWith(PROMOTE_SUFFIX) ? id.substring(0, id.length() - PROMOTE_SUFFIX.length()) : id;
        }
    }

    private static final Operation[] ALL = values();

    final HttpMethod method;
    final Route route;
    /** The request may have a body. */
    final boolean hasBody;

    private final Set<Parameter> parameters;

    Operation(HttpMethod method, Route route, boolean hasBody, Set<Parameter> parameters) {
        this.method = method;
        this.route = route;
        this.hasBody = hasBody;
        this.parameters = parameters;
    }

    /** What {@code method} does on {@code route}, null when nothing; HEAD does what GET does. */
    static @Nullable Operation of(Route route, HttpMethod method) {
        HttpMethod effective = method.equals(HttpMethod.HEAD) ? HttpMethod.GET : method;
        for (Operation operation : ALL) {
            if (operation.route == route && operation.method.equals(effective)) {
                return operation;
            }
        }
        return null;
    }

    /** The value of the {@code Allow} header of a route. */
    static String allowed(Route route) {
        Set<String> methods = new TreeSet<>();
        for (Operation operation : ALL) {
            if (operation.route == route) {
                methods.add(operation.method.name());
                if (operation.method.equals(HttpMethod.GET)) {
                    methods.add("HEAD");
                }
            }
        }
        return String.join(", ", methods);
    }

    boolean knows(Parameter parameter) {
        return parameters.contains(parameter) || (parameter == KEY && route == Route.KEY);
    }

    /** For people: the names of the parameters that are understood. */
    String knownParameters() {
        Set<String> names = new TreeSet<>();
        for (Parameter parameter : parameters) {
            names.add(parameter.text);
        }
        if (route == Route.KEY || route == Route.RANGE) {
            names.add(KEY.text);
        }
        return names.isEmpty() ? "none" : String.join(", ", names);
    }
}
