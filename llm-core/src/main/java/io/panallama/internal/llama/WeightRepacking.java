package io.panallama.internal.llama;

import io.panallama.config.ModelConfig;
import io.panallama.gguf.GgufFile;
import java.util.Set;

/**
 * Keeps a fault of ggml's kernels for Intel's AMX away from the models that it breaks. When a repacked weight is
 * multiplied with several matrices at once, those kernels count the distance between the results in floats where it is
 * given in bytes ({@code ggml/src/ggml-cpu/amx/mmq.cpp}: {@code (float *) dst->data + dst_offset}): they write far
 * behind the result, and answers are wrong or not numbers as soon as two sequences share a batch.
 */
public final class WeightRepacking {
  private static final String AMX = "AMX_INT8 = 1";

  /**
   * The architectures whose graphs do so. A callback of the graphs of every architecture with four sequences named
   * those that run recurrent layers sequence by sequence or project several streams at once; the others read {@code
   * attn_k_b} head by head in {@code src/models/*.cpp}.
   */
  private static final Set<String> BATCHED =
      Set.of(
          "bailingmoe3",
          "deepseek2",
          "deepseek2-ocr",
          "deepseek32",
          "deepseek4",
          "dots3note",
          "gemma3n",
          "glm-dsa",
          "hy_v4",
          "jamba",
          "kimi-k3",
          "kimi-linear",
          "lfm2",
          "lfm2moe",
          "mamba",
          "minimax-01",
          "mistral4",
          "plamo2",
          "qwen35",
          "qwen35moe",
          "qwen3next",
          "qwen4exp",
          "rwkv6",
          "rwkv6qwen2");

  private WeightRepacking() {}

  /** The configuration with which a file is loaded on this processor: without repacked weights where they break it. */
  public static ModelConfig limit(GgufFile file, ModelConfig config) {
    return limit(file.architecture().orElse(""), config, Natives.systemInfo());
  }

  static ModelConfig limit(String architecture, ModelConfig config, String systemInfo) {
    return BATCHED.contains(architecture) && systemInfo.contains(AMX)
        ? config.toBuilder().extraBuffers(false).build()
        : config;
  }
}
