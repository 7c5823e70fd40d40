package io.panallama.benchmarks;

import io.panallama.gguf.GgufType;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes models with random weights: as fast or slow as real ones of their size, and the same bytes everywhere. */
@Command(
    name = "models",
    description = "Writes generated models of known size; those that are there already stay.",
    mixinStandardHelpOptions = true)
final class ModelsProgram implements Callable<Integer> {
  /** As wide and deep as GPT-2 small, with the layers of a llama: 134 million parameters, 49 of them the vocabulary's. */
  private static final TinySpec SMALL =
      TinySpec.defaults().withSize(12, 768, 12).withFeedForward(2048).withVocabulary(32_000).withContextLength(8192);

  /** The vocabulary of Llama 3 on next to no layers: what is left is the output matrix and sampling. */
  private static final TinySpec WIDE_VOCABULARY = TinySpec.defaults().withVocabulary(128_256).withContextLength(8192);

  private static final Map<String, TinySpec> MODELS = new LinkedHashMap<>();

  static {
    MODELS.put("125m-f16", SMALL);
    MODELS.put("125m-q8_0", SMALL.withType(GgufType.Q8_0));
    MODELS.put("vocab128k-f16", WIDE_VOCABULARY);
  }

  @Option(
      names = {"-d", "--directory"},
      defaultValue = "benchmarks/target/models",
      description = "Where to; default ${DEFAULT-VALUE}.")
  private Path directory = Path.of("benchmarks/target/models");

  @Parameters(paramLabel = "NAME", description = "125m-f16, 125m-q8_0, vocab128k-f16; default all.")
  private List<String> names = List.copyOf(MODELS.keySet());

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(directory);
    for (String name : names) {
      TinySpec spec = MODELS.get(name);
      if (spec == null) {
        System.err.println("There is no model " + name + "; there are " + MODELS.keySet() + ".");
        return 2;
      }
      Path file = directory.resolve(name + ".gguf");
      if (!Files.exists(file)) {
        TinyModels.write(file, spec);
      }
      System.out.printf("%s  %,d bytes%n", file, Files.size(file));
    }
    return 0;
  }
}
