package io.panallama.benchmarks;

import io.panallama.Quantizer;
import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationType;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Writes models with random weights in F16 and quantises them. They are as fast as real models of their size and have the same
 * bytes everywhere. Weights are generated while they are written, so only a few megabytes are in memory.
 */
@Command(
    name = "models",
    description = {
      "Writes generated models of known size. What is there already and right stays; what was made by another version,"
          + " or not to its end, is written anew.",
      "The other types are quantised from F16, which is written for that and stays."
    },
    mixinStandardHelpOptions = true)
final class ModelsProgram implements Callable<Integer> {
  private static final Map<String, TinySpec> SHAPES = new LinkedHashMap<>();

  static {
    TinySpec base = TinySpec.defaults().withContextLength(8192);
    // 29.6 million parameters, 13.1 of them the vocabulary's; grouped-query attention as in SmolLM2.
    SHAPES.put("30m", base.withSize(6, 512, 8).withKeyValueHeads(4).withFeedForward(1280).withVocabulary(12_800));
    // As wide and deep as GPT-2 small, with the layers of a llama: 134 million, 49 of them the vocabulary's.
    SHAPES.put("125m", base.withSize(12, 768, 12).withFeedForward(2048).withVocabulary(32_000));
    // The shape of TinyLlama: 1.10 billion, 131 million of them the vocabulary's.
    SHAPES.put("1b", base.withSize(22, 2048, 32).withKeyValueHeads(4).withFeedForward(5632).withVocabulary(32_000));
    // The vocabulary of Llama 3 with next to no layers, which leaves the output matrix and sampling.
    SHAPES.put("vocab128k", base.withVocabulary(128_256));
  }

  private static final List<QuantizationType> TYPES =
      List.of(QuantizationType.F16, QuantizationType.Q8_0, QuantizationType.Q4_K_M);

  /** The metadata key that tells what a file was made from; quantising copies it. */
  private static final String RECIPE = "panallama.recipe";

  @Option(
      names = {"-d", "--directory"},
      defaultValue = "benchmarks/target/models",
      description = "Where to; default ${DEFAULT-VALUE}.")
  private Path directory = Path.of("benchmarks/target/models");

  @Option(
      names = "--size",
      split = ",",
      paramLabel = "SIZE",
      description = "30m, 125m, 1b (4 GB with all types), vocab128k; default 30m,125m.")
  private List<String> sizes = List.of();

  @Option(
      names = "--type",
      split = ",",
      paramLabel = "TYPE",
      description = "Any that `panallama quantize --list` has without an importance matrix; default f16,q8_0,q4_k_m.")
  private List<String> types = List.of();

  @Parameters(
      paramLabel = "NAME",
      description = "SIZE-TYPE, such as 125m-q8_0. Without names and options: the default sizes and vocab128k-f16.")
  private List<String> names = List.of();

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(directory);
    for (String name : wanted()) {
      int border = name.lastIndexOf('-');
      TinySpec spec = SHAPES.get(name.substring(0, Math.max(0, border)));
      QuantizationType type = QuantizationType.of(name.substring(border + 1)).orElse(QuantizationType.COPY);
      if (spec == null || type == QuantizationType.COPY || type.needsImportanceMatrix()) {
        System.err.println(
            "There is no model "
                + name
                + "; sizes are "
                + String.join(", ", SHAPES.keySet())
                + ", types those of `panallama quantize --list` that need no importance matrix.");
        return 2;
      }
      String size = name.substring(0, border);
      boolean written = type == QuantizationType.F16 ? original(size, spec) : quantized(size, spec, type);
      print(file(size, type), written);
    }
    return 0;
  }

  private Set<String> wanted() {
    Set<String> wanted = new LinkedHashSet<>(names);
    if (!names.isEmpty() && sizes.isEmpty() && types.isEmpty()) {
      return wanted;
    }
    List<String> allTypes = new ArrayList<>(types);
    if (types.isEmpty()) {
      TYPES.forEach(type -> allTypes.add(label(type)));
    }
    for (String size : sizes.isEmpty() ? List.of("30m", "125m") : sizes) {
      allTypes.forEach(type -> wanted.add(size + "-" + type));
    }
    if (sizes.isEmpty() && types.isEmpty()) {
      wanted.add("vocab128k-f16");
    }
    return wanted;
  }

  private static String label(QuantizationType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  private Path file(String size, QuantizationType type) {
    return directory.resolve(size + "-" + label(type) + ".gguf");
  }

  private boolean original(String size, TinySpec spec) throws IOException {
    Path file = file(size, QuantizationType.F16);
    if (isRight(file, spec, QuantizationType.F16)) {
      return false;
    }
    System.err.println("writing " + file);
    TinyModels.writer(spec)
        .put("general.name", size)
        .put("general.file_type", QuantizationType.F16.id())
        .put(RECIPE, spec.toString())
        .write(file);
    return true;
  }

  private boolean quantized(String size, TinySpec spec, QuantizationType type) throws IOException {
    Path file = file(size, type);
    if (isRight(file, spec, type)) {
      return false;
    }
    original(size, spec);
    System.err.println("quantising " + file);
    Quantizer.quantize(
        file(size, QuantizationType.F16), file, QuantizationConfig.builder(type).overwrite(true).build());
    return true;
  }

  private static boolean isRight(Path file, TinySpec spec, QuantizationType type) {
    if (!Files.exists(file)) {
      return false;
    }
    try {
      // Reading the header checks that every tensor is there.
      GgufFile header = GgufFile.read(file);
      return header.string(RECIPE).filter(spec.toString()::equals).isPresent()
          && header.integer("general.file_type").orElse(-1) == type.id();
    } catch (ModelLoadException _) {
      return false;
    }
  }

  private static void print(Path path, boolean written) throws IOException {
    GgufFile file = GgufFile.read(path);
    long bytes = file.tensors().stream().mapToLong(GgufTensor::byteSize).sum();
    long parameters = file.tensors().stream().mapToLong(GgufTensor::elements).sum();
    System.out.printf(
        Locale.ROOT,
        "%s  %,d bytes, %.1f million parameters, %.2f bits per weight, %s%n",
        path,
        Files.size(path),
        parameters / 1e6,
        8.0 * bytes / parameters,
        written ? "written" : "was there");
  }
}
