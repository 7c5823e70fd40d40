package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.load.bench.BenchException;
import io.panallama.load.bench.BenchGrid;
import io.panallama.load.bench.BenchGrid.PromptAndAnswer;
import io.panallama.load.bench.IntegerRange;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * The options that define what {@code bench} measures. Their names are llama-bench's, and also those of the other
 * commands where these differ.
 */
final class BenchGridOptions {
  /** llama-bench's own defaults. */
  private static final List<Integer> PROMPT = List.of(512);

  private static final List<Integer> ANSWER = List.of(128);
  private static final List<Integer> BATCH = List.of(2048);
  private static final List<Integer> MICRO_BATCH = List.of(512);

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "GGUF file; can be given several times. Default: the embedded demo model.")
  private List<Path> models = List.of();

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Prompt lengths to measure, in tokens; 0 measures none. Default: 512.")
  private List<String> prompts = List.of();

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Answer lengths to measure, in tokens; 0 measures none. Default: 128.")
  private List<String> answers = List.of();

  @Option(
      names = "-pg",
      paramLabel = "PROMPT,GEN",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Measure a prompt and an answer together; can be given several times. Default: none.")
  private List<String> both = List.of();

  @Option(
      names = {"-d", "--n-depth"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Tokens already in the context, not measured. Default: 0.")
  private List<String> depths = List.of();

  @Option(
      names = {"-B", "--parallel"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Streams that run at the same time. Default: 1.")
  private List<String> streams = List.of();

  @Option(
      names = {"-b", "--batch-size"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Most tokens in one step. Default: 2048.")
  private List<String> batchSizes = List.of();

  @Option(
      names = {"-ub", "--ubatch-size"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Most tokens computed at once. Default: 512.")
  private List<String> microBatchSizes = List.of();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Threads that compute. Default: the processors of this process; 1 for tiny models.")
  private List<String> threads = List.of();

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "LIST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Layers on the GPU; \"all\" is one of them. Default: all, where there is a GPU.")
  private List<String> gpuLayers = List.of();

  @Option(
      names = {"-ctk", "--kv-type"},
      paramLabel = "TYPES",
      split = ",",
      converter = ModelOptions.KvType.class,
      description = "Number formats of the KV cache, separated by commas. Default: f16.")
  private List<KvCacheType> keyTypes = List.of(KvCacheType.F16);

  @Option(
      names = {"-ctv", "--kv-value-type"},
      paramLabel = "TYPES",
      split = ",",
      converter = ModelOptions.KvType.class,
      description = "Number formats of the values in the KV cache. Default: as --kv-type.")
  private List<KvCacheType> valueTypes = List.of();

  @Option(
      names = {"-fa", "--flash-attn"},
      paramLabel = "auto|on|off",
      split = ",",
      converter = ModelOptions.OnOffAuto.class,
      description = "Whether attention runs in the fused kernel; several separated by commas. Default: auto.")
  private List<FlashAttention> flashAttention = List.of(FlashAttention.AUTO);

  @Option(
      names = "--load-mode",
      paramLabel = "MODE",
      converter = ModelOptions.Loading.class,
      description =
          "How weights are brought into memory: mmap, read, mlock, mmap-mlock, direct-io, auto. Default: mmap.")
  private LoadMode loadMode = LoadMode.MMAP;

  /**
   * The grid that these options ask for.
   *
   * @throws UsageException if a value is not a list
   */
  BenchGrid grid() {
    return new BenchGrid(
        models.isEmpty() ? List.of(DemoModel.extract()) : models,
        loadMode,
        layers(),
        numbers("--n-prompt", prompts, PROMPT),
        numbers("--n-gen", answers, ANSWER),
        both.stream().map(BenchGridOptions::pair).toList(),
        numbers("--n-depth", depths, List.of(0)),
        numbers("--parallel", streams, List.of(1)),
        numbers("--batch-size", batchSizes, BATCH),
        numbers("--ubatch-size", microBatchSizes, MICRO_BATCH),
        numbers("--threads", threads, List.of(EngineConfig.AUTO)),
        keyTypes,
        valueTypes,
        flashAttention);
  }

  private List<Integer> layers() {
    List<Integer> layers = new ArrayList<>();
    for (String list : gpuLayers) {
      for (String part : list.split(",", -1)) {
        layers.addAll(
            part.equalsIgnoreCase(ModelOptions.ALL_LAYERS)
                ? List.of(ModelConfig.ALL_LAYERS)
                : numbers("--gpu-layers", part));
      }
    }
    return layers.isEmpty() ? List.of(ModelConfig.ALL_LAYERS) : layers;
  }

  private static List<Integer> numbers(String option, List<String> lists, List<Integer> otherwise) {
    return lists.isEmpty() ? otherwise : lists.stream().flatMap(list -> numbers(option, list).stream()).toList();
  }

  private static List<Integer> numbers(String option, String list) {
    try {
      return IntegerRange.parse(list);
    } catch (BenchException refused) {
      throw new UsageException(option + ": " + Printable.sentence(refused), refused);
    }
  }

  private static PromptAndAnswer pair(String text) {
    List<Integer> numbers = numbers("-pg", text);
    if (numbers.size() != 2 || numbers.contains(0)) {
      throw new UsageException(
          "-pg: '" + text + "' is not a prompt and an answer such as 512,128; repeat -pg for more than one.");
    }
    return new PromptAndAnswer(numbers.getFirst(), numbers.getLast());
  }
}
