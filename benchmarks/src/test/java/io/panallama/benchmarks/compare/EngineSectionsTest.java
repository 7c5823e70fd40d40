package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineSectionsTest {
  private static final Section PLANNED =
      new Section("batch", "Several streams", "llama-batched-bench", "", List.of(), Section.Findings.none(), "");

  private static JsonNode json(String text) throws JsonProcessingException {
    return new ObjectMapper().readTree(text.replace('\'', '"'));
  }

  @Test
  void theSamplesOfBothSidesBecomeRounds() throws JsonProcessingException {
    Section section =
        EngineSections.read(
            PLANNED,
            json(
                """
                {'comparisons': [
                  {'name': 'B=1', 'unit': 'tokens/s', 'ours': {'samples': [90, 80]}, 'theirs': {'samples': [100, 100]}},
                  {'name': 'B=16', 'unit': 'tokens/s', 'ours': {'samples': [300, 310]}, 'theirs': {'samples': [200, 200]}}]}
                """));
    assertThat(section.findings().measures().getFirst().ratios()).containsExactly(0.9, 0.8);
    assertThat(section.findings().trends().getFirst().points().stream().map(Trend.Point::at))
        .containsExactly("1", "16");
    assertThat(section.isWhole()).isTrue();
  }

  @Test
  void roundsThatOnlyOneSideHasAreAFailure() {
    assertThatThrownBy(() ->
            EngineSections.read(
                PLANNED, json("{'comparisons': [{'name': 'B=1', 'unit': 'tokens/s', 'ours': {'samples': [90]}}]}")))
        .isInstanceOf(CompareException.class)
        .hasMessageContaining("ours was measured 1 times, theirs 0 times");
  }

  @Test
  void nothingIsAFailure() {
    assertThatThrownBy(() -> EngineSections.read(PLANNED, json("{}"))).isInstanceOf(CompareException.class);
  }
}
