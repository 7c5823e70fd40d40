package io.panallama.search.internal.rank;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.internal.rank.ConvexFusion.Scored;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConvexFusionTest {
  private static final List<Scored<String>> VECTORS =
      List.of(new Scored<>("a", 0.75), new Scored<>("b", 0.5), new Scored<>("c", 0.25));

  @Test
  void scoresAreScaledAndWeighted() {
    List<Scored<String>> words = List.of(new Scored<>("d", 8.0), new Scored<>("b", 4.0));

    assertThat(ConvexFusion.fuse(VECTORS, words, Map.of("d", 0.375), 0.75))
        .containsExactly(
            new Scored<>("a", 0.75),
            new Scored<>("b", 0.75 * 0.5 + 0.25 * 0.5),
            new Scored<>("d", 0.75 * 0.25 + 0.25),
            new Scored<>("c", 0));
  }

  @Test
  void theWeightChoosesTheRanking() {
    List<Scored<String>> words = List.of(new Scored<>("c", 2.0), new Scored<>("b", 1.0));
    assertThat(ConvexFusion.fuse(VECTORS, words, Map.of(), 1))
        .isEqualTo(List.of(new Scored<>("a", 1), new Scored<>("b", 0.5), new Scored<>("c", 0)));
    assertThat(ConvexFusion.fuse(VECTORS, words, Map.of(), 0))
        .isEqualTo(List.of(new Scored<>("c", 1), new Scored<>("b", 0.5), new Scored<>("a", 0)));
  }

  /** A cosine below those of the candidates counts as the least, as does one that is not known. */
  @Test
  void distantVectorsCountAsTheLeast() {
    List<Scored<String>> words = List.of(new Scored<>("x", 3.0), new Scored<>("y", 3.0));
    assertThat(ConvexFusion.fuse(VECTORS, words, Map.of("x", -0.5), 0.5))
        .containsExactly(
            new Scored<>("a", 0.5),
            new Scored<>("x", 0.5),
            new Scored<>("y", 0.5),
            new Scored<>("b", 0.25),
            new Scored<>("c", 0));
  }

  /** Of two passages one has the least cosine, which says little if both are nearly equal. */
  @Test
  void smallDifferencesAreNotStretched() {
    List<Scored<String>> close = List.of(new Scored<>("a", 0.5), new Scored<>("b", 0.49));
    assertThat(ConvexFusion.fuse(close, List.of(new Scored<>("b", 3.0)), Map.of(), 0.7))
        .extracting(Scored::item)
        .containsExactly("b", "a");
  }

  @Test
  void rankingsMayBeEmptyOrFlat() {
    List<Scored<String>> words = List.of(new Scored<>("x", 3.0));
    assertThat(ConvexFusion.fuse(List.<Scored<String>>of(), words, Map.of(), 0.5))
        .containsExactly(new Scored<>("x", 0.5));
    assertThat(ConvexFusion.fuse(List.<Scored<String>>of(), List.of(), Map.of(), 0.5)).isEmpty();
    List<Scored<String>> flat = List.of(new Scored<>("a", 0.5), new Scored<>("b", 0.5));
    assertThat(ConvexFusion.fuse(flat, words, Map.of("x", 0.25), 0.5))
        .containsExactly(new Scored<>("a", 0.5), new Scored<>("b", 0.5), new Scored<>("x", 0.5));
  }
}
