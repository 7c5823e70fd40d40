package io.panallama.testkit.synthesis;

import io.panallama.gguf.ModelPreflight;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPOutputStream;

/**
 * Writes the recipes of all architectures to a file, one of each that llama.cpp computes with: {@code SynthesisMain FILE
 * [ARCHITECTURE...]}. {@code recipes.txt.gz} beside {@link GgufFuzzTest} was written by it.
 */
public final class SynthesisMain {
  private SynthesisMain() {}

  /** Asks the loader about every architecture, with and without experts, and prints how each model ended. */
  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("synthesis");
    List<String> names = args.length > 1 ? List.of(args).subList(1, args.length) : ModelPreflight.architectures();
    List<Callable<List<ModelSynthesizer.Found>>> tasks = new ArrayList<>();
    for (String name : names) {
      tasks.add(() -> all(folder, name));
    }
    List<String> lines = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (Future<List<ModelSynthesizer.Found>> task : threads.invokeAll(tasks)) {
        List<ModelSynthesizer.Found> all = task.get();
        for (ModelSynthesizer.Found found : all) {
          System.out.printf("%-32s %4d %s%n", found.recipe(), found.end().status(), found.end().lastWords());
        }
        List<ModelSynthesizer.Found> good = all.stream().filter(found -> found.end().generated()).toList();
        if (!good.isEmpty()) {
          lines.addAll(good.getLast().recipe().lines());
        }
      }
    }
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(Path.of(args[0])))) {
      out.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Without experts and with them; the same model twice counts once. */
  private static List<ModelSynthesizer.Found> all(Path folder, String name) throws IOException {
    List<ModelSynthesizer.Found> all = new ArrayList<>();
    ModelSynthesizer synthesizer = new ModelSynthesizer(Files.createDirectories(folder.resolve(name)));
    for (String variant : List.of("bare", "full", "full-experts")) {
      boolean experts = !variant.equals("full");
      ModelSynthesizer.Found found = synthesizer.synthesize(name, variant, experts);
      boolean known =
          all.stream()
              .anyMatch(other ->
                  other.recipe().tensors().equals(found.recipe().tensors())
                      && other.recipe().keys().equals(found.recipe().keys()));
      if (!known) {
        all.add(found);
      }
    }
    return all;
  }
}
