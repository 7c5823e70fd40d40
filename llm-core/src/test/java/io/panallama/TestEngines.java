package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.HashMap;
import java.util.Map;

/** How tests start engines. */
public final class TestEngines {
  private TestEngines() {}

  /**
   * The defaults with one thread. ggml's threads wait for each other by spinning, so on a machine that is busy with other
   * things two of them are slower than one by orders of magnitude, and a test must not depend on that.
   */
  public static EngineConfig config() {
    return EngineConfig.builder().threads(1).batchThreads(1).build();
  }

  /** Greedy options under which a model never ends by itself. */
  public static GenerationOptions endless(Model model) {
    Map<Integer, Float> never = new HashMap<>();
    for (int token = 0; token < model.vocabulary().size(); token++) {
      if (model.vocabulary().isEndOfGeneration(token)) {
        never.put(token, Float.NEGATIVE_INFINITY);
      }
    }
    return GenerationOptions.builder().sampling(Sampling.builder().temperature(0).logitBias(never).build()).build();
  }
}
