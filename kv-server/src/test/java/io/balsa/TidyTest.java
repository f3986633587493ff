package io.balsa;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** Reads the sources and classes of Balsa itself: the arrows between the packages, what is banned where, and sizes. */
class TidyTest {
    private static final int FILE_LINES_MAX = 500;
    private static final int METHOD_LINES_MAX = 60;
    private static final String JUSTIFICATION = "// Justification:";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
            .importPackages("io.balsa");

    @Test
    void raftKnowsNothingButItselfAndTheJdksPureParts() {
        classes()
                .that()
                .resideInAPackage("io.balsa.raft")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.balsa.raft",
                        "java.lang..",
                        "java.util",
                        "java.util.function",
                        "java.util.stream",
                        "java.util.random",
                        "java.nio",
                        "java.nio.charset",
                        "org.jspecify.annotations",
                        "com.google.errorprone.annotations")
                .check(CLASSES);
    }

    @Test
    void kvKnowsNothingButItselfAndTheJdksPureParts() {
        classes()
                .that()
                .resideInAPackage("io.balsa.kv")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.balsa.kv",
                        "java.lang..",
                        "java.util",
                        "java.util.function",
                        "java.util.stream",
                        "java.nio",
                        "java.nio.charset",
                        "java.security",
                        "org.jspecify.annotations",
                        "com.google.errorprone.annotations")
                .check(CLASSES);
    }

    @Test
    void nodeKnowsTheCoresAndNoEdge() {
        classes()
                .that()
                .resideInAPackage("io.balsa.node")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.balsa.node", "io.balsa.raft", "io.balsa.kv", "java..", "org.jspecify..")
                .check(CLASSES);
    }

    @Test
    void theEdgesDoNotKnowEachOther() {
        for (String edge : List.of("storage", "transport", "http", "cli")) {
            List<String> others = Stream.of("storage", "transport", "http", "cli")
                    .filter(other -> !other.equals(edge))
                    .map(other -> "io.balsa." + other + "..")
                    .toList();
            noClasses()
                    .that()
                    .resideInAPackage("io.balsa." + edge + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others.toArray(String[]::new))
                    .check(CLASSES);
        }
    }

    @Test
    void librariesStayAtTheirEdge() {
        onlyIn("io.balsa.storage..", "org.lmdbjava..");
        onlyIn("io.balsa.metrics..", "io.micrometer..", "io.prometheus..");
        noClasses()
                .that()
                .resideOutsideOfPackages("io.balsa", "io.balsa.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackages("io.balsa", "io.balsa.client..", "io.balsa.http..", "io.balsa.transport..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx..", "io.netty..")
                .check(CLASSES);
    }

    private static void onlyIn(String owner, String... libraries) {
        noClasses()
                .that()
                .resideOutsideOfPackage(owner)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(libraries)
                .check(CLASSES);
    }

    @Test
    void theCoresReadNoClockAndDrawNoChanceOfTheirOwn() throws IOException {
        Pattern banned = Pattern.compile(
                "System\\.(nanoTime|currentTimeMillis)|Instant\\.now|Math\\.random|new Random\\("
                        + "|ThreadLocalRandom|UUID\\.randomUUID|Thread\\.|Set\\.of\\(|Map\\.of\\(|HashMap|HashSet|Collectors\\.toSet");
        assertThat(linesThatMatch(banned, "raft", "kv")).isEmpty();
    }

    @Test
    void namesSayWhatAThingIs() {
        assertThat(CLASSES.stream()
                        .map(type -> type.getSimpleName())
                        .filter(name ->
                                name.matches(".*(Impl|Manager|Util|Utils|Helper)") || name.startsWith("Abstract")))
                .isEmpty();
    }

    @Test
    void nobodyPrintsOrSleeps() throws IOException {
        Pattern banned = Pattern.compile("printStackTrace|Thread\\.sleep|System\\.out\\.print");
        assertThat(linesThatMatch(banned, "raft", "kv", "node", "storage", "transport", "http", "metrics"))
                .isEmpty();
    }

    @Test
    void filesAreShort() throws IOException {
        List<String> long_ = new ArrayList<>();
        for (Path source : sources()) {
            List<String> lines = Files.readAllLines(source);
            if (lines.size() > FILE_LINES_MAX && lines.stream().noneMatch(line -> line.contains(JUSTIFICATION))) {
                long_.add(source + ": " + lines.size() + " lines");
            }
        }
        assertThat(long_).isEmpty();
    }

    @Test
    void methodsAreShort() throws IOException {
        var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "the tests need a JDK");
        List<String> long_ = new ArrayList<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            Iterable<? extends JavaFileObject> units = files.getJavaFileObjectsFromPaths(sources());
            JavacTask task = (JavacTask) compiler.getTask(null, files, null, List.of("-proc:none"), null, units);
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                unit.accept(new LongMethods(positions, unit, long_), null);
            }
        }
        assertThat(long_).isEmpty();
    }

    private static final class LongMethods extends TreeScanner<Void, Void> {
        private final SourcePositions positions;
        private final CompilationUnitTree unit;
        private final List<String> found;

        LongMethods(SourcePositions positions, CompilationUnitTree unit, List<String> found) {
            this.positions = positions;
            this.unit = unit;
            this.found = found;
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            long first = line(positions.getStartPosition(unit, method));
            long last = line(positions.getEndPosition(unit, method));
            if (last - first + 1 > METHOD_LINES_MAX && !method.toString().contains(JUSTIFICATION)) {
                found.add(unit.getSourceFile().getName() + ": " + method.getName() + " has " + (last - first + 1)
                        + " lines");
            }
            return super.visitMethod(method, null);
        }

        private long line(long position) {
            return unit.getLineMap().getLineNumber(position);
        }
    }

    private static List<String> linesThatMatch(Pattern banned, String... packages) throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            boolean concerned =
                    Stream.of(packages).anyMatch(name -> source.toString().contains("/balsa/" + name + "/"));
            if (!concerned) {
                continue;
            }
            for (String line : Files.readAllLines(source)) {
                boolean comment = line.strip().startsWith("*") || line.strip().startsWith("//");
                if (!comment && banned.matcher(line).find()) {
                    found.add(source.getFileName() + ": " + line.strip());
                }
            }
        }
        return found;
    }

    private static List<Path> sources() throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path root : List.of(Path.of("src/main/java"), Path.of("../kv-client/src/main/java"))) {
            try (Stream<Path> tree = Files.walk(root)) {
                tree.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
            }
        }
        assertThat(found).hasSizeGreaterThan(40);
        return found;
    }
}
