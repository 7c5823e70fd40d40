package io.panallama.search.answer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of answers with citations compile: that of the package, and that of docs/search.md. */
class AnswerSnippetTest {
  private static final String SURROUNDINGS =
      """
      import io.panallama.*;
      import io.panallama.request.*;
      import io.panallama.search.*;
      import io.panallama.search.answer.*;
      import java.util.*;
      class Snippet {
        void run(Engine engine, Retriever retriever, String question) throws Exception {
      %s
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void theExampleOfThePackageCompiles() throws IOException {
    String text = Files.readString(Path.of("src/main/java/io/panallama/search/answer/package-info.java"));
    compile(found("<pre>\\{@code\\n(.*?)\\n \\* }</pre>", text).replaceAll("(?m)^ \\* ?", ""));
  }

  @Test
  void theExampleOfTheManualCompiles() throws IOException {
    String text = Files.readString(Path.of("../docs/search.md"));
    compile(found("## Answers with citations\\R.*?```java\\n(.*?)```", text));
  }

  private static String found(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }

  private void compile(String code) throws IOException {
    Path file = Files.writeString(folder.resolve("Snippet.java"), SURROUNDINGS.formatted(code));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options =
        List.of("-classpath", System.getProperty("java.class.path"), "-d", folder.toString(), "-proc:none");
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(found, null, null)) {
      compiler.getTask(new StringWriter(), manager, found, options, null, manager.getJavaFileObjects(file)).call();
    }
    assertThat(
            found.getDiagnostics().stream()
                .filter(each -> each.getKind() == Diagnostic.Kind.ERROR)
                .map(Object::toString))
        .isEmpty();
  }
}
