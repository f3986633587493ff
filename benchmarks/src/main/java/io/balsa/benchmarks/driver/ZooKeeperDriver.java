package io.balsa.benchmarks.driver;

import io.balsa.benchmarks.load.Completion;
import io.balsa.benchmarks.load.Driver;
import io.balsa.benchmarks.load.Keys;
import io.balsa.benchmarks.load.Kind;
import io.balsa.benchmarks.load.Values;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * ZooKeeper through its asynchronous API, a few sessions that all clients share. Keys are children of one node. A
 * linearizable read is {@code sync} with {@code getData} right behind it: a session's requests are served in order. There
 * is no page of keys with values, so {@link Kind#RANGE} is missing. Where a session expires, another takes its place.
 */
final class ZooKeeperDriver implements Driver {
    private static final String PARENT = "/bench";
    private static final long CONNECT_SECONDS = 30;
    private static final byte[] NOTHING = new byte[0];
    private static final int ANY_VERSION = -1;

    private final List<Session> sessions = new ArrayList<>();
    private final Values values;
    private final AtomicInteger hotVersion = new AtomicInteger(ANY_VERSION);

    /** Opens a session for each of {@code connectStrings}; waits until all are connected. */
    ZooKeeperDriver(List<String> connectStrings, int sessionTimeoutMillis, Values values)
            throws IOException, InterruptedException {
        this.values = values;
        for (String connectString : connectStrings) {
            sessions.add(new Session(connectString, sessionTimeoutMillis));
        }
        for (Session session : sessions) {
            if (!session.connected.await(CONNECT_SECONDS, TimeUnit.SECONDS)) {
                close();
                throw new IOException("no session with " + session.connectString + " in " + CONNECT_SECONDS + " s");
            }
        }
        createParents();
    }

    @Override
    public boolean supports(Kind kind) {
        return kind != Kind.RANGE && kind != Kind.LEASE_GET;
    }

    @Override
    public void start(int client, Kind kind, long key, Completion completion) {
        ZooKeeper session = sessions.get(client % sessions.size()).zooKeeper;
        switch (kind) {
            case PUT -> put(session, path(key), completion);
            case GET -> {
                String path = path(key);
                session.sync(path, (code, at, context) -> {}, null);
                get(session, path, completion);
            }
            case STALE_GET -> get(session, path(key), completion);
            case CAS -> compareAndSet(session, completion);
            case RANGE, LEASE_GET -> completion.failed("not supported");
        }
    }

    private void put(ZooKeeper session, String path, Completion completion) {
        byte[] value = values.next();
        session.setData(
                path,
                value,
                ANY_VERSION,
                (code, at, context, stat) -> {
                    if (code == Code.NONODE.intValue()) {
                        create(session, path, value, completion);
                    } else {
                        end(code, completion);
                    }
                },
                null);
    }

    private static void create(ZooKeeper session, String path, byte[] value, Completion completion) {
        session.create(
                path,
                value,
                Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT,
                (code, at, context, name) -> {
                    // Another client created it a moment earlier: its put and this one are simultaneous.
                    end(code == Code.NODEEXISTS.intValue() ? Code.OK.intValue() : code, completion);
                },
                null);
    }

    private static void get(ZooKeeper session, String path, Completion completion) {
        session.getData(path, false, (code, at, context, data, stat) -> end(code, completion), null);
    }

    private void compareAndSet(ZooKeeper session, Completion completion) {
        String path = PARENT + "/" + Keys.HOT;
        session.setData(
                path,
                values.next(),
                hotVersion.get(),
                (code, at, context, stat) -> {
                    if (code == Code.BADVERSION.intValue()) {
                        session.exists(
                                path,
                                false,
                                (readCode, readAt, readContext, read) -> {
                                    if (readCode == Code.OK.intValue()) {
                                        learn(read);
                                        completion.conflict();
                                    } else {
                                        end(readCode, completion);
                                    }
                                },
                                null);
                    } else {
                        if (code == Code.OK.intValue()) {
                            learn(stat);
                        }
                        end(code, completion);
                    }
                },
                null);
    }

    private void learn(Stat stat) {
        hotVersion.accumulateAndGet(stat.getVersion(), Math::max);
    }

    private static void end(int code, Completion completion) {
        if (code == Code.OK.intValue()) {
            completion.done();
        } else {
            completion.failed(Code.get(code).name());
        }
    }

    private void createParents() throws InterruptedException {
        ZooKeeper first = sessions.get(0).zooKeeper;
        for (String path : List.of(PARENT, PARENT + "/" + Keys.HOT)) {
            CountDownLatch created = new CountDownLatch(1);
            first.create(
                    path,
                    NOTHING,
                    Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT,
                    (code, at, context, name) -> created.countDown(),
                    null);
            created.await(CONNECT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static String path(long key) {
        return PARENT + "/" + Keys.text(key);
    }

    @Override
    public void close() {
        sessions.forEach(Session::close);
    }

    private static final class Session {
        final CountDownLatch connected = new CountDownLatch(1);
        final String connectString;
        private final int timeoutMillis;
        volatile ZooKeeper zooKeeper;
        private boolean closed;

        Session(String connectString, int timeoutMillis) throws IOException {
            this.connectString = connectString;
            this.timeoutMillis = timeoutMillis;
            this.zooKeeper = new ZooKeeper(connectString, timeoutMillis, this::event);
        }

        private synchronized void event(WatchedEvent event) {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            } else if (event.getState() == KeeperState.Expired && !closed) {
                try {
                    zooKeeper = new ZooKeeper(connectString, timeoutMillis, this::event);
                } catch (IOException e) {
                    throw new IllegalStateException("cannot open another session", e);
                }
            }
        }

        void close() {
            ZooKeeper last;
            synchronized (this) {
                closed = true;
                last = zooKeeper;
            }
            try {
                last.close(1_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
