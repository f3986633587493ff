package io.balsa.faults;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk that can be broken: an ext4 file system in an image file, on a loop device that was attached for it. Everything
 * here is done to this one mount; {@link #close} undoes all of it.
 */
final class LoopDisk implements AutoCloseable {
    private static final long IMAGE_BYTES = 1L << 30;
    private static final long UNMOUNT_NANOS_MAX = 5_000_000_000L;

    /** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that is not on the disk yet will ever get there. */
    private static final String CUT =
            "my $flags = pack('i', 2); for (@ARGV) { open(my $d, '<', $_) or die \"$_: $!\\n\";"
                    + " ioctl($d, 0x8004587d, $flags) or die \"$_: $!\\n\" }";

    private final String device;
    private final Path mountPoint;
    private final Path filler;
    private volatile boolean frozen;
    private volatile boolean mounted;

    private LoopDisk(String device, Path mountPoint) {
        this.device = device;
        this.mountPoint = mountPoint;
        this.filler = mountPoint.resolve("filler");
    }

    /** Made, attached and mounted below {@code directory}. */
    static LoopDisk create(Path directory, String name) throws IOException, InterruptedException {
        Path image = directory.resolve(name + ".img");
        Path mountPoint = Files.createDirectories(directory.resolve(name));
        Files.deleteIfExists(image);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(IMAGE_BYTES);
        }
        Shell.run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        LoopDisk disk = new LoopDisk(Shell.run("losetup", "-f", "--show", image.toString()), mountPoint);
        try {
            disk.mount();
        } catch (IOException failure) {
            disk.close();
            throw failure;
        }
        return disk;
    }

    /** Where a server may keep its data. */
    Path data() {
        return mountPoint.resolve("data");
    }

    private void mount() throws IOException, InterruptedException {
        Shell.run("mount", "-o", "errors=remount-ro", device, mountPoint.toString());
        mounted = true;
    }

    private void unmount() throws IOException, InterruptedException {
        // A killed process gives its files back in a moment.
        if (mounted && !Cluster.comesTrue(UNMOUNT_NANOS_MAX, () -> Shell.succeeds("umount", mountPoint.toString()))) {
            Shell.run("umount", "-l", mountPoint.toString());
        }
        mounted = false;
    }

    /** Throws when the mount is not the own one any more: nothing else may be touched. */
    private void checkMounted() throws IOException {
        if (!Files.readString(Path.of("/proc/self/mounts")).contains(device + " " + mountPoint + " ext4 ")) {
            throw new IOException(device + " is not mounted at " + mountPoint);
        }
    }

    /** The power of all of them fails: every write that was not flushed is gone. Their processes must be killed next. */
    static void cutPower(List<LoopDisk> disks) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("perl", "-e", CUT));
        for (LoopDisk disk : disks) {
            disk.checkMounted();
            command.add(disk.mountPoint.toString());
        }
        Shell.run(command.toArray(String[]::new));
    }

    /** The power is back; no process may have a file open. */
    void restorePower() throws IOException, InterruptedException {
        unmount();
        mount();
    }

    /** Every write waits until {@link #thaw}. */
    void freeze() throws IOException, InterruptedException {
        checkMounted();
        frozen = true;
        Shell.run("fsfreeze", "-f", mountPoint.toString());
    }

    void thaw() throws IOException, InterruptedException {
        if (frozen) {
            Shell.run("fsfreeze", "-u", mountPoint.toString());
            frozen = false;
        }
    }

    /** Nothing is left, whatever was free. */
    void fill() throws IOException, InterruptedException {
        checkMounted();
        long free = Files.getFileStore(mountPoint).getUsableSpace();
        // One that is too large takes nothing at all, so ever smaller pieces.
        for (long piece = free; piece >= 4096; piece /= 2) {
            long length = Files.exists(filler) ? Files.size(filler) : 0;
            Shell.succeeds("fallocate", "-o", "" + length, "-l", "" + piece, filler.toString());
        }
    }

    /** There is room again. */
    void drain() throws IOException {
        Files.deleteIfExists(filler);
    }

    /** The kernel finds an error in the file system and makes it read-only. */
    void becomeReadOnly() throws IOException, InterruptedException {
        checkMounted();
        Path trigger = Path.of("/sys/fs/ext4", Path.of(device).getFileName().toString(), "trigger_fs_error");
        Files.writeString(trigger, "1");
    }

    /** After {@link #becomeReadOnly}; no process may have a file open. */
    void repair() throws IOException, InterruptedException {
        unmount();
        // Exit code 1: errors were corrected, as they should.
        Shell.run("sh", "-c", "e2fsck -p \"$0\"; test $? -le 1", device);
        mount();
    }

    @Override
    public void close() throws IOException {
        try {
            thaw();
            unmount();
            Shell.run("losetup", "-d", device);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
    }
}
