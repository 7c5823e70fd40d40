package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.config.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Marshals a {@link ModelConfig} into a {@code llama_model_params}. Fields that are not set here keep llama.cpp's default;
 * a new option is one line in {@link #into}. The listener is not part of it: only a load has one.
 */
final class ModelParams {
  private ModelParams() {}

  /**
   * The struct for a load or a plan.
   *
   * @param arena where the struct and everything it points to (lists, overrides) live; llama.cpp reads them during the
   *     load only
   */
  static MemorySegment allocate(ModelConfig config, Arena arena) {
    MemorySegment struct = LlamaCpp.llama_model_default_params(arena);
    into(struct, config);
    return struct;
  }

  private static void into(MemorySegment struct, ModelConfig config) {
    llama_model_params.load_mode(struct, config.loadMode().value());
    llama_model_params.n_gpu_layers(struct, Natives.mayOffload() ? config.gpuLayers() : 0);
    llama_model_params.main_gpu(struct, config.mainGpu());
    llama_model_params.vocab_only(struct, config.vocabularyOnly());
    llama_model_params.check_tensors(struct, config.checkTensors());
  }

  /** Whether the load puts a part of the model on a GPU. */
  static boolean offloads(MemorySegment struct) {
    return llama_model_params.n_gpu_layers(struct) != 0 && Natives.hasGpu();
  }
}
