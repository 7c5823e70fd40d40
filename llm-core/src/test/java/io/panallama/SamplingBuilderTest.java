package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.InvalidRequestException;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.SamplerStage;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which chain the builder makes. */
class SamplingBuilderTest {
  private static List<String> names(Sampling.Builder builder) {
    return builder.build().chain().stream().map(stage -> stage.getClass().getSimpleName()).toList();
  }

  private static Sampling.Builder everything() {
    return Sampling.builder()
        .repeatPenalty(1.1f)
        .dry(new Sampler.Dry(0.8f, 1.75f, 2, 64, List.of("\n")))
        .topNSigma(2)
        .typicalP(0.9f)
        .xtc(new Sampler.Xtc(0.5f, 0.1f, 1))
        .temperatureRange(0.2f, 1);
  }

  @Test
  void theUsualOrderIsThatOfLlamaCpp() {
    assertThat(names(everything()))
        .containsExactly(
            "Penalties", "Dry", "TopNSigma", "TopK", "Typical", "TopP", "MinP", "Xtc", "DynamicTemperature", "Dist");
    assertThat(names(Sampling.builder())).containsExactly("TopK", "TopP", "MinP", "Temperature", "Dist");
  }

  @Test
  void anOrderNamesWhatIsUsedAndWhen() {
    List<SamplerStage> order = List.of(SamplerStage.TEMPERATURE, SamplerStage.MIN_P, SamplerStage.TOP_K);
    assertThat(names(everything().order(order))).containsExactly("DynamicTemperature", "MinP", "TopK", "Dist");
    assertThat(names(everything().order(List.of()))).containsExactly("Dist");
    List<SamplerStage> twice = List.of(SamplerStage.TOP_K, SamplerStage.INFILL, SamplerStage.TOP_K);
    assertThat(names(Sampling.builder().order(twice))).containsExactly("TopK", "Infill", "TopK", "Dist");
  }

  @Test
  void aChainHasABoundedLength() {
    List<SamplerStage> most = Collections.nCopies(Sampler.MAX_ORDER, SamplerStage.XTC);
    assertThat(names(everything().order(most))).hasSize(Sampler.MAX_ORDER + 1);
    List<SamplerStage> more = Collections.nCopies(Sampler.MAX_ORDER + 1, SamplerStage.XTC);
    // Even where the stage is off: the list itself is bounded.
    for (Sampling.Builder builder : List.of(everything().order(more), Sampling.builder().order(more))) {
      assertThatThrownBy(builder::build)
          .isInstanceOfSatisfying(
              InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("sampling.order"))
          .hasMessageContaining("has 33 stages; at most 32 are allowed");
    }
    List<Sampler> chain = new ArrayList<>(Collections.nCopies(Sampler.MAX_STAGES, new Sampler.TopK(5)));
    chain.add(new Sampler.Dist());
    assertThatThrownBy(() -> Sampling.of(chain, 1))
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("sampling.chain"));
  }

  @Test
  void theTriggersOfAGrammarAreBounded() {
    List<String> patterns = Collections.nCopies(Sampler.MAX_TRIGGERS + 1, "x");
    assertThatThrownBy(() -> new Sampler.LazyGrammar("root ::= \"a\"", "root", patterns, List.of()))
        .hasMessageContaining("65 patterns");
    List<Integer> tokens = Collections.nCopies(Sampler.MAX_TRIGGERS + 1, 3);
    assertThatThrownBy(() -> new Sampler.LazyGrammar("root ::= \"a\"", "root", List.of(), tokens))
        .hasMessageContaining("65 tokens");
  }

  @Test
  void gatesAndBiasesComeFirst() {
    Sampling.Builder builder =
        Sampling.builder()
            .grammar(new Sampler.Grammar("root ::= \"a\"", "root"))
            .banTexts(List.of("b"))
            .logitBias(Map.of(1, 2f, 3, 4f))
            .banTokens(List.of(3))
            .ignoreEnd(true)
            .order(List.of(SamplerStage.TEMPERATURE));
    assertThat(names(builder)).containsExactly("Grammar", "BannedTexts", "LogitBias", "NoEnd", "Temperature", "Dist");
    assertThat(builder.build().chain().get(2))
        .isEqualTo(new Sampler.LogitBias(Map.of(1, 2f, 3, Float.NEGATIVE_INFINITY)));
  }

  @Test
  void temperatureZeroIsGreedyWhereItIsUsed() {
    assertThat(names(everything().temperatureRange(0, 1).temperature(0))).containsExactly("Penalties", "Dry", "Greedy");
    assertThat(names(Sampling.builder().temperature(0).order(List.of(SamplerStage.TOP_K))))
        .containsExactly("TopK", "Dist");
  }

  @Test
  void otherChoosersReplaceTheDraw() {
    assertThat(names(everything().selecting(new Sampler.MirostatV2(5, 0.1f))))
        .containsExactly("Penalties", "Dry", "DynamicTemperature", "MirostatV2");
    assertThat(names(Sampling.builder().selecting(new Sampler.AdaptiveP(0.5f, 0.9f))))
        .containsExactly("TopK", "TopP", "MinP", "Temperature", "AdaptiveP");
  }

  @Test
  void fewestCandidatesReachTheStages() {
    assertThat(Sampling.builder().minKeep(5).build().chain())
        .contains(new Sampler.TopP(0.95f, 5), new Sampler.MinP(0.05f, 5));
    assertThatThrownBy(() -> Sampling.builder().minKeep(-1).build()).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> Sampling.builder().temperatureRange(-1, 1).build())
        .isInstanceOf(InvalidRequestException.class);
  }
}
