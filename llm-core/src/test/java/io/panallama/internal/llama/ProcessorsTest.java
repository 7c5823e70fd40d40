package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EngineStartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorsTest {
  @TempDir private Path root;

  private void allowed(String list) throws IOException {
    Path status = Files.createDirectories(root.resolve("proc/self")).resolve("status");
    Files.writeString(
        status, "Name:\tjava\nCpus_allowed:\t10f\nCpus_allowed_list:\t" + list + "\nMems_allowed_list:\t0\n");
  }

  @Test
  void processorsOfTheProcessCanBeChosen() throws IOException {
    allowed("0-3,8");
    assertThatCode(() -> Processors.require(Set.of(0, 3, 8), root)).doesNotThrowAnyException();
    assertThatCode(() -> Processors.require(Set.of(), root)).doesNotThrowAnyException();
  }

  @Test
  void othersAreRefused() throws IOException {
    allowed("0-3,8");
    assertThatThrownBy(() -> Processors.require(Set.of(1, 9, 5), root))
        .isInstanceOf(EngineStartException.class)
        .hasMessage(
            "placement.processors has 5, but this process may run on 0-3,8 only; name some of these, or none for all of"
                + " them.");
  }

  @Test
  void anyCanBeChosenWhereTheSystemDoesNotTell() {
    assertThatCode(() -> Processors.require(Set.of(99), root)).doesNotThrowAnyException();
  }
}
