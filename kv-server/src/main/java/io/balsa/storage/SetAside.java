package io.balsa.storage;

import io.balsa.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Moves a damaged store out of the way, within its data directory, so that the server can begin anew beside it. Nothing is
 * deleted: what is set aside is a whole data directory by itself, with its identity and the reason.
 *
 * <pre>
 * 1  set-aside.draft/             made: a copy of the identity, and reason.txt
 * 2  identity                     replaced: another directory id, no membership, "moving":"set-aside-20261129T150107Z"
 * 3  set-aside-20261129T150107Z/  the draft, renamed
 * 4     log/ state/ state.new/    moved there, one by one
 * 5  identity                     replaced: no longer moving
 * </pre>
 *
 * <p>Step 2 decides. Before it a crash leaves the store as it was; after it the directory counts as a new one, whose server has
 * no vote, and the next start takes up the other steps before it opens anything. Were the log moved first, a crash could leave
 * an empty one under the old directory's id: a server that has forgotten its votes and may vote.
 */
final class SetAside {
    static final String PREFIX = "set-aside-";

    /** A disk that damages more than that must be looked at; a store that is filled again and again fills the disk, too. */
    static final int STORES_MAX = 3;

    private static final String DRAFT = "set-aside.draft";
    private static final List<String> PARTS = List.of("log", "state", "state.new");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path directory;
    private final Runnable afterStep;

    /** @param afterStep called after each thing that a crash may come after */
    SetAside(Path directory, Runnable afterStep) {
        this.directory = directory;
        this.afterStep = afterStep;
    }

    /** Steps 1 to 5; returns the identity that the directory has from now on. */
    Identity run(Identity identity, String reason, Instant now) throws IOException {
        Path draft = directory.resolve(DRAFT);
        DataDirectory.clear(draft);
        identity.writeTo(draft.resolve("identity"));
        afterStep.run();
        write(
                draft.resolve("reason.txt"),
                now + " " + identity.node() + " of cluster " + identity.clusterId() + ", data directory "
                        + identity.directoryId() + "\n" + reason + "\n");
        sync(draft);
        sync(directory);
        afterStep.run();
        Identity replacement = identity.replacedBy(freeName(now));
        replacement.writeTo(directory.resolve("identity"));
        afterStep.run();
        return finish(replacement);
    }

    /** Steps 3 to 5, as far as they are still to be done. */
    Identity finish(Identity identity) throws IOException {
        String name = identity.moving();
        if (name == null) {
            return identity;
        }
        Path target = directory.resolve(name);
        if (!Files.exists(target)) {
            Files.move(directory.resolve(DRAFT), target, StandardCopyOption.ATOMIC_MOVE);
            sync(directory);
            afterStep.run();
        }
        for (String part : PARTS) {
            Path source = directory.resolve(part);
            if (Files.exists(source)) {
                if (Files.exists(target.resolve(part))) {
                    throw new StorageException(source + " and " + target.resolve(part) + " are both there, which is"
                            + " nothing that this program does. Move one of them away.");
                }
                Files.move(source, target.resolve(part), StandardCopyOption.ATOMIC_MOVE);
                sync(target);
                sync(directory);
                afterStep.run();
            }
        }
        Identity moved = identity.moved();
        moved.writeTo(directory.resolve("identity"));
        afterStep.run();
        return moved;
    }

    private String freeName(Instant now) {
        String name = PREFIX + TIME.format(now);
        int again = 1;
        String free = name;
        while (Files.exists(directory.resolve(free))) {
            again++;
            free = name + "-" + again;
        }
        return free;
    }

    private static void write(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void sync(Path names) throws IOException {
        try (FileChannel channel = FileChannel.open(names, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** All stores that were set aside in the directory, oldest first. */
    static List<SetAsideStore> stores(Path directory) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stores = Files.newDirectoryStream(directory, PREFIX + "*")) {
            stores.forEach(found::add);
        }
        found.sort(null);
        List<SetAsideStore> stores = new ArrayList<>();
        for (Path store : found) {
            stores.add(new SetAsideStore(store.getFileName().toString(), bytes(store)));
        }
        return stores;
    }

    private static long bytes(Path store) throws IOException {
        long bytes = 0;
        List<Path> files;
        try (Stream<Path> walk = Files.walk(store)) {
            files = walk.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }
}
