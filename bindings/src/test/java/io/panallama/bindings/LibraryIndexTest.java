package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.LibraryIndex.Entry;
import io.panallama.bindings.LibraryIndex.Kind;
import io.panallama.bindings.NativeLoadException.Reason;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LibraryIndexTest {
  private static final String HASH = "0123456789abcdef".repeat(4);
  private static final String INDEX =
      """
      panallama-native 1
      platform linux-x64
      backend cuda
      llama 0.5.0
      bridge 7
      file HASH 12 load libggml-base.so
      file HASH 34 backend libggml-cpu-x64.so
      file HASH 0 text LICENSE of llama.cpp
      """
          .replace("HASH", HASH);

  @Test
  void readsFactsAndFilesInOrder() {
    LibraryIndex index = LibraryIndex.parse(INDEX, "index.txt");

    assertThat(index.platform()).isEqualTo("linux-x64");
    assertThat(index.backend()).isEqualTo(Backend.CUDA);
    assertThat(index.llamaVersion()).isEqualTo("0.5.0");
    assertThat(index.bridgeVersion()).isEqualTo(7);
    assertThat(index.files())
        .containsExactly(
            new Entry(HASH, 12, Kind.LOAD, "libggml-base.so"),
            new Entry(HASH, 34, Kind.BACKEND, "libggml-cpu-x64.so"),
            new Entry(HASH, 0, Kind.TEXT, "LICENSE of llama.cpp"));
    assertThat(index.names(Kind.LOAD)).containsExactly("libggml-base.so");
  }

  @Test
  void readsLinesOfWindows() {
    assertThat(LibraryIndex.parse(INDEX.replace("\n", "\r\n"), "index.txt"))
        .isEqualTo(LibraryIndex.parse(INDEX, "index.txt"));
  }

  static Stream<Arguments> damaged() {
    return Stream.of(
        Arguments.of("", "line 1"),
        Arguments.of(INDEX.replace("panallama-native 1", "panallama-native 2"), "line 1"),
        Arguments.of(INDEX.replace("platform linux-x64\n", ""), "'platform' is missing"),
        Arguments.of(INDEX.replace("backend cuda", "backend vulkan"), "'vulkan'"),
        Arguments.of(INDEX.replace("bridge 7", "bridge seven"), "'seven'"),
        Arguments.of(INDEX.replace("llama 0.5.0", "llama"), "line 4"),
        Arguments.of(INDEX.replace(" load ", " text "), "no file to load"),
        Arguments.of(INDEX.replace(HASH + " 12", "0123 12"), "'0123' is not a SHA-256"),
        Arguments.of(INDEX.replace(" 34 backend", " -1 backend"), "line 7: '-1'"),
        Arguments.of(INDEX.replace(" 34 backend", " 34 plugin"), "'plugin'"),
        Arguments.of(INDEX.replace(" libggml-base.so", ""), "line 6"),
        Arguments.of(INDEX.replace("libggml-base.so", "libggml-cpu-x64.so"), "occurs twice"));
  }

  @ParameterizedTest
  @MethodSource
  void damaged(String text, String message) {
    assertCorrupt(text, message);
  }

  @ParameterizedTest
  @MethodSource
  void namesThatLeadElsewhere(String name) {
    assertCorrupt(INDEX.replace("libggml-base.so", name), "is not a plain file name");
  }

  static Stream<String> namesThatLeadElsewhere() {
    return Stream.of("../libggml-base.so", "..", "/etc/passwd", "a\\b.dll", ".hidden");
  }

  private static void assertCorrupt(String text, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> LibraryIndex.parse(text, "META-INF/native/linux-x64/index.txt"))
        .withMessageContaining("META-INF/native/linux-x64/index.txt")
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
  }
}
