package io.panallama.cli;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.RopeScaling;
import io.panallama.config.ThreadPlacement;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of llama.cpp's context that few users need: positions, offloading of the KV cache, threads. */
final class ContextOptions {
  private static final RopeScaling ROPE = RopeScaling.defaults();
  private static final ThreadPlacement PLACEMENT = ThreadPlacement.defaults();

  @Option(
      names = "--rope-scaling",
      paramLabel = "METHOD",
      converter = Rope.class,
      description =
          "How positions are stretched: model, none, linear, yarn, longrope. Default: model, as its file says.")
  private RopeScaling.Type ropeScaling = ROPE.type();

  @Option(
      names = "--rope-freq-base",
      paramLabel = "F",
      description = "Base of the frequencies of RoPE. Default: 0, the model's own.")
  private float ropeFrequencyBase = ROPE.frequencyBase();

  @Option(
      names = "--rope-freq-scale",
      paramLabel = "F",
      description =
          "Factor of the frequencies of RoPE; 0.5 makes room for twice the context. Default: 0, the model's own.")
  private @Nullable Float ropeFrequencyScale;

  @Option(
      names = "--rope-scale",
      hidden = true,
      description = "llama-server's: how many times as long the context becomes, the inverse of --rope-freq-scale.")
  private @Nullable Float ropeScale;

  @Option(
      names = "--yarn-ext-factor",
      paramLabel = "F",
      description = "YaRN: how far to extrapolate instead of interpolate. Default: the model's own.")
  private float yarnExtrapolation = ROPE.yarnExtrapolation();

  @Option(
      names = "--yarn-attn-factor",
      paramLabel = "F",
      description = "YaRN: factor of the attention's magnitude. Default: the model's own.")
  private float yarnAttention = ROPE.yarnAttention();

  @Option(
      names = "--yarn-beta-fast",
      paramLabel = "F",
      description = "YaRN: rotations above which a dimension is extrapolated. Default: the model's own.")
  private float yarnBetaFast = ROPE.yarnBetaFast();

  @Option(
      names = "--yarn-beta-slow",
      paramLabel = "F",
      description = "YaRN: rotations below which a dimension is interpolated. Default: the model's own.")
  private float yarnBetaSlow = ROPE.yarnBetaSlow();

  @Option(
      names = "--yarn-orig-ctx",
      paramLabel = "TOKENS",
      description = "YaRN: context that the model was trained for. Default: the model's own.")
  private int yarnOriginalContext = ROPE.yarnOriginalContext();

  @Option(
      names = {"--no-kv-offload", "-nkvo"},
      description = "Keep the KV cache in host memory, not on the GPU.")
  private boolean noKvOffload;

  @Option(
      names = "--no-op-offload",
      description = "Do not compute large operations of layers in host memory on the GPU.")
  private boolean noOpOffload;

  @Option(
      names = "--no-swa-full",
      description =
          "Keep only the window's cells in layers with a sliding window: less memory, less reuse of prefixes.")
  private boolean noFullSlidingWindow;

  @Option(
      names = "--kv-layout",
      paramLabel = "LAYOUT",
      converter = Layouts.class,
      description =
          "How slots divide the KV cache: unified, split (each slot has --ctx-size / --slots cells, which is faster"
              + " with many answers at a time), or auto: split if each slot can then have room for a whole conversation"
              + " in an eighth of the free memory. Default: auto.")
  private @Nullable KvLayout kvLayout;

  @Option(
      names = {"--kv-unified", "-kvu"},
      description = "llama-server's: as --kv-layout unified.")
  private boolean unified;

  @Option(
      names = {"--no-kv-unified", "-no-kvu"},
      description = "llama-server's: as --kv-layout split.")
  private boolean split;

  @Option(
      names = "--cpus",
      paramLabel = "LIST",
      converter = ProcessorList.class,
      description = "Processors that computing threads may run on, such as 0-3,8. Default: all of this process.")
  private Processors processors = new Processors(Set.of());

  @Option(names = "--cpu-strict", description = "With --cpus: bind each thread to one processor.")
  private boolean strict;

  @Option(
      names = "--thread-priority",
      paramLabel = "LEVEL",
      converter = Priorities.class,
      description = "Priority of computing threads: low, normal, medium, high, realtime. Default: normal.")
  private ThreadPlacement.Priority priority = PLACEMENT.priority();

  @Option(
      names = "--poll",
      paramLabel = "LEVEL",
      description = "How eagerly threads spin while they wait for work, 0 to 100. Default: 50.")
  private int polling = PLACEMENT.polling();

  private float frequencyScale() {
    if (ropeScale != null && ropeFrequencyScale != null) {
      throw new UsageException("--rope-scale is 1 / --rope-freq-scale; give one of them.");
    }
    if (ropeScale != null && !(ropeScale > 0)) {
      throw new UsageException("--rope-scale is " + ropeScale + "; it must be larger than 0.");
    }
    return ropeScale != null ? 1 / ropeScale : ropeFrequencyScale != null ? ropeFrequencyScale : ROPE.frequencyScale();
  }

  /**
   * Applies these options.
   *
   * @throws IllegalArgumentException if a value is out of its range
   */
  void configure(EngineConfig.Builder engine) {
    engine
        .rope(
            RopeScaling.builder()
                .type(ropeScaling)
                .frequencyBase(ropeFrequencyBase)
                .frequencyScale(frequencyScale())
                .yarnExtrapolation(yarnExtrapolation)
                .yarnAttention(yarnAttention)
                .yarnBetaFast(yarnBetaFast)
                .yarnBetaSlow(yarnBetaSlow)
                .yarnOriginalContext(yarnOriginalContext)
                .build())
        .offloadKeyValues(!noKvOffload)
        .offloadOperations(!noOpOffload)
        .fullSlidingWindow(!noFullSlidingWindow)
        .kvLayout(layout())
        .placement(
            ThreadPlacement.builder()
                .processors(processors.numbers())
                .strict(strict)
                .priority(priority)
                .polling(polling)
                .build());
  }

  private KvLayout layout() {
    KvLayout layout = unified ? KvLayout.UNIFIED : split ? KvLayout.SPLIT : kvLayout;
    boolean contradicts = unified && split || kvLayout != null && kvLayout != layout;
    if (contradicts) {
      throw new UsageException(
          "--kv-layout, --kv-unified and --no-kv-unified contradict each other; give one of them.");
    }
    return layout == null ? KvLayout.AUTO : layout;
  }

  static final class Layouts extends Words<KvLayout> {
    Layouts() {
      super(KvLayout.class);
    }
  }

  static final class Rope extends Words<RopeScaling.Type> {
    Rope() {
      super(RopeScaling.Type.class);
    }
  }

  static final class Priorities extends Words<ThreadPlacement.Priority> {
    Priorities() {
      super(ThreadPlacement.Priority.class);
    }
  }

  /**
   * Processor numbers. This is not a set, because picocli would take that for an option that can be given several
   * times.
   */
  record Processors(Set<Integer> numbers) {}

  /** {@code 0-3,8}. */
  static final class ProcessorList implements ITypeConverter<Processors> {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    @Override
    public Processors convert(String value) {
      Set<Integer> numbers = new TreeSet<>();
      for (String part : value.split(",", -1)) {
        Matcher range = RANGE.matcher(part.strip());
        if (!range.matches()) {
          throw new TypeConversionException("'" + value + "' is not a list of processors, such as 0-3,8");
        }
        int first = Integer.parseInt(range.group(1));
        int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
        if (last < first) {
          throw new TypeConversionException("'" + part + "' ends before it begins");
        }
        for (int number = first; number <= last; number++) {
          numbers.add(number);
        }
      }
      return new Processors(numbers);
    }
  }
}
