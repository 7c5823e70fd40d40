package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One rule for everyone: a request that leaves sampling alone gets what the model recommends, else llama.cpp's defaults. */
class RecommendedSamplingTest {
  @TempDir Path folder;
  private Model model;
  private Engine engine;

  @BeforeEach
  void start() {
    // Greedy, so that a recommendation can be told from a draw.
    Map<String, MetadataValue> metadata =
        Map.of("general.sampling.temp", MetadataValue.of("0"), "general.sampling.top_k", MetadataValue.of("7"));
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    model = Model.load(file, ModelConfig.builder().metadata(metadata).build());
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterEach
  void close() {
    engine.close();
    model.close();
  }

  private String say(GenerationOptions.Builder options) {
    return engine.generate(CompletionRequest.of("Say").with(options.maxTokens(24).build())).await().text();
  }

  @Test
  void aRequestThatLeavesSamplingAloneGetsTheRecommendation() {
    assertThat(model.recommendedSampling().chain()).containsExactly(new Sampler.Greedy());
    String greedy = say(GenerationOptions.builder().sampling(Sampling.greedy()));
    assertThat(say(GenerationOptions.builder())).isEqualTo(greedy);
    assertThat(say(GenerationOptions.builder())).isEqualTo(greedy);
  }

  @Test
  void llamaCppsDefaultsAreThereForWhoeverAsks() {
    Sampling seeded = Sampling.defaults().toBuilder().seed(3).build();
    String drawn = say(GenerationOptions.builder().sampling(seeded));
    assertThat(say(GenerationOptions.builder().sampling(seeded))).isEqualTo(drawn);
    assertThat(drawn).isNotEqualTo(say(GenerationOptions.builder()));
  }

  @Test
  void singleValuesLieOverTheRecommendation() {
    Sampling warm = Sampling.recommended().toBuilder().temperature(1.5f).seed(3).build();
    Sampling same = Sampling.builder().topK(7).temperature(1.5f).seed(3).build();
    assertThat(warm.over(model.recommendedSampling())).isEqualTo(same);
    assertThat(say(GenerationOptions.builder().sampling(warm)))
        .isEqualTo(say(GenerationOptions.builder().sampling(same)));
  }

  @Test
  void onlyWhatIsLeftOpenIsFilledIn() {
    Sampling recommendation = model.recommendedSampling();
    assertThat(Sampling.recommended().over(recommendation)).isEqualTo(recommendation);
    assertThat(Sampling.defaults().over(recommendation)).isEqualTo(Sampling.defaults());
    assertThat(Sampling.recommended()).isNotEqualTo(Sampling.defaults());
    assertThat(GenerationOptions.defaults().sampling()).isEqualTo(Sampling.recommended());
    Sampling own = Sampling.of(List.of(new Sampler.TopK(3), new Sampler.Dist()), 1);
    assertThat(own.over(recommendation)).isEqualTo(own);
    assertThat(own.toBuilder().seed(2).build()).isEqualTo(Sampling.of(own.chain(), 2));
  }
}
