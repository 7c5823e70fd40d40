package io.panallama.search.internal.rank;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.internal.rank.ReciprocalRankFusion.Scored;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReciprocalRankFusionTest {
  @Test
  void scoresAreSumsOfReciprocalPlaces() {
    List<Scored<String>> fused = ReciprocalRankFusion.fuse(List.of(List.of("a", "b", "c"), List.of("c", "a", "d")));

    assertThat(fused)
        .containsExactly(
            new Scored<>("a", 1.0 / 61 + 1.0 / 62),
            new Scored<>("c", 1.0 / 63 + 1.0 / 61),
            new Scored<>("b", 1.0 / 62),
            new Scored<>("d", 1.0 / 63));
  }

  /** An item that both rankings have far down goes before one that a single ranking has first. */
  @Test
  void agreementCountsMoreThanOnePlace() {
    List<String> first = List.of("x", "1", "2", "3", "both");
    List<String> second = List.of("y", "4", "5", "6", "both");
    assertThat(ReciprocalRankFusion.fuse(List.of(first, second)).getFirst().item()).isEqualTo("both");
  }

  @Test
  void equalScoresKeepTheOrderOfTheRankings() {
    assertThat(ReciprocalRankFusion.fuse(List.of(List.of("a", "b"), List.of("c", "d"))))
        .extracting(Scored::item)
        .containsExactly("a", "c", "b", "d");
    assertThat(ReciprocalRankFusion.fuse(List.<List<String>>of())).isEmpty();
  }
}
