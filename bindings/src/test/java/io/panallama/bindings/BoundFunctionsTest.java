package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is bound is called, and the loader asks for nothing else: a library is refused for what somebody would miss. */
class BoundFunctionsTest {
  private static final Pattern CALL = Pattern.compile("\\bLlamaCpp(?:\\.|::)\\s*(\\w+)");

  private final IncludeList includes = IncludeList.read();

  @Test
  void everyBoundFunctionIsCalledByHandWrittenCode() throws IOException {
    assertThat(unused(includes, callsOfAllModules()))
        .as("functions that jextract/includes.txt binds and no hand-written code calls")
        .isEmpty();
  }

  @Test
  void aReservedFunctionThatIsCalledMovesToItsGroup() throws IOException {
    Set<String> called = new TreeSet<>(includes.reservedFunctions());
    called.retainAll(callsOfAllModules());

    assertThat(called).as("functions that jextract/includes.txt lists as reserved, but that are called").isEmpty();
  }

  @Test
  void theLoaderRequiresWhatIsBound() {
    assertThat(AbiCheck.boundFunctions()).containsExactlyElementsOf(includes.functions());
  }

  @Test
  void findsAFunctionThatNobodyCalls() {
    IncludeList list =
        IncludeList.of(
            """
            # llama.h: samplers
            --include-function llama_called
            --include-function llama_forgotten

            # reserved: for later
            --include-function llama_later
            """);

    assertThat(unused(list, calls("x = LlamaCpp.llama_called(1); // llama_forgotten")))
        .containsExactly("llama_forgotten");
  }

  private static Set<String> unused(IncludeList includes, Collection<String> called) {
    Set<String> unused = includes.functions();
    unused.removeAll(called);
    unused.removeAll(includes.reservedFunctions());
    return unused;
  }

  private static Set<String> callsOfAllModules() throws IOException {
    Path root = Path.of("").toAbsolutePath().getParent();
    List<Path> sources;
    try (Stream<Path> files = Files.walk(root)) {
      sources = files.filter(file -> isHandWritten(root.relativize(file).toString().replace('\\', '/'))).toList();
    }
    Set<String> calls = new TreeSet<>();
    for (Path source : sources) {
      calls.addAll(calls(Files.readString(source)));
    }
    assertThat(calls).contains("panallama_decode", "llama_model_load_from_file");
    return calls;
  }

  private static boolean isHandWritten(String file) {
    return file.endsWith(".java")
        && file.contains("/src/")
        && !file.contains("/src/generated/")
        && !file.contains("/target/");
  }

  /** Also what is imported statically, since an import that is not used does not pass the format check. */
  private static Set<String> calls(String source) {
    Set<String> names = new TreeSet<>();
    Matcher matcher = CALL.matcher(source);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
