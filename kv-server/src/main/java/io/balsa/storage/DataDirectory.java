package io.balsa.storage;

import io.balsa.node.StorageException;
import io.balsa.raft.Membership;
import io.balsa.raft.NodeId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Meta;

/**
 * A server's data directory, open and locked:
 *
 * <pre>
 * DIRECTORY/
 *   lock        held while the server runs
 *   identity    which cluster, which node, which directory this is; JSON
 *   log/        an LMDB environment: entries, term and vote; in front of it the file tail, what was appended last
 *   state/      an LMDB environment: the keys, as of the last checkpoint
 *   state.new/  the same, on its way from another server; cleared at each start
 *   journal/    an LMDB environment: the last elections; nothing depends on it
 *   reserve     room for deletes on a full disk
 *   native/     the libraries of LMDB and Netty, unpacked from the jar; cleared at each start
 *   set-aside-TIME/  damaged stores, with their identity and the reason; never deleted
 * </pre>
 *
 * <p>Close it after the log and the state. Thread-safe.
 */
public final class DataDirectory implements AutoCloseable {
    /**
     * What this process has open, by real path. The operating system's lock alone would not do: it belongs to the
     * process, and closing a second channel on the file gives it up for the first one too.
     */
    private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel lockFile;
    private volatile Identity identity;

    private DataDirectory(Path path, FileChannel lockFile, Identity identity) {
        this.path = path;
        this.lockFile = lockFile;
        this.identity = identity;
    }

    /**
     * Opens {@code directory} for a server of a cluster, and creates it at the first start.
     *
     * @throws StorageException when another server has it open, when it belongs to another node or cluster, or when it
     *     cannot be read or written
     */
    public static DataDirectory open(Path directory, String clusterId, NodeId node) {
        return open(directory, path -> identify(path, clusterId, node));
    }

    /** Opens a directory that a server has used, whatever its cluster and node are; else as {@link #open}. */
    public static DataDirectory openExisting(Path directory) {
        if (!Files.exists(directory.resolve("identity"))) {
            throw new StorageException(directory + " is not the data directory of a Balsa server: it has no identity");
        }
        return open(directory, path -> Identity.readFrom(path.resolve("identity")));
    }

    private interface Identification {
        Identity of(Path path) throws IOException;
    }

    private static DataDirectory open(Path directory, Identification identification) {
        Path path;
        try {
            Files.createDirectories(directory);
            path = directory.toRealPath();
        } catch (IOException failure) {
            throw new StorageException("the data directory " + directory + " cannot be created: " + failure, failure);
        }
        if (!OPEN_HERE.add(path)) {
            throw inUse(path);
        }
        FileChannel lockFile = null;
        try {
            lockFile = lock(path);
            Identity found = new SetAside(path, () -> {}).finish(identification.of(path));
            DataDirectory opened = new DataDirectory(path, lockFile, found);
            Files.createDirectories(opened.log());
            Files.createDirectories(opened.state());
            clear(opened.arrivingState());
            loadLibrary(path.resolve("native"));
            return opened;
        } catch (IOException failure) {
            release(path, lockFile);
            throw new StorageException("the data directory " + path + " cannot be opened: " + failure, failure);
        } catch (RuntimeException | Error failure) {
            release(path, lockFile);
            throw failure;
        }
    }

    private static StorageException inUse(Path path) {
        return new StorageException("the data directory " + path
                + " is in use by a running server. Stop that one first, or give this one a directory of its own.");
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        if (lock == null) {
            throw inUse(path);
        }
        return channel;
    }

    private static void release(Path path, @Nullable FileChannel lockFile) {
        try {
            if (lockFile != null) {
                lockFile.close();
            }
        } catch (IOException failure) {
            throw new StorageException("the lock of " + path + " cannot be released", failure);
        } finally {
            OPEN_HERE.remove(path);
        }
    }

    private static Identity identify(Path path, String clusterId, NodeId node) throws IOException {
        Path file = path.resolve("identity");
        if (!Files.exists(file)) {
            for (String part : new String[] {"log", "state"}) {
                if (Files.exists(path.resolve(part).resolve("data.mdb"))) {
                    throw new StorageException(file + " is missing although " + path.resolve(part) + " holds data."
                            + " Restore it from a copy of the directory, or start with an empty directory.");
                }
            }
            Identity created = Identity.create(clusterId, node);
            created.writeTo(file);
            return created;
        }
        Identity stored = Identity.readFrom(file);
        if (!stored.clusterId().equals(clusterId)) {
            throw new StorageException("the data directory " + path + " belongs to cluster '" + stored.clusterId()
                    + "', but this server was started for cluster '" + clusterId + "'.");
        }
        if (!stored.node().equals(node)) {
            throw new StorageException("the data directory " + path + " belongs to node " + stored.node()
                    + ", but this server was started as " + node + ".");
        }
        return stored;
    }

    static void clear(Path directory) throws IOException {
        Files.createDirectories(directory);
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(directory)) {
            for (Path leftover : leftovers) {
                Files.delete(leftover);
            }
        }
    }

    /**
     * Makes LMDB's native library load now, and Netty's when the sockets need it, from a directory that surely allows it: many
     * systems mount the default, {@code /tmp}, without permission to execute.
     */
    private static void loadLibrary(Path directory) throws IOException {
        clear(directory); // A killed process could not. One that is loaded stays so without its name.
        for (String property : new String[] {"lmdbjava.extract.dir", "jffi.extract.dir", "io.netty.native.workdir"}) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, directory.toString());
            }
        }
        // A file without a name that is in use as its file system fails is one that only a person can have repaired.
        if (System.getProperty("io.netty.native.deleteLibAfterLoading") == null) {
            System.setProperty("io.netty.native.deleteLibAfterLoading", "false");
        }
        var unused = Meta.version(); // Now, while the directory is sure to exist.
    }

    /** The real path of the directory. */
    public Path path() {
        return path;
    }

    /** Where the log's environment is. */
    public Path log() {
        return path.resolve("log");
    }

    /** Where the state's environment is. */
    public Path state() {
        return path.resolve("state");
    }

    /** Where a state that another server sends is put together. */
    public Path arrivingState() {
        return path.resolve("state.new");
    }

    public String clusterId() {
        return identity.clusterId();
    }

    public NodeId node() {
        return identity.node();
    }

    /** 32 hexadecimal digits, drawn when the directory was created: a server with a wiped disk has another one. */
    public String id() {
        return identity.directoryId();
    }

    /** The cluster's first membership, as {@link #form} kept it; null: this directory was not there. */
    public @Nullable Membership firstMembership() {
        return identity.members();
    }

    /** Keeps the cluster's first membership, durably. */
    public synchronized void form(Membership first) {
        change(identity.formed(first));
    }

    /**
     * Keeps, durably, that a process may pledge for so long; returns for how long an earlier one may have.
     *
     * @param millis 0: this one pledges nothing
     */
    public synchronized long pledge(long millis) {
        long before = identity.pledgeMillis();
        if (millis > before) {
            change(identity.pledged(millis));
        }
        return before;
    }

    /** Makes it the directory of another cluster, which its server begins. */
    public synchronized void rename(String newClusterId) {
        change(identity.of(newClusterId));
    }

    /** Remembers who votes, as far as this server knows: {@link #setAside} asks for that when nothing else can be read. */
    public synchronized void noteVoters(List<NodeId> voters) {
        if (!voters.isEmpty() && !voters.equals(identity.voters())) {
            change(identity.withVoters(voters));
        }
    }

    /** Whether it stands in for one whose store was set aside: a member of a cluster already, under another id. */
    public boolean isReplacement() {
        return identity.replaces() != null;
    }

    /** The stores that were set aside in it, oldest first. */
    public List<SetAsideStore> setAsides() {
        try {
            return SetAside.stores(path);
        } catch (IOException failure) {
            throw new StorageException(path + " cannot be read: " + failure, failure);
        }
    }

    /**
     * Moves a damaged store out of the way and makes this another, empty directory of the same server: with an id that the
     * cluster does not know yet, and therefore without a vote. Neither the log nor the state may be open. A crash on the way
     * leaves the store as it was, or the next opening finishes this.
     *
     * @param reason what is damaged
     * @throws StorageException when the other voters are no majority by themselves, so that this may be the only copy of
     *     something acknowledged; when {@value SetAside#STORES_MAX} stores were set aside already; when the disk fails
     */
    public synchronized void setAside(String reason, Instant now) {
        List<NodeId> voters = identity.voters();
        long others = voters.stream().filter(voter -> !voter.equals(node())).count();
        if (others < voters.size() / 2 + 1) {
            throw new StorageException(reason + " The store is not set aside: of the cluster's voters " + voters
                    + " the others are no majority without " + node() + ", so it may be the only copy. Make one of "
                    + path
                    + "; then put a backup in its place, or, if another server has the data, start a new cluster from that"
                    + " one's directory (balsa recover).");
        }
        List<SetAsideStore> before = setAsides();
        if (before.size() >= SetAside.STORES_MAX) {
            throw new StorageException(reason + " The store is not set aside: " + before.size() + " others were, in "
                    + path + ". A disk that damages so much should be replaced; else move them away and start again.");
        }
        try {
            identity = new SetAside(path, () -> {}).run(identity, reason, now);
            Files.createDirectories(log());
            Files.createDirectories(state());
            Files.createDirectories(arrivingState());
        } catch (IOException failure) {
            throw new StorageException(reason + " The store cannot be set aside: " + failure, failure);
        }
    }

    private void change(Identity changed) {
        try {
            changed.writeTo(path.resolve("identity"));
        } catch (IOException failure) {
            throw new StorageException(path.resolve("identity") + " cannot be written: " + failure, failure);
        }
        identity = changed;
    }

    /** Gives up the lock. A second call does nothing. */
    @Override
    public void close() {
        if (lockFile.isOpen()) {
            release(path, lockFile);
        }
    }
}
