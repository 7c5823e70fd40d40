import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar and brings its oldest class files (before Java 6, version 50) to the version of Java 8, by computing the
 * stack maps that they lack. The JVM's AOT cache holds no class without stack maps, so each start would read and verify
 * them anew; picocli is compiled for Java 5.
 *
 * <p>Arguments: the jar, and the folder of the copy, which has the same name.
 */
final class UpgradeClasses {
  private static final int FIRST_WITH_STACK_MAPS = 50;

  private UpgradeClasses() {}

  public static void main(String[] arguments) throws IOException {
    Path original = Path.of(arguments[0]);
    Path copy = Files.createDirectories(Path.of(arguments[1])).resolve(original.getFileName());
    try (ZipFile jar = new ZipFile(original.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(copy))) {
      ClassFile upgrader =
          ClassFile.of(
              StackMapsOption.GENERATE_STACK_MAPS,
              ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing((ClassDesc type) -> open(jar, type))
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      for (ZipEntry entry : Collections.list(jar.entries())) {
        byte[] content;
        try (InputStream in = jar.getInputStream(entry)) {
          content = in.readAllBytes();
        }
        ZipEntry copied = new ZipEntry(entry.getName());
        copied.setTime(entry.getTime());
        out.putNextEntry(copied);
        out.write(isOld(entry, content) ? upgraded(upgrader, content) : content);
        out.closeEntry();
      }
    }
  }

  private static InputStream open(ZipFile jar, ClassDesc type) {
    String name = type.descriptorString();
    ZipEntry entry = jar.getEntry(name.substring(1, name.length() - 1) + ".class");
    try {
      return entry == null ? null : jar.getInputStream(entry);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static boolean isOld(ZipEntry entry, byte[] content) {
    // The version's bytes 6 and 7 are big-endian, and no version has reached 256.
    return entry.getName().endsWith(".class") && content[7] < FIRST_WITH_STACK_MAPS;
  }

  private static byte[] upgraded(ClassFile upgrader, byte[] content) {
    ClassTransform version = ClassTransform.endHandler(type -> type.withVersion(ClassFile.JAVA_8_VERSION, 0));
    ClassTransform stackMaps = ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL);
    return upgrader.transformClass(upgrader.parse(content), stackMaps.andThen(version));
  }
}
