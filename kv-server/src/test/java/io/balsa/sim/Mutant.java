package io.balsa.sim;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** The server with one planted bug: its patched sources, compiled in memory and loaded with everything around them. */
final class Mutant {
    private static final Path SOURCES = Path.of("src/main/java/io/balsa");
    private static final List<String> OWN_PACKAGES =
            List.of("io.balsa.raft.", "io.balsa.node.", "io.balsa.kv.", "io.balsa.sim.");

    private final Loader loader;

    /** Compiles; throws AssertionError when a snippet is not there, or the patched source is no Java. */
    Mutant(Bug bug) throws IOException {
        Map<String, String> sources = new TreeMap<>();
        for (Bug.Patch patch : bug.patches()) {
            String source = sources.get(patch.file());
            if (source == null) {
                source = Files.readString(SOURCES.resolve(patch.file()));
            }
            int at = source.indexOf(patch.snippet());
            if (at < 0 || source.indexOf(patch.snippet(), at + 1) >= 0) {
                throw new AssertionError("the bug '" + bug + "' patches a snippet that is not in " + patch.file()
                        + " exactly once; move the patch along with the source:\n" + patch.snippet());
            }
            sources.put(patch.file(), source.replace(patch.snippet(), patch.replacement()));
        }
        loader = new Loader(compile(bug, sources));
    }

    private static Map<String, byte[]> compile(Bug bug, Map<String, String> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<JavaFileObject> units = new ArrayList<>();
        sources.forEach((file, source) -> units.add(new Source(file, source)));
        StringWriter complaints = new StringWriter();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path", ""));
        List<String> options = List.of("--release", "17", "-proc:none", "-nowarn", "-classpath", classPath);
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Output output = new Output(files)) {
            boolean compiled = compiler.getTask(complaints, output, null, options, null, units)
                    .call();
            if (!compiled) {
                throw new AssertionError("the bug '" + bug + "' does not compile:\n" + complaints);
            }
            return output.classes();
        }
    }

    /** Calls a public static method of one of the patched server's classes; its AssertionError comes out as it is. */
    @Nullable
    Object call(String className, String method, Class<?> parameter, Object argument) {
        try {
            Class<?> type = Class.forName(className, true, loader);
            Method called = type.getMethod(method, parameter);
            return called.invoke(null, argument);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof AssertionError failure) {
                throw failure;
            }
            throw new IllegalStateException(thrown.getCause());
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
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

    private static final class Compiled extends SimpleJavaFileObject {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Compiled(String className) {
            super(URI.create("mem:///" + className.replace('.', '/') + ".class"), Kind.CLASS);
        }

        @Override
        public OutputStream openOutputStream() {
            return bytes;
        }
    }

    /** Keeps what the compiler writes. */
    private static final class Output extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, Compiled> compiled = new TreeMap<>();

        Output(StandardJavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return compiled.computeIfAbsent(className, Compiled::new);
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new TreeMap<>();
            compiled.forEach((name, file) -> classes.put(name, file.bytes.toByteArray()));
            return classes;
        }
    }

    /** Loads the server and the simulation anew, the patched classes among them; everything else is the test's own. */
    private static final class Loader extends ClassLoader {
        private final Map<String, byte[]> patched;

        Loader(Map<String, byte[]> patched) {
            super(Mutant.class.getClassLoader());
            this.patched = patched;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (OWN_PACKAGES.stream().noneMatch(name::startsWith)) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null) {
                    byte[] bytes = bytes(name);
                    loaded = defineClass(name, bytes, 0, bytes.length);
                }
                return loaded;
            }
        }

        private byte[] bytes(String name) throws ClassNotFoundException {
            byte[] bytes = patched.get(name);
            if (bytes != null) {
                return bytes;
            }
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                return in.readAllBytes();
            } catch (IOException failure) {
                throw new ClassNotFoundException(name, failure);
            }
        }
    }
}
