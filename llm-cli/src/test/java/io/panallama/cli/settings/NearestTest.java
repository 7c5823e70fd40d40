package io.panallama.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
  @ParameterizedTest
  @CsvSource({
    "'', '', 0",
    "port, port, 0",
    "prot, port, 1",
    "pot, port, 1",
    "sport, port, 1",
    "part, port, 1",
    "abc, x, 3"
  })
  void distanceCountsEditsAndSwaps(String left, String right, int distance) {
    assertThat(Nearest.distance(left, right)).isEqualTo(distance);
    assertThat(Nearest.distance(right, left)).isEqualTo(distance);
  }

  @Test
  void onlyWhatIsNearEnoughIsSuggested() {
    List<String> words = List.of("serve", "run", "bench", "threads", "batch-threads");

    assertThat(Nearest.to("sreve", words)).contains("serve");
    assertThat(Nearest.to("ruin", words)).contains("run");
    assertThat(Nearest.to("thread", words)).contains("threads");
    assertThat(Nearest.to("teleport", words)).isEmpty();
    assertThat(Nearest.to("x", words)).isEmpty();
    assertThat(Nearest.question("ruin", words)).isEqualTo("; did you mean 'run'?");
    assertThat(Nearest.question("teleport", words)).isEmpty();
  }
}
