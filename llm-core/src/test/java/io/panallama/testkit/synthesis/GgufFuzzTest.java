package io.panallama.testkit.synthesis;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.ModelPreflight;
import io.panallama.testkit.Fuzzing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutants of models of all architectures: the preflight or the trial refuses them, or an engine generates with them.
 * None that passes both may end the process of an engine.
 * Mutants that break something stay in {@code target/fuzz}.
 */
@Tag("fuzz")
class GgufFuzzTest {
  private static final int FEW = 100;
  private static final int REPAIRED = 16;
  private static final int COLLECTED = 256;

  private static final List<String> FAULTS =
      List.of("engine " + EngineChild.DIED, "engine " + EngineChild.HANGS, "engine wrong");

  @TempDir Path folder;

  @Test
  void whatPassesTheTrialEndsNoEngine() throws Exception {
    List<ModelRecipe> recipes = recipes();
    assertThat(recipes.stream().map(ModelRecipe::architecture).distinct()).hasSizeGreaterThanOrEqualTo(120);
    long seed = Fuzzing.seed();
    RecipeMutator mutator = new RecipeMutator(recipes, seed);
    ModelSynthesizer synthesizer = new ModelSynthesizer(folder);
    Map<String, Integer> ends = new TreeMap<>();
    Map<String, Integer> deaths = new TreeMap<>();
    TreeSet<String> reached = new TreeSet<>();
    List<String> faults = new ArrayList<>();
    TrialProcess trial = new TrialProcess();
    long began = System.nanoTime();
    int done = 0;
    try (EngineChild engine = new EngineChild()) {
      for (; Fuzzing.goesOn(done, FEW, began); done++) {
        Path file = folder.resolve("mutant-" + done + ".gguf");
        ModelRecipe recipe;
        try {
          if (done % REPAIRED == REPAIRED - 1) {
            recipe = synthesizer.repaired(mutator.nextNumber());
            recipe.write(file, 1);
          } else {
            RecipeMutator.Mutant mutant = mutator.next();
            recipe = mutant.recipe();
            mutant.write(file);
          }
        } catch (IllegalArgumentException impossible) {
          ends.merge("not a file", 1, Integer::sum);
          continue;
        }
        String end = end(file, trial, engine, deaths);
        if (end.startsWith("engine")) {
          reached.add(recipe.architecture());
        }
        if (FAULTS.stream().anyMatch(end::startsWith)) {
          faults.add(keep(file, seed, done) + " " + end);
          System.out.println(faults.getLast());
        }
        ends.merge(end.contains(": ") ? end.substring(0, end.indexOf(": ")) : end, 1, Integer::sum);
        Files.deleteIfExists(file);
        if (done % COLLECTED == 0) {
          System.gc(); // the mappings of deleted files are memory that only this gives back
        }
      }
    }
    System.out.println(
        done
            + " mutants with seed "
            + seed
            + " in "
            + Duration.ofNanos(System.nanoTime() - began).toSeconds()
            + " s: "
            + ends);
    System.out.println(reached.size() + " architectures reached an engine");
    deaths.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .forEach(death -> System.out.println("trial " + death.getValue() + " x " + death.getKey()));
    assertThat(faults).isEmpty();
    assertThat(ends.keySet()).anyMatch(end -> end.startsWith("engine generated")).contains("preflight");
  }

  /** Where a mutant's way ends, and how. */
  private static String end(Path file, TrialProcess trial, EngineChild engine, Map<String, Integer> deaths)
      throws IOException, InterruptedException {
    try {
      GgufFile read = GgufFile.read(file);
      ModelPreflight.check(read);
      ModelPreflight.requireWeights(read);
    } catch (ModelLoadException refused) {
      return "preflight";
    }
    TrialProcess.End tried = trial.run(file, "steps");
    if (tried.died()) {
      deaths.merge(GgufFile.read(file).architecture().orElse("") + " " + tried.lastWords(), 1, Integer::sum);
      return "trial died";
    }
    String answer = engine.generate(file);
    return "engine " + (answer.startsWith("refused") ? "refused" : answer);
  }

  private static Path keep(Path file, long seed, int number) throws IOException {
    Path kept = Path.of("target", "fuzz", "gguf-" + seed + "-" + number + ".gguf");
    Files.createDirectories(kept.toAbsolutePath().getParent());
    return Files.copy(file, kept, StandardCopyOption.REPLACE_EXISTING);
  }

  /** The recipes that {@link SynthesisMain} wrote. */
  static List<ModelRecipe> recipes() throws IOException {
    try (InputStream in = GgufFuzzTest.class.getResourceAsStream("recipes.txt.gz");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(new GZIPInputStream(in), StandardCharsets.UTF_8))) {
      return ModelRecipe.parse(reader.lines().toList());
    }
  }
}
