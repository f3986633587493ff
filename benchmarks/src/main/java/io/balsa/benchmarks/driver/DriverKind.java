package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.cluster.Address;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Values;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/** The ways to speak to the measured systems. */
public enum DriverKind {
    BALSA_CLIENT {
        @Override
        public Driver open(Route route, int clients, Values values) {
            return new BalsaDriver(urls(route.all()), Duration.ofMillis(route.operationTimeoutMillis()), values);
        }
    },
    BALSA_HTTP {
        @Override
        public Driver open(Route route, int clients, Values values) {
            return http(new BalsaDialect(values), route, clients);
        }
    },
    JETCD {
        @Override
        public Driver open(Route route, int clients, Values values) {
            return new EtcdDriver(urls(route.preferred()), values);
        }
    },
    ETCD_HTTP {
        @Override
        public Driver open(Route route, int clients, Values values) {
            return http(new EtcdGatewayDialect(values), route, clients);
        }
    },
    ZOOKEEPER_ASYNC {
        @Override
        public Driver open(Route route, int clients, Values values) throws IOException, InterruptedException {
            List<String> servers =
                    route.preferred().stream().map(Address::clientHostAndPort).toList();
            List<String> connect = route.failOver()
                    ? servers.stream().map(server -> String.join(",", servers)).toList()
                    : servers;
            return new ZooKeeperDriver(connect, route.sessionTimeoutMillis(), values);
        }
    };

    /** Connects for so many clients. Throws IOException when it cannot. */
    public abstract Driver open(Route route, int clients, Values values) throws IOException, InterruptedException;

    /**
     * Which servers to speak to.
     *
     * @param all the whole cluster
     * @param preferred where to send operations: the leader alone when they all concern it, else every server
     * @param failOver whether servers are going to fail: clients that stick to one server must know the others
     * @param sessionTimeoutMillis for systems whose clients have sessions
     * @param operationTimeoutMillis after which an operation is given up, for systems whose clients have such a limit
     */
    public record Route(
            List<Address> all,
            List<Address> preferred,
            boolean failOver,
            int sessionTimeoutMillis,
            int operationTimeoutMillis) {
        private static final int SESSION_TIMEOUT_MILLIS = 10_000;
        private static final int OPERATION_TIMEOUT_MILLIS = 10_000;

        public static Route toLeader(List<Address> all, int leader) {
            return new Route(all, List.of(all.get(leader)), false, SESSION_TIMEOUT_MILLIS, OPERATION_TIMEOUT_MILLIS);
        }

        public static Route toAll(List<Address> all) {
            return new Route(all, all, false, SESSION_TIMEOUT_MILLIS, OPERATION_TIMEOUT_MILLIS);
        }

        public static Route throughFailures(List<Address> all, int sessionTimeoutMillis, int operationTimeoutMillis) {
            return new Route(all, all, true, sessionTimeoutMillis, operationTimeoutMillis);
        }
    }

    private static Driver http(HttpDialect dialect, Route route, int clients) {
        return new HttpDriver(dialect, sockets(route.preferred()), sockets(route.all()), clients);
    }

    private static List<InetSocketAddress> sockets(List<Address> servers) {
        return servers.stream().map(Address::client).toList();
    }

    private static List<String> urls(List<Address> servers) {
        return servers.stream().map(Address::clientUrl).toList();
    }
}
