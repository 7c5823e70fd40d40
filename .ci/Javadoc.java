import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes the API documentation of all published modules as one site and fails on the first warning.
 *
 * <p>{@code Javadoc.java ROOT LIBRARIES OUTPUT}: the checkout, the folder of the jars that the modules need, and where the site
 * goes. The javadoc plugin of Maven can't write that one site: it reads module descriptors with the JVM that runs Maven,
 * which may be older than their class files.
 */
final class Javadoc {
  /** Module name to source roots. */
  private static final Map<String, List<String>> MODULES = new LinkedHashMap<>();

  static {
    MODULES.put("io.panallama", List.of("llm-core/src/main/java"));
    MODULES.put("io.panallama.server", List.of("llm-server/src/main/java"));
    MODULES.put("io.panallama.models", List.of("llm-models/src/main/java"));
    MODULES.put("io.panallama.search", List.of("llm-search/src/main/java"));
    MODULES.put("io.panallama.load", List.of("benchmarks/load/src/main/java"));
    MODULES.put("io.panallama.demo", List.of("demo-model/src/main/java"));
    MODULES.put("io.panallama.platform", List.of("platform/src/main/java"));
    MODULES.put("io.panallama.bindings", List.of("bindings/src/main/java", "bindings/src/generated/java"));
  }

  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      System.err.println("usage: Javadoc.java ROOT LIBRARIES OUTPUT");
      System.exit(2);
    }
    Path root = Path.of(args[0]);
    List<String> options = new ArrayList<>(List.of("-quiet", "-Werror", "-Xdoclint:all,-missing", "-notimestamp"));
    options.addAll(List.of("-d", args[2], "--module-path", libraries(Path.of(args[1]))));
    MODULES.forEach((name, sources) -> {
      options.add("--module-source-path");
      options.add(
          name + "=" + sources.stream().map(root::resolve).map(Path::toString).collect(Collectors.joining(":")));
    });
    List<String> documented = new ArrayList<>(MODULES.keySet());
    // The bindings export nothing to everybody; their sources are read because the core needs them.
    documented.remove("io.panallama.bindings");
    options.addAll(List.of("--module", String.join(",", documented)));
    ToolProvider javadoc = ToolProvider.findFirst("javadoc").orElseThrow();
    System.exit(javadoc.run(System.out, System.err, options.toArray(String[]::new)));
  }

  /** Everything but our own jars, whose sources are read instead. */
  private static String libraries(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> !file.getFileName().toString().startsWith("panallama-"))
          .map(Path::toString)
          .collect(Collectors.joining(":"));
    }
  }
}
