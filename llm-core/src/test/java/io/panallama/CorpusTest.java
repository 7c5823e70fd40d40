package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.gguf.GgufTarget;
import io.panallama.internal.schema.SchemaTarget;
import io.panallama.internal.types.PartialJsonTarget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The corpora of the coverage-guided fuzzers, each input once; what a fuzzer found is among them. */
class CorpusTest {
  /** What a fuzzer calls with an input. */
  interface Target {
    void run(byte[] input) throws Exception;
  }

  static Stream<Arguments> targets() {
    return Stream.of(
        Arguments.of("GgufTarget", (Target) GgufTarget::fuzzerTestOneInput),
        Arguments.of("SchemaTarget", (Target) SchemaTarget::fuzzerTestOneInput),
        Arguments.of("PartialJsonTarget", (Target) PartialJsonTarget::fuzzerTestOneInput));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("targets")
  void isReadOrRefused(String name, Target target) throws Exception {
    try (Stream<Path> files = Files.list(Path.of("src", "test", "corpus", name))) {
      List<Path> inputs = files.sorted().toList();
      assertThat(inputs).isNotEmpty();
      for (Path input : inputs) {
        target.run(Files.readAllBytes(input));
      }
    }
  }
}
