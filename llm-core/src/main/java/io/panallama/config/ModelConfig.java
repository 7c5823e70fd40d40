package io.panallama.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How to load a model. Immutable and safe for any thread, if its {@link #listener} is. */
public final class ModelConfig {
  /** Every layer on the GPU. */
  public static final int ALL_LAYERS = -1;

  private static final ModelConfig DEFAULTS = new Builder().build();

  private final LoadMode loadMode;
  private final int gpuLayers;
  private final int mainGpu;
  private final boolean vocabularyOnly;
  private final boolean checkTensors;
  private final LoadListener listener;
  private final @Nullable String chatTemplate;

  private ModelConfig(Builder from) {
    loadMode = from.loadMode;
    gpuLayers = from.gpuLayers;
    mainGpu = from.mainGpu;
    vocabularyOnly = from.vocabularyOnly;
    checkTensors = from.checkTensors;
    listener = from.listener;
    chatTemplate = from.chatTemplate;
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

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** How the weights come into memory (llama.cpp: {@code load_mode}); {@link LoadMode#MMAP} by default. */
  public LoadMode loadMode() {
    return loadMode;
  }

  /**
   * How many layers go to the GPU (llama.cpp: {@code n_gpu_layers}); {@link #ALL_LAYERS}, the default, for all, 0 for none. Without
   * a GPU it has no effect.
   */
  public int gpuLayers() {
    return gpuLayers;
  }

  /** The GPU to use where one is to be chosen, counted from 0 (llama.cpp: {@code main_gpu}); 0 by default. */
  public int mainGpu() {
    return mainGpu;
  }

  /**
   * Whether to load the vocabulary and no weights (llama.cpp: {@code vocab_only}): enough to tokenize, not to generate. False by
   * default.
   */
  public boolean vocabularyOnly() {
    return vocabularyOnly;
  }

  /**
   * Whether to look for invalid numbers in the weights while loading, which is slower (llama.cpp: {@code check_tensors}). False by
   * default.
   */
  public boolean checkTensors() {
    return checkTensors;
  }

  /** Receives the progress and can stop the load. */
  public LoadListener listener() {
    return listener;
  }

  /** The Jinja source of a chat template in place of the model's own. Absent by default: the model's own. */
  public Optional<String> chatTemplate() {
    return Optional.ofNullable(chatTemplate);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ModelConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "ModelConfig" + components();
  }

  /** Every component by its name: what equality, hash and text are made of. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("loadMode", loadMode);
    all.put("gpuLayers", gpuLayers);
    all.put("mainGpu", mainGpu);
    all.put("vocabularyOnly", vocabularyOnly);
    all.put("checkTensors", checkTensors);
    all.put("listener", listener);
    all.put("chatTemplate", chatTemplate());
    return all;
  }

  /** Collects the components of a {@link ModelConfig}. Not safe for use by several threads. */
  public static final class Builder {
    private LoadMode loadMode = LoadMode.MMAP;
    private int gpuLayers = ALL_LAYERS;
    private int mainGpu;
    private boolean vocabularyOnly;
    private boolean checkTensors;
    private LoadListener listener = LoadListener.NONE;
    private @Nullable String chatTemplate;

    private Builder() {}

    private Builder(ModelConfig from) {
      loadMode = from.loadMode;
      gpuLayers = from.gpuLayers;
      mainGpu = from.mainGpu;
      vocabularyOnly = from.vocabularyOnly;
      checkTensors = from.checkTensors;
      listener = from.listener;
      chatTemplate = from.chatTemplate;
    }

    /** Sets {@link ModelConfig#loadMode()}. */
    public Builder loadMode(LoadMode value) {
      loadMode = Objects.requireNonNull(value, "loadMode");
      return this;
    }

    /** Sets {@link ModelConfig#gpuLayers()}. */
    public Builder gpuLayers(int value) {
      gpuLayers = value;
      return this;
    }

    /** Sets {@link ModelConfig#mainGpu()}. */
    public Builder mainGpu(int value) {
      mainGpu = value;
      return this;
    }

    /** Sets {@link ModelConfig#vocabularyOnly()}. */
    public Builder vocabularyOnly(boolean value) {
      vocabularyOnly = value;
      return this;
    }

    /** Sets {@link ModelConfig#checkTensors()}. */
    public Builder checkTensors(boolean value) {
      checkTensors = value;
      return this;
    }

    /** Sets {@link ModelConfig#listener()}. */
    public Builder listener(LoadListener value) {
      listener = Objects.requireNonNull(value, "listener");
      return this;
    }

    /** Sets {@link ModelConfig#chatTemplate()}. */
    public Builder chatTemplate(String value) {
      chatTemplate = Objects.requireNonNull(value, "chatTemplate");
      return this;
    }

    /** Unsets {@link ModelConfig#chatTemplate()}. */
    public Builder noChatTemplate() {
      chatTemplate = null;
      return this;
    }

    /**
     * Makes the value.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public ModelConfig build() {
      return new ModelConfig(this);
    }
  }
}
