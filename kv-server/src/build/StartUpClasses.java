import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;

/**
 * Brings the class files of a jar that are older than Java 6's format to Java 17's. They lack the frames that the verifier reads, so
 * a JVM keeps them out of its class archives, and reads and verifies them at each start: all of picocli and of ASM. Their code
 * stays as it is. A jar that holds no such class file is left alone.
 *
 * <p>{@code java -cp asm.jar ClassFrames.java the.jar}, as {@code kv-server/pom.xml} calls it. Every class that it has written is
 * verified by this JVM before the jar is replaced.
 */
public final class ClassFrames {
    /** The first version whose class files have frames. */
    private static final int FRAMES_SINCE = Opcodes.V1_6;

    private ClassFrames() {}

    public static void main(String... arguments) throws IOException {
        Path jar = Path.of(arguments[0]);
        Path written = jar.resolveSibling(jar.getFileName() + ".new");
        List<String> upgraded = upgrade(jar, written);
        if (upgraded.isEmpty()) {
            Files.delete(written);
            return;
        }
        verify(written, upgraded);
        Files.move(written, jar, StandardCopyOption.ATOMIC_MOVE);
        System.out.println(upgraded.size() + " class files of " + jar.getFileName() + " have frames now");
    }

    /** Writes all that {@code source} holds to {@code target}; returns the names of the classes that were upgraded. */
    private static List<String> upgrade(Path source, Path target) throws IOException {
        List<String> upgraded = new ArrayList<>();
        try (JarFile jar = new JarFile(source.toFile());
                URLClassLoader classes = loader(source);
                OutputStream file = new BufferedOutputStream(Files.newOutputStream(target));
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                byte[] bytes = jar.getInputStream(entry).readAllBytes();
                String name = entry.getName();
                if (name.endsWith(".class") && majorVersion(bytes) < FRAMES_SINCE) {
                    bytes = withFrames(bytes, classes);
                    upgraded.add(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                }
                ZipEntry copy = new ZipEntry(name);
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                out.write(bytes);
                out.closeEntry();
            }
        }
        return upgraded;
    }

    private static URLClassLoader loader(Path jar) throws IOException {
        return new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
    }

    private static int majorVersion(byte[] classFile) {
        return (classFile[6] & 0xff) << 8 | (classFile[7] & 0xff);
    }

    private static byte[] withFrames(byte[] classFile, ClassLoader classes) {
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_FRAMES) {
            @Override
            protected ClassLoader getClassLoader() {
                return classes;
            }
        };
        ClassVisitor upgrade = new ClassVisitor(Opcodes.ASM9, writer) {
            @Override
            public void visit(int version, int access, String name, String of, String superName, String[] interfaces) {
                super.visit(Opcodes.V17, access, name, of, superName, interfaces);
            }
        };
        new ClassReader(classFile).accept(upgrade, ClassReader.SKIP_FRAMES);
        return writer.toByteArray();
    }

    /** To list its methods the JVM links a class, and verifies it for that. */
    private static void verify(Path jar, List<String> names) throws IOException {
        try (URLClassLoader classes = loader(jar)) {
            for (String name : names) {
                try {
                    Class.forName(name, false, classes).getDeclaredMethods();
                } catch (ClassNotFoundException | NoClassDefFoundError optional) {
                    // It needs a class that is not in the jar, so nobody uses it.
                }
            }
        }
    }
}
