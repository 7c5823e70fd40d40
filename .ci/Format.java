import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/**
 * Runs google-java-format over every hand-written Java file of the tree.
 *
 * <p>{@code Format.java --check DIR} lists the files that are not formatted and exits with 1 if there are any; {@code
 * --write} rewrites them. Generated sources and build outputs are left alone.
 */
final class Format {
  private static final List<String> COMPILER_PACKAGES = List.of("api", "code", "file", "parser", "tree", "util");

  public static void main(String[] args) throws Exception {
    if (args.length != 2 || !List.of("--check", "--write").contains(args[0])) {
      System.err.println("usage: Format.java --check|--write DIR");
      System.exit(2);
    }
    boolean check = args[0].equals("--check");
    if (System.getProperty("panallama.format.child") == null) {
      System.exit(relaunch(args));
    }
    List<String> options = new ArrayList<>(List.of("--max-line-length", "120", "--skip-javadoc-formatting"));
    options.addAll(check ? List.of("--dry-run", "--set-exit-if-changed") : List.of("--replace"));
    for (Path file : sources(Path.of(args[1]))) {
      options.add(file.toString());
    }
    ToolProvider formatter = ToolProvider.findFirst("google-java-format").orElseThrow();
    int status = formatter.run(System.out, System.err, options.toArray(String[]::new));
    if (check && status != 0) {
      System.err.println("The files above are not formatted. Run .ci/format to format them.");
    }
    System.exit(status);
  }

  /** The formatter uses javac's parser, whose packages must be exported on the command line. */
  private static int relaunch(String[] args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-Dpanallama.format.child=true");
    for (String name : COMPILER_PACKAGES) {
      command.add("--add-exports=jdk.compiler/com.sun.tools.javac." + name + "=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Path.of(args[1], ".ci", "Format.java").toString());
    command.addAll(List.of(args));
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private static List<Path> sources(Path root) throws IOException {
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            String name = directory.getFileName().toString();
            boolean skipped = List.of("target", "generated", ".git", "node_modules").contains(name);
            return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
