package io.balsa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the build does to class files, {@code src/build/StartUpClasses.java}, must not change what they do. */
class StartUpClassesTest {
    /** Strings joined in every way that the language has. */
    private static final String JOINS = """
            import java.util.function.Supplier;

            public final class Joins implements Supplier<String>, Joined {
                private static final String OF_THE_CLASS = "at " + System.identityHashCode(null);
                private final Object nothing = null;

                private static String all(
                        boolean z, byte b, short s, char c, int i, long j, float f, double d, String text, Object o) {
                    return "z" + z + b + s + c + i + j + f + d + text + o + '!' + -1 + 2.5 + null;
                }

                private static String mark(long j, String text) {
                    return "\\1" + j + "\\2" + text + "\\1\\2" + 7;
                }

                @Override
                public String get() {
                    String grown = "";
                    for (int round = 0; round < 3; round++) {
                        grown += round + (round == 1 ? "one" + nothing : "other") + new int[0].length;
                    }
                    Supplier<String> within = () -> "within " + nothing + OF_THE_CLASS;
                    return all(true, (byte) -8, (short) 300, '\\u00e9', -7, 1L << 40, 0.1f, -0.0, "t\\1", null)
                            + mark(-1, null) + grown + within.get() + ofTheInterface(5, "x") + Kind.ONE;
                }

                private enum Kind {
                    ONE;

                    @Override
                    public String toString() {
                        return "kind " + ordinal();
                    }
                }
            }

            interface Joined {
                default String ofTheInterface(long j, String text) {
                    return j + text + j;
                }
            }
            """;

    @TempDir
    Path directory;

    @Test
    void whatJoinedStringsByInvokedynamicJoinsTheSameWithout() throws Exception {
        Path source = directory.resolve("Joins.java");
        Files.writeString(source, JOINS);
        Path classes = compiled(source);
        Path jar = directory.resolve("joins.jar");
        pack(classes, jar);
        String before = joined(jar);
        assertThat(before)
                .contains("zfalse".replace("false", "true"), "kind 0", "within null")
                .contains("5x5");
        assertThat(mentions(classes)).isTrue();

        Path tool = compiled(Path.of("src/build/StartUpClasses.java"));
        try (URLClassLoader loader = loader(tool, StartUpClassesTest.class.getClassLoader())) {
            loader.loadClass("StartUpClasses").getMethod("main", String[].class).invoke(null, (Object)
                    new String[] {jar.toString()});
        }

        Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
        unpack(jar, unpacked);
        assertThat(mentions(unpacked)).isFalse();
        assertThat(joined(jar)).isEqualTo(before);
    }

    private Path compiled(Path source) throws IOException {
        Path target = Files.createTempDirectory(directory, "classes");
        int code = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler())
                .run(
                        null,
                        null,
                        null,
                        "-proc:none",
                        "--release",
                        "17",
                        "-d",
                        target.toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        source.toString());
        assertThat(code).isZero();
        return target;
    }

    private static void pack(Path classes, Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar);
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (Path path : files(classes)) {
                out.putNextEntry(
                        new ZipEntry(classes.relativize(path).toString().replace(File.separatorChar, '/')));
                out.write(Files.readAllBytes(path));
                out.closeEntry();
            }
        }
    }

    private static void unpack(Path jar, Path target) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                Files.write(
                        target.resolve(entry.getName()),
                        zip.getInputStream(entry).readAllBytes());
            }
        }
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    private static boolean mentions(Path classes) throws IOException {
        for (Path path : files(classes)) {
            if (new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1).contains("StringConcatFactory")) {
                return true;
            }
        }
        return false;
    }

    private static String joined(Path jar) throws Exception {
        try (URLClassLoader loader = loader(jar, ClassLoader.getPlatformClassLoader())) {
            return (String)
                    ((Supplier<?>) loader.loadClass("Joins").getConstructor().newInstance()).get();
        }
    }

    private static URLClassLoader loader(Path classes, ClassLoader parent) throws IOException {
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, parent);
    }
}
