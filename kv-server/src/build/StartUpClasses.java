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
import org.objectweb.asm.Handle;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * Changes class files of a jar that would make every start of it longer; what they do stays as it is.
 *
 * <ul>
 *   <li>Those older than Java 6's format lack the frames that the verifier reads, so a JVM keeps them out of its class archives,
 *       and reads and verifies them at each start: all of picocli and of ASM. They get frames, and Java 17's format.
 *   <li>Where strings are joined by {@code invokedynamic}, as Logback and Vert.x do, the JVM makes classes for each such place at
 *       run time, which no archive can hold. A method of the same class joins them
 *       instead, with a {@code StringBuilder}, as older compilers had it.
 * </ul>
 *
 * <p>A jar that holds no such class file is left alone. {@code java -cp asm.jar StartUpClasses.java the.jar}, as {@code kv-server/pom.xml}
 * calls it. Every class that it has written is verified by this JVM before the jar is replaced.
 */
public final class StartUpClasses {
    /** The first version whose class files have frames. */
    private static final int FRAMES_SINCE = Opcodes.V1_6;

    private static final String CONCAT_FACTORY = "java/lang/invoke/StringConcatFactory";
    private static final String BUILDER = "java/lang/StringBuilder";

    private StartUpClasses() {}

    public static void main(String... arguments) throws IOException {
        Path jar = Path.of(arguments[0]);
        Path written = jar.resolveSibling(jar.getFileName() + ".new");
        List<String> changed = rewrite(jar, written);
        if (changed.isEmpty()) {
            Files.delete(written);
            return;
        }
        verify(written, changed);
        Files.move(written, jar, StandardCopyOption.ATOMIC_MOVE);
        System.out.println(changed.size() + " class files of " + jar.getFileName() + " were made fit for a class archive");
    }

    /** Writes all that {@code source} holds to {@code target}; returns the names of the classes that were changed. */
    private static List<String> rewrite(Path source, Path target) throws IOException {
        List<String> changed = new ArrayList<>();
        try (JarFile jar = new JarFile(source.toFile());
                URLClassLoader classes = loader(source);
                OutputStream file = new BufferedOutputStream(Files.newOutputStream(target));
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                byte[] bytes = jar.getInputStream(entry).readAllBytes();
                String name = entry.getName();
                if (name.endsWith(".class") && !name.startsWith("META-INF/")) { // There for other versions of Java.
                    byte[] better = majorVersion(bytes) < FRAMES_SINCE ? withFrames(bytes, classes) : withoutConcats(bytes);
                    if (better != bytes) {
                        changed.add(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                        bytes = better;
                    }
                }
                ZipEntry copy = new ZipEntry(name);
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                out.write(bytes);
                out.closeEntry();
            }
        }
        return changed;
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

    /** The same bytes where no strings are joined by {@code invokedynamic}; else each such place calls a method of its own. */
    private static byte[] withoutConcats(byte[] classFile) {
        ClassReader reader = new ClassReader(classFile);
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        boolean isInterface = (reader.getAccess() & Opcodes.ACC_INTERFACE) != 0;
        List<Runnable> joins = new ArrayList<>();
        ClassVisitor calls = new ClassVisitor(Opcodes.ASM9, writer) {
            @Override
            public MethodVisitor visitMethod(int access, String name, String descriptor, String of, String[] exceptions) {
                return new MethodVisitor(Opcodes.ASM9, super.visitMethod(access, name, descriptor, of, exceptions)) {
                    @Override
                    public void visitInvokeDynamicInsn(String name, String types, Handle bootstrap, Object... arguments) {
                        if (!bootstrap.getOwner().equals(CONCAT_FACTORY) || arguments.length == 0) {
                            super.visitInvokeDynamicInsn(name, types, bootstrap, arguments);
                            return;
                        }
                        String join = "join$" + joins.size();
                        visitMethodInsn(Opcodes.INVOKESTATIC, reader.getClassName(), join, types, isInterface);
                        int synthetic = Opcodes.ACC_PRIVATE | Opcodes.ACC_STATIC | Opcodes.ACC_SYNTHETIC;
                        joins.add(() -> join(writer.visitMethod(synthetic, join, types, null, null), types, arguments));
                    }
                };
            }
        };
        reader.accept(calls, 0);
        joins.forEach(Runnable::run);
        return joins.isEmpty() ? classFile : writer.toByteArray();
    }

    /**
     * The method that joins its parameters.
     *
     * @param recipe how, as {@link java.lang.invoke.StringConcatFactory} documents it, and the constants that it uses
     */
    private static void join(MethodVisitor code, String descriptor, Object[] recipe) {
        code.visitCode();
        code.visitTypeInsn(Opcodes.NEW, BUILDER);
        code.visitInsn(Opcodes.DUP);
        code.visitMethodInsn(Opcodes.INVOKESPECIAL, BUILDER, "<init>", "()V", false);
        Type[] types = Type.getArgumentTypes(descriptor);
        int parameter = 0;
        int local = 0;
        int constant = 1;
        StringBuilder literal = new StringBuilder();
        for (char c : ((String) recipe[0]).toCharArray()) {
            if (c == '\1') {
                appendConstant(code, literal);
                Type type = types[parameter++];
                code.visitVarInsn(type.getOpcode(Opcodes.ILOAD), local);
                local += type.getSize();
                append(code, appended(type));
            } else if (c == '\2') {
                literal.append(recipe[constant++]);
            } else {
                literal.append(c);
            }
        }
        appendConstant(code, literal);
        code.visitMethodInsn(Opcodes.INVOKEVIRTUAL, BUILDER, "toString", "()Ljava/lang/String;", false);
        code.visitInsn(Opcodes.ARETURN);
        code.visitMaxs(0, 0);
        code.visitEnd();
    }

    private static void appendConstant(MethodVisitor code, StringBuilder text) {
        if (text.length() > 0) {
            code.visitLdcInsn(text.toString());
            append(code, "Ljava/lang/String;");
            text.setLength(0);
        }
    }

    private static void append(MethodVisitor code, String parameter) {
        String descriptor = "(" + parameter + ")L" + BUILDER + ";";
        code.visitMethodInsn(Opcodes.INVOKEVIRTUAL, BUILDER, "append", descriptor, false);
    }

    /** Of the {@code append} that takes a value of that type. */
    private static String appended(Type type) {
        return switch (type.getSort()) {
            case Type.BYTE, Type.SHORT, Type.INT -> "I";
            case Type.BOOLEAN, Type.CHAR, Type.LONG, Type.FLOAT, Type.DOUBLE -> type.getDescriptor();
            default -> type.equals(Type.getType(String.class)) ? "Ljava/lang/String;" : "Ljava/lang/Object;";
        };
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
