package io.panallama.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How to load a model.
 *
 * @param loadMode how the weights come into memory
 * @param gpuLayers how many layers go to the GPU; {@link #ALL_LAYERS} for all, 0 for none. Without a GPU it has no effect
 * @param mainGpu the GPU to use where one is to be chosen, counted from 0
 * @param vocabularyOnly load the vocabulary and no weights: enough to tokenize, not to generate
 * @param checkTensors look for invalid numbers in the weights while loading; slower
 * @param listener told of the progress
 * @param chatTemplate the Jinja source of a chat template in place of the model's own; null takes that one
 */
public record ModelConfig(
    LoadMode loadMode,
    int gpuLayers,
    int mainGpu,
    boolean vocabularyOnly,
    boolean checkTensors,
    LoadListener listener,
    @Nullable String chatTemplate) {
  /** Every layer on the GPU. */
  public static final int ALL_LAYERS = -1;

  private static final ModelConfig DEFAULTS =
      new ModelConfig(LoadMode.MMAP, ALL_LAYERS, 0, false, false, LoadListener.NONE, null);

  public ModelConfig {
    Objects.requireNonNull(loadMode, "loadMode");
    Objects.requireNonNull(listener, "listener");
    if (gpuLayers < ALL_LAYERS) {
      throw new IllegalArgumentException("gpuLayers is " + gpuLayers + "; it must be 0 or more, or -1 for all.");
    }
    if (mainGpu < 0) {
      throw new IllegalArgumentException("mainGpu is " + mainGpu + "; it must be 0 or more.");
    }
  }

  /** Memory-mapped, every layer on the GPU if there is one, weights unchecked, no listener. */
  public static ModelConfig defaults() {
    return DEFAULTS;
  }

  public ModelConfig withLoadMode(LoadMode value) {
    return new ModelConfig(value, gpuLayers, mainGpu, vocabularyOnly, checkTensors, listener, chatTemplate);
  }

  public ModelConfig withGpuLayers(int value) {
    return new ModelConfig(loadMode, value, mainGpu, vocabularyOnly, checkTensors, listener, chatTemplate);
  }

  public ModelConfig withMainGpu(int value) {
    return new ModelConfig(loadMode, gpuLayers, value, vocabularyOnly, checkTensors, listener, chatTemplate);
  }

  public ModelConfig withVocabularyOnly(boolean value) {
    return new ModelConfig(loadMode, gpuLayers, mainGpu, value, checkTensors, listener, chatTemplate);
  }

  public ModelConfig withCheckTensors(boolean value) {
    return new ModelConfig(loadMode, gpuLayers, mainGpu, vocabularyOnly, value, listener, chatTemplate);
  }

  public ModelConfig withListener(LoadListener value) {
    return new ModelConfig(loadMode, gpuLayers, mainGpu, vocabularyOnly, checkTensors, value, chatTemplate);
  }

  public ModelConfig withChatTemplate(@Nullable String value) {
    return new ModelConfig(loadMode, gpuLayers, mainGpu, vocabularyOnly, checkTensors, listener, value);
  }
}
