package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.dialect.fields.JsonBodyTarget;
import io.panallama.server.http.FramingTarget;
import io.panallama.server.http.HeaderTarget;
import io.panallama.server.http.HpackTarget;
import io.panallama.server.http.Http2FrameTarget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The corpora of the coverage-guided fuzzers, each input once; what a fuzzer found is among them. */
class CorpusTest {
  static Stream<Arguments> targets() {
    return Stream.of(
        Arguments.of("FramingTarget", (Consumer<byte[]>) FramingTarget::fuzzerTestOneInput),
        Arguments.of("HeaderTarget", (Consumer<byte[]>) HeaderTarget::fuzzerTestOneInput),
        Arguments.of("HpackTarget", (Consumer<byte[]>) HpackTarget::fuzzerTestOneInput),
        Arguments.of("Http2FrameTarget", (Consumer<byte[]>) Http2FrameTarget::fuzzerTestOneInput),
        Arguments.of("JsonBodyTarget", (Consumer<byte[]>) JsonBodyTarget::fuzzerTestOneInput));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("targets")
  void isReadOrRefused(String name, Consumer<byte[]> target) throws Exception {
    try (Stream<Path> files = Files.list(Path.of("src", "test", "corpus", name))) {
      List<Path> inputs = files.sorted().toList();
      assertThat(inputs).isNotEmpty();
      for (Path input : inputs) {
        target.accept(Files.readAllBytes(input));
      }
    }
  }
}
