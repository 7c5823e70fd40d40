package io.panallama.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How to load a model. Immutable, and thread-safe if its {@link #listener} is. */
public final class ModelConfig {
  /** Puts every layer on the GPU. */
  public static final int ALL_LAYERS = -1;

  private static final ModelConfig DEFAULTS = new Builder().build();

  private final LoadMode loadMode;
  private final int gpuLayers;
  private final int mainGpu;
  private final boolean vocabularyOnly;
  private final boolean checkTensors;
  private final LoadListener listener;
  private final @Nullable String chatTemplate;
  private final @Nullable String fallbackChatTemplate;
  private final List<String> devices;
  private final SplitMode splitMode;
  private final List<Float> tensorSplit;
  private final List<TensorPlacement> tensorPlacements;
  private final Map<String, MetadataValue> metadata;
  private final LazyMode lazyMode;
  private final boolean extraBuffers;
  private final boolean hostBuffers;
  private final Trial trial;

  private ModelConfig(Builder from) {
    loadMode = from.loadMode;
    gpuLayers = from.gpuLayers;
    mainGpu = from.mainGpu;
    vocabularyOnly = from.vocabularyOnly;
    checkTensors = from.checkTensors;
    listener = from.listener;
    chatTemplate = from.chatTemplate;
    fallbackChatTemplate = from.fallbackChatTemplate;
    devices = from.devices;
    splitMode = from.splitMode;
    tensorSplit = from.tensorSplit;
    tensorPlacements = from.tensorPlacements;
    metadata = from.metadata;
    lazyMode = from.lazyMode;
    extraBuffers = from.extraBuffers;
    hostBuffers = from.hostBuffers;
    trial = from.trial;
    if (gpuLayers < ALL_LAYERS) {
      throw new IllegalArgumentException("gpuLayers is " + gpuLayers + "; it must be 0 or more, or -1 for all.");
    }
    requireCString("chatTemplate", chatTemplate);
    requireCString("fallbackChatTemplate", fallbackChatTemplate);
    if (mainGpu < 0) {
      throw new IllegalArgumentException("mainGpu is " + mainGpu + "; it must be 0 or more.");
    }
    for (String device : devices) {
      if (device.isBlank() || Collections.frequency(devices, device) > 1) {
        throw new IllegalArgumentException(
            "devices is " + devices + "; it must have names that are not blank, each once.");
      }
    }
    boolean some = tensorSplit.isEmpty();
    for (float share : tensorSplit) {
      ConfigChecks.inRange("tensorSplit", share, 0, Float.MAX_VALUE);
      some |= share > 0;
    }
    if (!some) {
      throw new IllegalArgumentException("tensorSplit is " + tensorSplit + "; one share must be larger than 0.");
    }
    metadata.keySet().forEach(MetadataValue::requireKey);
  }

  private static void requireCString(String name, @Nullable String text) {
    int nul = text == null ? -1 : text.indexOf('\0');
    if (nul >= 0) {
      throw new IllegalArgumentException(
          name + " has a NUL character at index " + nul + "; a C string would end there. It must have none.");
    }
  }

  /** Memory-mapped, every layer on the GPU if there is one, weights not checked, no listener. */
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

  /** How the weights are brought into memory (llama.cpp: {@code load_mode}); {@link LoadMode#MMAP} by default. */
  public LoadMode loadMode() {
    return loadMode;
  }

  /**
   * Number of layers on the GPU (llama.cpp: {@code n_gpu_layers}); {@link #ALL_LAYERS}, the default, for all, 0 for
   * none. It has no effect without a GPU.
   */
  public int gpuLayers() {
    return gpuLayers;
  }

  /** The GPU to use where a single one is needed, counted from 0 (llama.cpp: {@code main_gpu}); 0 by default. */
  public int mainGpu() {
    return mainGpu;
  }

  /**
   * Whether to load only the vocabulary, without weights (llama.cpp: {@code vocab_only}): enough to tokenize, but not
   * to generate. False by default.
   */
  public boolean vocabularyOnly() {
    return vocabularyOnly;
  }

  /**
   * Whether to check the weights for invalid numbers while loading, which is slower (llama.cpp: {@code check_tensors}).
   * False by default.
   */
  public boolean checkTensors() {
    return checkTensors;
  }

  /** Receives the progress and can stop the load. */
  public LoadListener listener() {
    return listener;
  }

  /** The Jinja source of a chat template that replaces the model's own. Absent by default. */
  public Optional<String> chatTemplate() {
    return Optional.ofNullable(chatTemplate);
  }

  /**
   * The Jinja source of a chat template for a model that has none, such as ChatML; a warning is logged when it is used.
   * Absent by default: such a model refuses chats with a {@link io.panallama.error.ChatTemplateException}.
   */
  public Optional<String> fallbackChatTemplate() {
    return Optional.ofNullable(fallbackChatTemplate);
  }

  /**
   * Names of the devices to offload to ({@link io.panallama.observe.Device#name}), each at most once; the CPU always
   * takes part and is not listed (llama.cpp: {@code devices}). Empty by default: every GPU. A name that ggml does not
   * know is rejected when the model is loaded.
   */
  public List<String> devices() {
    return devices;
  }

  /** How the model is split across several GPUs (llama.cpp: {@code split_mode}); by layers by default. */
  public SplitMode splitMode() {
    return splitMode;
  }

  /**
   * The share of each GPU, in the order of {@link #devices}, as proportions on any scale (llama.cpp:
   * {@code tensor_split}), such as 3 and 1; 0 skips a GPU. Empty by default: by free memory. More shares than devices
   * are rejected when the model is loaded.
   */
  public List<Float> tensorSplit() {
    return tensorSplit;
  }

  /**
   * Placements of individual tensors, which take precedence over everything else (llama.cpp:
   * {@code tensor_buft_overrides}); the first one that matches a tensor applies. Empty by default.
   */
  public List<TensorPlacement> tensorPlacements() {
    return tensorPlacements;
  }

  /**
   * Values that replace or add entries of the model's metadata (llama.cpp: {@code kv_overrides}), by key, such as
   * {@code "llama.attention.layer_norm_rms_epsilon"}. The model is checked with them before it is loaded: a value whose
   * type differs from the entry's, or one for a list, is rejected. Empty by default.
   */
  public Map<String, MetadataValue> metadata() {
    return metadata;
  }

  /**
   * Whether rows of large tensors that the architecture marks are read on demand (llama.cpp: {@code lazy_mode});
   * requires a mapped file. {@link LazyMode#AUTO} by default.
   */
  public LazyMode lazyMode() {
    return lazyMode;
  }

  /**
   * Whether weights may be repacked for faster kernels on this processor (llama.cpp: {@code use_extra_bufts}); repacked
   * weights are copies, not pages of the mapped file. True by default. On processors with AMX some architectures are
   * loaded without (those with recurrent layers are among them), because ggml's kernels compute them wrongly.
   */
  public boolean extraBuffers() {
    return extraBuffers;
  }

  /**
   * Whether weights in host memory use the GPU's pinned memory (llama.cpp: {@code no_host}, inverted); if not, they can
   * use {@link #extraBuffers}. It has no effect without a GPU. True by default.
   */
  public boolean hostBuffers() {
    return hostBuffers;
  }

  /**
   * Whether the file is tried in a process of its own before this process loads it; {@link Trial#AUTO}, the default,
   * tries it before its first use.
   */
  public Trial trial() {
    return trial;
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

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("loadMode", loadMode);
    all.put("gpuLayers", gpuLayers);
    all.put("mainGpu", mainGpu);
    all.put("vocabularyOnly", vocabularyOnly);
    all.put("checkTensors", checkTensors);
    all.put("listener", listener);
    all.put("chatTemplate", chatTemplate());
    all.put("fallbackChatTemplate", fallbackChatTemplate());
    all.put("devices", devices);
    all.put("splitMode", splitMode);
    all.put("tensorSplit", tensorSplit);
    all.put("tensorPlacements", tensorPlacements);
    all.put("metadata", metadata);
    all.put("lazyMode", lazyMode);
    all.put("extraBuffers", extraBuffers);
    all.put("hostBuffers", hostBuffers);
    all.put("trial", trial);
    return all;
  }

  /** Collects the components of a {@link ModelConfig}. Not thread-safe. */
  public static final class Builder {
    private LoadMode loadMode = LoadMode.MMAP;
    private int gpuLayers = ALL_LAYERS;
    private int mainGpu;
    private boolean vocabularyOnly;
    private boolean checkTensors;
    private LoadListener listener = LoadListener.NONE;
    private @Nullable String chatTemplate;
    private @Nullable String fallbackChatTemplate;
    private List<String> devices = List.of();
    private SplitMode splitMode = SplitMode.LAYER;
    private List<Float> tensorSplit = List.of();
    private List<TensorPlacement> tensorPlacements = List.of();
    private Map<String, MetadataValue> metadata = Map.of();
    private LazyMode lazyMode = LazyMode.AUTO;
    private boolean extraBuffers = true;
    private boolean hostBuffers = true;
    private Trial trial = Trial.AUTO;

    private Builder() {}

    private Builder(ModelConfig from) {
      loadMode = from.loadMode;
      gpuLayers = from.gpuLayers;
      mainGpu = from.mainGpu;
      vocabularyOnly = from.vocabularyOnly;
      checkTensors = from.checkTensors;
      listener = from.listener;
      chatTemplate = from.chatTemplate;
      fallbackChatTemplate = from.fallbackChatTemplate;
      devices = from.devices;
      splitMode = from.splitMode;
      tensorSplit = from.tensorSplit;
      tensorPlacements = from.tensorPlacements;
      metadata = from.metadata;
      lazyMode = from.lazyMode;
      extraBuffers = from.extraBuffers;
      hostBuffers = from.hostBuffers;
      trial = from.trial;
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

    /** Sets {@link ModelConfig#fallbackChatTemplate()}. */
    public Builder fallbackChatTemplate(String value) {
      fallbackChatTemplate = Objects.requireNonNull(value, "fallbackChatTemplate");
      return this;
    }

    /** Unsets {@link ModelConfig#chatTemplate()}. */
    public Builder noChatTemplate() {
      chatTemplate = null;
      return this;
    }

    /** Sets {@link ModelConfig#devices()}. */
    public Builder devices(List<String> value) {
      devices = List.copyOf(value);
      return this;
    }

    /** Sets {@link ModelConfig#splitMode()}. */
    public Builder splitMode(SplitMode value) {
      splitMode = Objects.requireNonNull(value, "splitMode");
      return this;
    }

    /** Sets {@link ModelConfig#tensorSplit()}. */
    public Builder tensorSplit(List<Float> value) {
      tensorSplit = List.copyOf(value);
      return this;
    }

    /** Sets {@link ModelConfig#tensorPlacements()}. */
    public Builder tensorPlacements(List<TensorPlacement> value) {
      tensorPlacements = List.copyOf(value);
      return this;
    }

    /** Sets {@link ModelConfig#metadata()}. */
    public Builder metadata(Map<String, MetadataValue> value) {
      metadata = Map.copyOf(value);
      return this;
    }

    /** Sets {@link ModelConfig#lazyMode()}. */
    public Builder lazyMode(LazyMode value) {
      lazyMode = Objects.requireNonNull(value, "lazyMode");
      return this;
    }

    /** Sets {@link ModelConfig#extraBuffers()}. */
    public Builder extraBuffers(boolean value) {
      extraBuffers = value;
      return this;
    }

    /** Sets {@link ModelConfig#hostBuffers()}. */
    public Builder hostBuffers(boolean value) {
      hostBuffers = value;
      return this;
    }

    /** Sets {@link ModelConfig#trial()}. */
    public Builder trial(Trial value) {
      trial = Objects.requireNonNull(value, "trial");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public ModelConfig build() {
      return new ModelConfig(this);
    }
  }
}
