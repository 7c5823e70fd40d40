package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manual of every exported package is its package-info, and the snippet in it compiles. */
class PackageSnippetTest {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern EXPORT = Pattern.compile("exports ([\\w.]+);");
  private static final Pattern SNIPPET = Pattern.compile("<pre>\\{@code\\n(.*?)\\n \\* }</pre>", Pattern.DOTALL);

  /** What the snippets speak of without making it. */
  private static final String SURROUNDINGS =
      """
      import java.io.*;
      import java.nio.file.*;
      import java.time.*;
      import java.util.*;
      %s
      @SuppressWarnings("all")
      abstract class Snippet%d {
        abstract Model model();
        abstract Engine engine();
        abstract GenerationRequest request();

        void run() throws Exception {
          Model model = model();
          Engine engine = engine();
          GenerationRequest request = request();
          {
      %s
          }
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void theSnippetOfEveryExportedPackageCompiles() throws IOException {
    List<String> packages = exportedPackages();
    List<Path> files = new ArrayList<>();
    for (String name : packages) {
      String text = Files.readString(SOURCES.resolve(name.replace('.', '/')).resolve("package-info.java"));
      Matcher snippet = SNIPPET.matcher(text);
      assertThat(snippet.find()).as("%s has a snippet", name).isTrue();
      int number = files.size();
      String code = snippet.group(1).replaceAll("(?m)^ \\* ?", "");
      String source = String.format(Locale.ROOT, SURROUNDINGS, imports(packages), number, withoutOwn(code));
      files.add(Files.writeString(folder.resolve("Snippet" + number + ".java"), source));
    }
    assertThat(errors(files)).as("in the order of %s", packages).isEmpty();
  }

  @Test
  void theExampleOfIsolationInTheManualCompiles() throws IOException {
    String page = Files.readString(Path.of("../docs/library.md"));
    Matcher example =
        Pattern.compile("```java\n((?:(?!```).)*Isolation\\.PROCESS.*?)```", Pattern.DOTALL).matcher(page);
    assertThat(example.find()).isTrue();
    String source =
        String.format(Locale.ROOT, SURROUNDINGS, imports(exportedPackages()), 0, withoutOwn(example.group(1)));
    assertThat(errors(List.of(Files.writeString(folder.resolve("Snippet0.java"), source)))).isEmpty();
  }

  /** A snippet that opens a model of its own must not clash with the one that is there for the others. */
  private static String withoutOwn(String code) {
    boolean opens =
        Pattern.compile("\\b(Model model|Engine engine|GenerationRequest request|ChatRequest request) =")
            .matcher(code)
            .find();
    return opens ? "new Object() { void own() throws Exception {\n" + code + "\n} };" : code;
  }

  private static List<String> exportedPackages() throws IOException {
    return EXPORT
        .matcher(Files.readString(SOURCES.resolve("module-info.java")))
        .results()
        .map(m -> m.group(1))
        .toList();
  }

  private static String imports(List<String> packages) {
    StringBuilder imports = new StringBuilder();
    packages.forEach(name -> imports.append("import ").append(name).append(".*;\n"));
    return imports.toString();
  }

  private List<String> errors(List<Path> files) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options =
        List.of("-classpath", System.getProperty("java.class.path"), "-d", folder.toString(), "-proc:none");
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(found, null, null)) {
      compiler
          .getTask(new StringWriter(), manager, found, options, null, manager.getJavaFileObjectsFromPaths(files))
          .call();
    }
    return found.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(Object::toString)
        .toList();
  }

  @Test
  void everyPackageHasAManual() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES.resolve("io"))) {
      List<Path> folders =
          files.filter(file -> file.toString().endsWith(".java")).map(Path::getParent).distinct().toList();
      assertThat(folders).hasSizeGreaterThan(10);
      assertThat(folders).allSatisfy(one -> assertThat(one.resolve("package-info.java")).exists());
    }
  }
}
