package io.balsa.faults;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A server with a bug that the scenarios must find: patched sources, compiled to classes that come before the jar's. */
enum Plant {
    /** Acknowledges what only the kernel's cache has. */
    NO_FLUSH(
            "commits are not flushed",
            new Patch(
                    "storage/Environments.java",
                    ".open(directory.toFile(), MODE, flags);",
                    ".open(directory.toFile(), MODE, java.util.stream.Stream.concat("
                            + "java.util.Arrays.stream(flags), java.util.stream.Stream.of(EnvFlags.MDB_NOSYNC))"
                            + ".toArray(EnvFlags[]::new));"),
            new Patch("storage/Tail.java", "file.force(false);", "")),
    /** Takes a commit that failed for one that succeeded. */
    GOES_ON("a failed commit is ignored", Ignored.COMMIT, Ignored.APPEND, Ignored.CHECKPOINT),
    /** The same of the log's, by a server that does not see its disk fill up; checkpoints wait for room as they should. */
    SEES_NO_END(
            "a full disk is not seen, and a failed commit is ignored",
            new Patch("storage/Space.java", "shortage = judge(", "shortage = null; judge("),
            Ignored.COMMIT,
            Ignored.APPEND),
    /** Serves every read from its own state. */
    LOCAL_READS(
            "reads ask nobody",
            new Patch("node/RaftLoop.java", "} else if (consistency != Consistency.STALE) {", "} else if (false) {")),
    /** Believes whatever the disk says of a value, and the others' states do not shake it. */
    NO_CHECKSUMS(
            "values are not checked, nor what the others have",
            new Patch("storage/Tables.java", "if (expected != actual) {", "if (false) {"),
            new Patch("node/RaftLoop.java", "Divergence own = raft.digests().own();", "Divergence own = null;"));

    /** A failure that changes nothing. */
    private static final class Ignored {
        static final Patch COMMIT = new Patch(
                "storage/LogTree.java",
                "throw Environments.failed(codec.file(), \"the commit of \" + added.size() + \" entries\", failure);",
                "");
        static final Patch APPEND = new Patch(
                "storage/Tail.java",
                "throw failed(path, \"the append of \" + more.size() + \" entries\", failure);",
                "");
        static final Patch CHECKPOINT =
                new Patch("storage/Checkpointer.java", "return fullOrThrow(index, failure);", "live = 0;");
    }

    private static final Path SOURCES = Path.of("src/main/java/io/balsa");

    private final String bug;

    @SuppressWarnings("ImmutableEnumChecker") // Of List.of.
    private final List<Patch> patches;

    /** A snippet that must be in the file exactly once, and what takes its place. */
    private record Patch(String file, String snippet, String replacement) {}

    Plant(String bug, Patch... patches) {
        this.bug = bug;
        this.patches = List.of(patches);
    }

    /** What is wrong with it, in a few words. */
    String bug() {
        return bug;
    }

    /**
     * Compiles the patched classes into {@code directory}.
     *
     * @param classPath the server's
     * @throws AssertionError when a snippet is not there, or the patched source is no Java
     */
    void compile(String classPath, Path directory) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IOException("the controls need a JDK, this is " + System.getProperty("java.home"));
        }
        List<JavaFileObject> units = new ArrayList<>();
        for (Patch patch : patches) {
            String source = Files.readString(SOURCES.resolve(patch.file()));
            int at = source.indexOf(patch.snippet());
            if (at < 0 || source.indexOf(patch.snippet(), at + 1) >= 0) {
                throw new AssertionError("'" + bug + "' patches a snippet that is not in " + patch.file()
                        + " exactly once; move the patch along with the source:\n" + patch.snippet());
            }
            units.add(new Source(patch.file(), source.replace(patch.snippet(), patch.replacement())));
        }
        List<String> options = List.of(
                "--release", "17", "-proc:none", "-nowarn", "-classpath", classPath, "-d", directory.toString());
        StringWriter complaints = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            if (!compiler.getTask(complaints, files, null, options, null, units).call()) {
                throw new AssertionError("'" + bug + "' does not compile:\n" + complaints);
            }
        }
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String source;

        Source(String file, String source) {
            super(URI.create("string:///io/balsa/" + file), Kind.SOURCE);
            this.source = source;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
        }
    }
}
