package io.panallama.cli;

import io.panallama.cli.settings.Nearest;
import io.panallama.gguf.GgufType;
import io.panallama.quantize.ImportanceMatrix;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationResult;
import io.panallama.quantize.QuantizationType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code panallama quantize}: converts a model file to another weight format. */
@Command(
    name = "quantize",
    description = "Convert a model file to another weight format.",
    customSynopsis = {
      "panallama quantize [OPTIONS] INPUT [OUTPUT] TYPE",
      "       panallama quantize --list",
    })
final class QuantizeCommand implements Callable<Integer> {
  /**
   * The characters that may precede the type at the end of a file name: {@code model-f16.gguf}, {@code
   * Model.Q4_K_M.gguf}.
   */
  private static final Pattern SEPARATOR = Pattern.compile("[-._]");

  private static final Pattern NUMBERED_NAME = Pattern.compile("(.+)-00001-of-\\d{5}");

  private final CommandContext context;

  @Parameters(
      arity = "0..3",
      paramLabel = "INPUT [OUTPUT] TYPE",
      description = {
        "The GGUF file (the first one of a split model), where to write, and the type, such as Q4_K_M.",
        "Without OUTPUT the file is written beside the input, with the type in its name."
      })
  private List<String> arguments = List.of();

  @Option(names = "--list", description = "List the types.")
  private boolean list;

  @Option(names = "--dry-run", description = "Only print the sizes.")
  private boolean dryRun;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads that compute. Default: the processors of this process.")
  private int threads = QuantizationConfig.AUTO;

  @Option(
      names = {"-f", "--force"},
      description = "Overwrite the output if it exists.")
  private boolean force;

  @Option(
      names = "--imatrix",
      paramLabel = "FILE",
      description = "Importance matrix, as written by llama-imatrix. Default: none.")
  private @Nullable Path importanceMatrix;

  @Option(names = "--pure", description = "Use the same format for every matrix, without the type's exceptions.")
  private boolean pure;

  @Option(
      names = "--allow-requantize",
      description = "Convert a model that is already quantised; this loses more quality.")
  private boolean allowRequantize;

  @Option(names = "--leave-output-tensor", description = "Do not convert the output matrix.")
  private boolean leaveOutput;

  @Option(
      names = "--output-tensor-type",
      paramLabel = "FORMAT",
      converter = Format.class,
      description = "Format of the output matrix, such as Q8_0. Default: the type's own.")
  private @Nullable GgufType outputTensorType;

  @Option(
      names = "--token-embedding-type",
      paramLabel = "FORMAT",
      converter = Format.class,
      description = "Format of the token embeddings. Default: the type's own.")
  private @Nullable GgufType tokenEmbeddingType;

  QuantizeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (list) {
      printTypes();
      return ExitCode.OK;
    }
    if (arguments.size() < 2) {
      throw new UsageException("An input file and a type are needed: panallama quantize INPUT [OUTPUT] TYPE");
    }
    QuantizationType type = type(arguments.getLast());
    Path input = Path.of(arguments.getFirst());
    Path output = arguments.size() == 3 ? Path.of(arguments.get(1)) : beside(input, type);
    // Quantising does not use a GPU.
    context.inference().selectBackend("cpu");
    QuantizeProgress progress = new QuantizeProgress(context.err(), context.errTerminal());
    QuantizationConfig config = config(type, progress);
    long started = System.nanoTime();
    QuantizationResult result;
    try (progress;
        StopSignals.Registration _ = context.signals().onStop(progress::stop)) {
      result =
          dryRun
              ? context.inference().estimateQuantization(input, config)
              : context.inference().quantize(input, output, config);
    }
    print(input, output, result, dryRun ? Optional.empty() : Optional.of((System.nanoTime() - started) / 1e9));
    return ExitCode.OK;
  }

  private QuantizationConfig config(QuantizationType type, QuantizeProgress progress) {
    QuantizationConfig.Builder builder =
        QuantizationConfig.builder(type)
            .threads(threads)
            .pure(pure)
            .allowRequantize(allowRequantize)
            .quantizeOutput(!leaveOutput)
            .overwrite(force)
            .listener(progress);
    if (outputTensorType != null) {
      builder.outputTensorType(outputTensorType);
    }
    if (tokenEmbeddingType != null) {
      builder.tokenEmbeddingType(tokenEmbeddingType);
    }
    if (importanceMatrix != null) {
      builder.importanceMatrix(ImportanceMatrix.read(importanceMatrix));
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused), refused);
    }
  }

  /** The type of this name; the message about a wrong one suggests the nearest. */
  static QuantizationType type(String name) {
    return QuantizationType.of(name)
        .orElseThrow(() -> new UsageException("There is no type '" + name + "'" + near(name)));
  }

  private static String near(String name) {
    List<String> names = Arrays.stream(QuantizationType.values()).map(Enum::name).toList();
    String question = Nearest.question(name.toUpperCase(Locale.ROOT), names);
    return question.isEmpty() ? "; panallama quantize --list shows them all." : question;
  }

  /** {@code model-f16.gguf} becomes {@code model-q4_k_m.gguf}, {@code model.gguf} as well. A copy keeps its type's name. */
  static Path beside(Path input, QuantizationType type) {
    String name = String.valueOf(input.getFileName());
    String stem = name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
    Matcher numbered = NUMBERED_NAME.matcher(stem);
    if (numbered.matches()) {
      stem = numbered.group(1);
    }
    String label = type.name().toLowerCase(Locale.ROOT);
    Matcher separator = SEPARATOR.matcher(stem);
    while (type != QuantizationType.COPY && separator.find()) {
      String ending = stem.substring(separator.end());
      if (QuantizationType.of(ending).filter(old -> old != QuantizationType.COPY).isPresent()) {
        boolean upper = ending.equals(ending.toUpperCase(Locale.ROOT));
        return input.resolveSibling(stem.substring(0, separator.end()) + (upper ? type.name() : label) + ".gguf");
      }
    }
    return input.resolveSibling(stem + "-" + label + ".gguf");
  }

  private void print(Path input, Path output, QuantizationResult result, Optional<Double> seconds) {
    row("input", input, result.sourceBytes(), result.sourceBitsPerWeight(), "");
    String time = seconds.map(value -> String.format(Locale.ROOT, ", %.1f s", value)).orElse("");
    row(dryRun ? "would be" : "output", output, result.bytes(), result.bitsPerWeight(), time);
    if (result.fallbackTensors() > 0) {
      context
          .out()
          .printf(
              "%d of %d tensors were given another format than %s specifies, because their rows do not fit its"
                  + " blocks.%n",
              result.fallbackTensors(), result.tensors(), result.type());
    }
  }

  private void row(String label, Path file, long bytes, double bits, String rest) {
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%-9s %s (%s, %.2f bits per weight%s)",
                label,
                Printable.line(file.toString()),
                Printable.bytes(bytes),
                bits,
                rest));
  }

  private void printTypes() {
    for (QuantizationType type : QuantizationType.values()) {
      String matrix = type.needsImportanceMatrix() ? "; needs --imatrix" : "";
      context.out().println(String.format(Locale.ROOT, "%-10s %s%s", type, type.description(), matrix));
    }
    context.out().println("Q3_K, Q4_K and Q5_K mean their _M.");
  }

  static final class Format implements ITypeConverter<GgufType> {
    @Override
    public GgufType convert(String value) {
      return Arrays.stream(GgufType.values())
          .filter(type -> type.name().equalsIgnoreCase(value))
          .findFirst()
          .orElseThrow(() ->
              new TypeConversionException(
                  "'"
                      + value
                      + "' is none of "
                      + Arrays.stream(GgufType.values()).map(Enum::name).collect(Collectors.joining(", "))));
    }
  }
}
