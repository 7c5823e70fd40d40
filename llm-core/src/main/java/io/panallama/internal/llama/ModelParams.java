package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.config.LazyMode;
import io.panallama.config.ModelConfig;
import io.panallama.config.SplitMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Marshals a {@link ModelConfig} into a {@code llama_model_params}. Fields that are not set here keep llama.cpp's default; a new option needs one line in {@link #into}. The listener is not included: only a load has one.
 */
final class ModelParams {
  private ModelParams() {}

  /**
   * Allocates the struct for a load or a plan.
   *
   * @param path the model's file, for messages
   * @param arena for the struct and everything it points to (lists, overrides); llama.cpp only reads them during the load
   * @throws io.panallama.error.ModelLoadException if the configuration names a device that does not exist
   */
  static MemorySegment allocate(Path path, ModelConfig config, Arena arena) {
    MemorySegment struct = LlamaCpp.llama_model_default_params(arena);
    into(struct, path, config, arena);
    return struct;
  }

  private static void into(MemorySegment struct, Path path, ModelConfig config, Arena arena) {
    DeviceChoice devices = new DeviceChoice(path, config);
    llama_model_params.devices(struct, devices.devices(arena));
    llama_model_params.tensor_buft_overrides(struct, devices.placements(arena));
    llama_model_params.tensor_split(struct, devices.tensorSplit(arena));
    llama_model_params.split_mode(struct, splitMode(config.splitMode()));
    llama_model_params.lazy_mode(struct, lazyMode(config.lazyMode()));
    llama_model_params.kv_overrides(struct, MetadataOverrides.allocate(config.metadata(), arena));
    llama_model_params.use_extra_bufts(struct, config.extraBuffers());
    llama_model_params.no_host(struct, !config.hostBuffers());
    llama_model_params.load_mode(struct, config.loadMode().value());
    llama_model_params.n_gpu_layers(struct, Natives.mayOffload() ? config.gpuLayers() : 0);
    llama_model_params.main_gpu(struct, devices.mainGpu());
    llama_model_params.vocab_only(struct, config.vocabularyOnly());
    llama_model_params.check_tensors(struct, config.checkTensors());
  }

  private static int splitMode(SplitMode mode) {
    return switch (mode) {
      case NONE -> LlamaCpp.LLAMA_SPLIT_MODE_NONE();
      case LAYER -> LlamaCpp.LLAMA_SPLIT_MODE_LAYER();
      case ROW -> LlamaCpp.LLAMA_SPLIT_MODE_ROW();
      case TENSOR -> LlamaCpp.LLAMA_SPLIT_MODE_TENSOR();
    };
  }

  private static int lazyMode(LazyMode mode) {
    return switch (mode) {
      case OFF -> LlamaCpp.LLAMA_LAZY_MODE_OFF();
      case AUTO -> LlamaCpp.LLAMA_LAZY_MODE_AUTO();
      case ON -> LlamaCpp.LLAMA_LAZY_MODE_ON();
    };
  }

  /** Whether the load puts part of the model on a GPU. */
  static boolean offloads(MemorySegment struct) {
    return llama_model_params.n_gpu_layers(struct) != 0 && Natives.hasGpu();
  }
}
