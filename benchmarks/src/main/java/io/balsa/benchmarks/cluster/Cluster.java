package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A cluster of one kind of server, fresh, in a directory of its own that {@link #close} deletes. Of one thread. */
public final class Cluster implements AutoCloseable {
    private static final Duration START_MAX = Duration.ofMinutes(2);
    private static final long ASK_INTERVAL_NANOS = 5_000_000;
    private static final int LOG_TAIL_LINES = 15;

    private final ServerKind kind;
    private final Path directory;
    private final List<Member> members = new ArrayList<>();
    private final Thread hook = new Thread(this::killAll, "end-cluster");
    private Duration coldStart = Duration.ZERO;

    private Cluster(ServerKind kind, Path directory) {
        this.kind = kind;
        this.directory = directory;
    }

    /** Starts all members at once and waits for the first acknowledged write. */
    public static Cluster start(ServerKind kind, int size, Tuning tuning, Path parent) throws IOException {
        Files.createDirectories(parent);
        Cluster cluster = new Cluster(kind, Files.createTempDirectory(parent.toAbsolutePath(), kind.name() + "-"));
        Runtime.getRuntime().addShutdownHook(cluster.hook);
        try {
            List<Address> addresses = Address.allocate(size, cluster.directory);
            for (Address address : addresses) {
                Files.createDirectories(address.directory());
                cluster.members.add(new Member(address, kind.prepare(address, addresses, tuning)));
            }
            cluster.startAll();
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    private void startAll() throws IOException {
        long begin = System.nanoTime();
        for (Member member : members) {
            member.start();
        }
        int asked = 0;
        while (!kind.write(members.get(asked).address)) {
            for (Member member : members) {
                if (!member.isAlive()) {
                    throw new IOException(kind.name() + " " + member.address.id() + " ended:\n" + logTail(member));
                }
            }
            if (System.nanoTime() - begin > START_MAX.toNanos()) {
                throw new IOException(kind.name() + " took no write in " + START_MAX + ":\n" + logTail(members.get(0)));
            }
            LockSupport.parkNanos(ASK_INTERVAL_NANOS);
            asked = (asked + 1) % members.size();
        }
        coldStart = Duration.ofNanos(System.nanoTime() - begin);
    }

    private static String logTail(Member member) throws IOException {
        List<String> lines = Files.readAllLines(member.address.directory().resolve("log"));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
    }

    /** From the start of the first process, with empty directories, to the first acknowledged write. */
    public Duration coldStart() {
        return coldStart;
    }

    public List<Address> addresses() {
        return members.stream().map(member -> member.address).toList();
    }

    public Path directory() {
        return directory;
    }

    /** The member that leads, from 0; waits for one. Throws when there is none for a minute. */
    public int awaitLeader() throws IOException {
        long giveUp = System.nanoTime() + START_MAX.toNanos();
        while (System.nanoTime() - giveUp < 0) {
            for (int i = 0; i < members.size(); i++) {
                if (members.get(i).isAlive() && kind.leads(members.get(i).address)) {
                    return i;
                }
            }
            LockSupport.parkNanos(ASK_INTERVAL_NANOS);
        }
        throw new IOException(kind.name() + " has had no leader for " + START_MAX);
    }

    /** What all members together have used. */
    public Usage usage() throws IOException {
        Usage sum = Usage.NONE;
        for (Member member : members) {
            sum = sum.plus(member.usage());
        }
        return sum;
    }

    /** Whether this member takes a write, by itself or by passing it on. */
    public boolean serves(int member) {
        return kind.write(members.get(member).address);
    }

    /** Has the leader hand over to the member after it. */
    public void transfer(int leader) throws IOException {
        Address from = members.get(leader).address;
        Address to = members.get((leader + 1) % members.size()).address;
        if (!kind.transfer(from, to)) {
            throw new IOException(from.id() + " refused to hand over to " + to.id());
        }
    }

    public void kill(int member) throws InterruptedException {
        members.get(member).kill();
    }

    /** Starts a killed member again, on the data that it left. */
    public void restart(int member) throws IOException {
        members.get(member).start();
    }

    public void pause(int member) throws IOException, InterruptedException {
        members.get(member).pause();
    }

    public void resume(int member) throws IOException, InterruptedException {
        members.get(member).resume();
    }

    @Override
    public void close() throws IOException {
        killAll();
        Runtime.getRuntime().removeShutdownHook(hook);
        delete(directory);
    }

    private void killAll() {
        for (Member member : members) {
            try {
                member.kill();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
