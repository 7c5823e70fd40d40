package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.GenerationException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MemoryShortageTest {
  private static final long HEAP = 512L << 20;

  @Test
  void theHeapIsNamedWithItsSizeAndItsOption() {
    assertThat(MemoryShortage.message("Java heap space", OptionalLong.empty(), HEAP))
        .startsWith("The Java heap, 512.0 MiB at most, ran out of memory")
        .contains("smaller request", "-Xmx");
    assertThat(MemoryShortage.message(null, OptionalLong.of(300 << 20), HEAP)).startsWith("The Java heap");
  }

  @Test
  void theLimitOfAProcessIsNamedWithItsSizeAndItsOption() {
    assertThat(
            MemoryShortage.message(
                MemoryShortage.ofNative("the chat template").getMessage(), OptionalLong.of(300 << 20), HEAP))
        .startsWith("memoryBytes limits the engine's process to 300.0 MiB")
        .contains("too little for the chat template.", "raise memoryBytes", "800 MiB");
    assertThat(
            MemoryShortage.message(
                "unable to create native thread: possibly out of memory", OptionalLong.of(300 << 20), HEAP))
        .contains("too little for another thread.");
  }

  @Test
  void aMachineWithoutALimitIsNamed() {
    assertThat(MemoryShortage.message(MemoryShortage.ofNative("a thing").getMessage(), OptionalLong.empty(), HEAP))
        .startsWith("This machine has no native memory left for a thing; ")
        .contains("are available");
  }

  @Test
  void theFailureKeepsTheError() {
    OutOfMemoryError none = new OutOfMemoryError("Java heap space");
    GenerationException failure = MemoryShortage.of(none);
    assertThat(failure.reason()).isEqualTo(GenerationException.Reason.OUT_OF_MEMORY);
    assertThat(failure).hasCause(none);
  }
}
