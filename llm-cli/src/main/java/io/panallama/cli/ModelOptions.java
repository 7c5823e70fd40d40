package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.demo.DemoModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of every command that loads a model. */
final class ModelOptions {
  static final String ALL_LAYERS = "all";

  /** llama.cpp pads the cells of a context to this (llama-context.cpp, {@code GGML_PAD(n_ctx, 256)}). */
  private static final int CONTEXT_STEP = 256;

  private static final Pattern EXTENSION = Pattern.compile("(?i)\\.gguf$");

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "GGUF file to load. Default: the embedded demo model.")
  private @Nullable Path model;

  @Option(
      names = {"-c", "--ctx-size"},
      paramLabel = "TOKENS",
      description =
          "Tokens of the context, which all slots share and one conversation may use up. Default: 0, as many as the"
              + " model was trained for (at least 2048 per slot), or what the free memory has room for.")
  private int contextSize = EngineConfig.AUTO;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads that compute. Default: 0, the processors of this process; 1 for tiny models.")
  private int threads = EngineConfig.AUTO;

  @Option(
      names = {"-tb", "--batch-threads", "--threads-batch"},
      paramLabel = "N",
      description = "Threads for steps that process prompts. Default: as --threads.")
  private @Nullable Integer batchThreads;

  @Option(
      names = {"-b", "--batch-size"},
      paramLabel = "TOKENS",
      description = "Most tokens in one step. Default: 0, which is 512.")
  private int batchSize = EngineConfig.AUTO;

  @Option(
      names = {"-ub", "--ubatch-size"},
      paramLabel = "TOKENS",
      description = "Most tokens computed at once. Default: 0, the batch size, at most 512.")
  private int microBatchSize = EngineConfig.AUTO;

  @Option(
      names = {"-ngl", "--gpu-layers", "--n-gpu-layers"},
      paramLabel = "N",
      converter = GpuLayers.class,
      description = "Layers on the GPU, or \"all\". Default: all, where there is a GPU.")
  private int gpuLayers = ModelConfig.ALL_LAYERS;

  @Mixin private BackendOption backend = new BackendOption();

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      converter = KvType.class,
      description =
          "Number format of the KV cache: f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl. Default: f16.")
  private KvCacheType kvType = KvCacheType.F16;

  @Option(
      names = {"-ctv", "--kv-value-type", "--cache-type-v"},
      paramLabel = "TYPE",
      converter = KvType.class,
      description = "Number format of the values in the KV cache. Default: as --kv-type.")
  private @Nullable KvCacheType kvValueType;

  @Option(
      names = {"-ctk", "--cache-type-k"},
      hidden = true,
      converter = KvType.class,
      description = "llama-server's: number format of the keys alone.")
  private @Nullable KvCacheType keyType;

  @Option(
      names = {"-fa", "--flash-attn"},
      arity = "0..1",
      fallbackValue = "on",
      paramLabel = "auto|on|off",
      converter = OnOffAuto.class,
      description = "Whether attention runs in the fused kernel. Default: auto.")
  private FlashAttention flashAttention = FlashAttention.AUTO;

  @Option(
      names = {"-lm", "--load-mode"},
      paramLabel = "MODE",
      converter = Loading.class,
      description =
          "How weights are brought into memory: mmap, read, mlock, mmap-mlock, direct-io, auto. Default: mmap.")
  private @Nullable LoadMode loadMode;

  @Option(names = "--mlock", hidden = true, description = "llama-server's: lock the weights in memory.")
  private boolean lock;

  @Option(names = "--no-mmap", hidden = true, description = "llama-server's: read the weights, do not map them.")
  private boolean noMapping;

  @Option(
      names = {"-dio", "--direct-io"},
      hidden = true,
      description = "llama-server's: read past the page cache.")
  private boolean directInput;

  @Option(
      names = {"-mg", "--main-gpu"},
      paramLabel = "N",
      description = "GPU to use where one is to be chosen, counted from 0. Default: 0.")
  private int mainGpu = ModelConfig.defaults().mainGpu();

  @Option(names = "--check-tensors", description = "Look for invalid numbers in the weights while loading; slower.")
  private boolean checkTensors;

  @Option(
      names = "--trial",
      paramLabel = "auto|always|never",
      converter = Trials.class,
      description =
          "Whether a model is first tried in a process of its own: before its first use, before each load, or never."
              + " Default: auto.")
  private Trial trial = Trial.AUTO;

  @Mixin private TemplateOptions template = new TemplateOptions();
  @Mixin private ContextOptions context = new ContextOptions();
  @Mixin private DeviceOptions devices = new DeviceOptions();

  /** Whether the embedded demo model will be used. */
  boolean isDemo() {
    return model == null;
  }

  /** The name of a model that has no better one: the file's name without its extension. */
  String modelId() {
    return EXTENSION.matcher(fileName()).replaceFirst("");
  }

  /** The name of the model's file, with its extension. */
  String fileName() {
    if (model == null) {
      return DemoModel.NAME + ".gguf";
    }
    Path name = model.getFileName();
    return name == null ? model.toString() : name.toString();
  }

  /** The option that gives a chat template in place of the model's own; empty if none does. */
  Optional<String> templateOption() {
    return template.given();
  }

  /** The model's file as it was given; the name of the embedded one's. */
  String path() {
    return model == null ? fileName() : model.toString();
  }

  /** Loads the model and starts an engine for one conversation on it. */
  LoadedEngine start(CommandContext context) {
    return start(context, checked(engine -> engine.slots(1).queueLimit(0)), () -> false);
  }

  /**
   * The configurations to start with.
   *
   * @param model how the model is loaded
   * @param engine how the engine on it is laid out
   */
  record Configs(ModelConfig model, EngineConfig engine) {}

  /**
   * The configurations that these options request.
   *
   * @param engineOptions applies the options that are not in this group
   * @throws UsageException if a value is out of its range
   */
  Configs checked(Consumer<EngineConfig.Builder> engineOptions) {
    try {
      return new Configs(modelConfig(), engineConfig(engineOptions));
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused), refused);
    }
  }

  /** Says what to compute with, before anything is loaded. */
  void selectBackend(CommandContext context) {
    backend.select(context.inference());
  }

  /**
   * Loads the model and starts an engine on it, with a progress bar on a terminal.
   *
   * @param stopped asked during the load, which fails once this is true
   */
  LoadedEngine start(CommandContext context, Configs configs, BooleanSupplier stopped) {
    backend.select(context.inference());
    EngineConfig asked = configs.engine();
    EngineConfig engineConfig = asked.toBuilder().isolationConfig(ownModel(withNuma(asked.isolationConfig()))).build();
    if (engineConfig.isolation() == Isolation.NONE) {
      devices.initialize(context.inference());
    }
    Path file = model == null ? DemoModel.extract() : model;
    try (LoadProgress progress =
        new LoadProgress(context.err(), context.errTerminal(), modelId(), System::nanoTime, stopped)) {
      ModelConfig loading = configs.model().toBuilder().listener(progress).build();
      LoadedEngine engine = context.inference().start(file, loading, engineConfig);
      backend
          .disappointment(engine::natives)
          .ifPresent(why -> context.warn("Computing on the CPU, not with CUDA: " + why));
      warnOfRounding(context, engine);
      return engine;
    }
  }

  /** Loads the model and starts what computes texts with it. */
  @FunctionalInterface
  interface TextStarter<T> {
    T start(Path file, ModelConfig model, EmbedderConfig config);
  }

  /**
   * Loads the model as one that generates no text, with a progress bar on a terminal.
   *
   * @param config gets what these options say of the computation
   * @param stopped asked during the load, which fails once this is true
   */
  <T> T startTexts(
      CommandContext context, Configs configs, EmbedderConfig config, BooleanSupplier stopped, TextStarter<T> starter) {
    backend.select(context.inference());
    if (config.isolation() == Isolation.NONE) {
      devices.initialize(context.inference());
    }
    EngineConfig asked = configs.engine();
    // The most tokens of a text are those that are computed at once.
    int most = asked.microBatchSize() == EngineConfig.AUTO ? asked.batchSize() : asked.microBatchSize();
    EmbedderConfig computing =
        config.toBuilder()
            .batchSize(most)
            .threads(asked.threads())
            .flashAttention(asked.flashAttention())
            .placement(asked.placement())
            .isolationConfig(ownModel(config.isolationConfig()))
            .build();
    Path file = model == null ? DemoModel.extract() : model;
    try (LoadProgress progress =
        new LoadProgress(context.err(), context.errTerminal(), modelId(), System::nanoTime, stopped)) {
      return starter.start(file, configs.model().toBuilder().listener(progress).build(), computing);
    }
  }

  /** The embedded model's file is in a cache, which may be emptied at any time; a process that is replaced gets it again. */
  private IsolationConfig ownModel(IsolationConfig limits) {
    return isDemo() ? limits.toBuilder().beforeRestart(DemoModel::extract).build() : limits;
  }

  /** Limits of a process with the strategy for NUMA nodes, which is a matter of the process that computes. */
  IsolationConfig withNuma(IsolationConfig limits) {
    IsolationConfig.Builder isolation = limits.toBuilder();
    devices.numa().ifPresent(isolation::numa);
    return isolation.build();
  }

  /** A remark about how long conversations may be; empty if an option says so. */
  String whyContext(LoadedEngine engine) {
    EngineConfig config = engine.config();
    int trained = config.rope().contextSize(engine.model().trainedContextSize());
    if (contextSize != EngineConfig.AUTO && trained > 0 && contextSize > trained) {
      if (engine.sequenceContextSize() >= trained) {
        return ", as the model was trained for no more";
      }
    }
    if (contextSize != EngineConfig.AUTO && config.kvLayout() == KvLayout.SPLIT && config.slots() > 1) {
      return ", each in a part of its own (--kv-layout)";
    }
    if (contextSize != EngineConfig.AUTO || trained <= 0) {
      return "";
    }
    return engine.sequenceContextSize() >= trained
        ? ", as the model was trained for"
        : ", for which there is memory; the model was trained for " + trained + " (--ctx-size, --kv-type)";
  }

  private void warnOfRounding(CommandContext context, LoadedEngine engine) {
    if (contextSize % CONTEXT_STEP != 0) {
      context.warn(
          "--ctx-size is "
              + contextSize
              + "; llama.cpp rounds it up to a multiple of "
              + CONTEXT_STEP
              + ". A conversation may hold "
              + engine.sequenceContextSize()
              + " tokens.");
    }
  }

  private ModelConfig modelConfig() {
    ModelConfig.Builder builder =
        ModelConfig.builder().loadMode(loadMode()).gpuLayers(gpuLayers).mainGpu(mainGpu).checkTensors(checkTensors);
    // The embedded model is known to work, so it needs no trial unless one is asked for.
    builder.trial(isDemo() && trial == Trial.AUTO ? Trial.NEVER : trial);
    template.configure(builder);
    devices.configure(builder);
    return builder.build();
  }

  private LoadMode loadMode() {
    boolean older = lock || noMapping || directInput;
    if (loadMode != null) {
      if (older) {
        throw new UsageException(
            "--load-mode says how weights are loaded; leave out --mlock, --no-mmap and --direct-io.");
      }
      return loadMode;
    }
    if (directInput && (lock || noMapping)) {
      throw new UsageException(
          "--direct-io reads the weights past the page cache, so --mlock and --no-mmap have no effect; leave them"
              + " out.");
    }
    if (directInput) {
      return LoadMode.DIRECT_IO;
    }
    if (lock) {
      return noMapping ? LoadMode.MLOCK : LoadMode.MMAP_MLOCK;
    }
    return noMapping ? LoadMode.READ : LoadMode.MMAP;
  }

  private EngineConfig engineConfig(Consumer<EngineConfig.Builder> engineOptions) {
    EngineConfig.Builder builder =
        EngineConfig.builder()
            .contextSize(contextSize)
            .batchSize(batchSize)
            .microBatchSize(microBatchSize)
            .threads(threads)
            .batchThreads(batchThreads == null ? threads : batchThreads)
            .keyType(keyType == null ? kvType : keyType)
            .valueType(kvValueType == null ? kvType : kvValueType)
            .flashAttention(flashAttention);
    context.configure(builder);
    engineOptions.accept(builder);
    return builder.build();
  }

  static final class GpuLayers implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        boolean all = value.equalsIgnoreCase(ALL_LAYERS) || value.equalsIgnoreCase("auto") || value.equals("-2");
        return all ? ModelConfig.ALL_LAYERS : Integer.parseInt(value);
      } catch (NumberFormatException notANumber) {
        throw new TypeConversionException("'" + value + "' is neither a number nor \"all\"");
      }
    }
  }

  static final class KvType implements ITypeConverter<KvCacheType> {
    @Override
    public KvCacheType convert(String value) {
      try {
        return KvCacheType.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException unknown) {
        String known = Arrays.toString(KvCacheType.values()).toLowerCase(Locale.ROOT);
        throw new TypeConversionException("'" + value + "' is none of " + known.substring(1, known.length() - 1));
      }
    }
  }

  static final class OnOffAuto implements ITypeConverter<FlashAttention> {
    @Override
    public FlashAttention convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "auto", "-1" -> FlashAttention.AUTO;
        case "on", "true", "enabled", "1" -> FlashAttention.ENABLED;
        case "off", "false", "disabled", "0" -> FlashAttention.DISABLED;
        default -> throw new TypeConversionException("'" + value + "' is none of auto, on, off");
      };
    }
  }

  static final class Trials extends Words<Trial> {
    Trials() {
      super(Trial.class);
    }
  }

  static final class Loading implements ITypeConverter<LoadMode> {
    @Override
    public LoadMode convert(String value) {
      try {
        return switch (value) {
          case "none" -> LoadMode.READ;
          case "dio" -> LoadMode.DIRECT_IO;
          default -> LoadMode.valueOf(value.toUpperCase(Locale.ROOT).replace('-', '_').replace('+', '_'));
        };
      } catch (IllegalArgumentException unknown) {
        throw new TypeConversionException("'" + value + "' is none of mmap, read, mlock, mmap-mlock, direct-io, auto");
      }
    }
  }
}
