package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.TestEngines;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.EngineStartException;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever fails half way gives its reference back: after its owner closed it, no weights stay in memory. */
@Timeout(120)
class ModelReferencesTest {
  @TempDir Path folder;
  private ModelHandle model;

  @BeforeEach
  void load() {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    Natives.load();
    model = ModelHandle.load(file, ModelConfig.defaults());
  }

  @AfterEach
  void everythingIsFreed() {
    model.close();
    assertThat(model.isFreed()).isTrue();
  }

  private static EngineConfig config() {
    return TestEngines.config().toBuilder()
        .contextSize(64)
        .batchSize(16)
        .microBatchSize(16)
        .threads(1)
        .batchThreads(1)
        .slots(1)
        .build();
  }

  @Test
  void aChainRetainsTheModelUntilItIsClosed() {
    SamplerChain chain = SamplerChain.create(model, Sampling.greedy(), new int[0]);
    model.close();
    assertThat(model.isFreed()).isFalse();
    chain.close();
    chain.close();
  }

  @Test
  void aRefusedGrammarLeavesNoChain() {
    AnswerConstraint broken = AnswerConstraint.ofGrammar("grammar", "root ::= (");
    assertThatThrownBy(
            () -> SamplerChain.create(model, Sampling.greedy(), new int[0], broken, GenerationOptions.defaults()))
        .isInstanceOf(InvalidRequestException.class);
  }

  /** The failure comes after the native chain is made and before anything is added to it. */
  @Test
  @SuppressWarnings("DataFlowIssue")
  void aChainThatFailsAtItsBeginningLeavesNone() {
    assertThatThrownBy(
            () -> SamplerChain.create(model, Sampling.greedy(), new int[0], null, GenerationOptions.defaults()))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void aRefusedTemplateLeavesNone() {
    assertThatThrownBy(() -> TemplateHandle.create(model, "{% if %}")).isInstanceOf(ChatTemplateException.class);
  }

  @Test
  void aDecoderRetainsTheModelUntilItIsClosed() {
    NativeDecoder decoder = NativeDecoder.create(model, config());
    model.close();
    assertThat(model.isFreed()).isFalse();
    decoder.close();
    decoder.close();
  }

  @Test
  void aContextThatLlamaCppRefusesLeavesNone() {
    EngineConfig refused =
        config().toBuilder().flashAttention(FlashAttention.DISABLED).valueType(KvCacheType.Q8_0).build();
    assertThatThrownBy(() -> NativeDecoder.create(model, refused))
        .isInstanceOf(EngineStartException.class)
        .hasMessageContaining("flash_attn");
  }

  /** Of the capture that belongs to the decoder, not of one that ended with the context's creation. */
  @Test
  void aFailedStepHasLlamaCppsWords() {
    try (NativeDecoder decoder = NativeDecoder.create(model, config())) {
      decoder.batch().clear();
      decoder.batch().addToken(1, 0, 0, false);
      decoder.batch().addToken(1, 5, 0, true);
      assertThat(decoder.decode()).isEqualTo(NativeDecoder.Status.FAILED);
      assertThat(decoder.failure()).contains("positions");
    }
  }
}
