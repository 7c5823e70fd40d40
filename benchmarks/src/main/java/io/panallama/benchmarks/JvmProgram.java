package io.panallama.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares options of the JVM: runs {@code engine} in a fresh JVM for each candidate, in turns. */
@Command(
    name = "jvm",
    description = "Compares candidate options of the JVM with the first, in turns, by tg128 and pp512.",
    mixinStandardHelpOptions = true)
final class JvmProgram implements Callable<Integer> {
  private static final List<String> CANDIDATES =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:+UseParallelGC",
          "-XX:+UseG1GC",
          "-XX:+UseZGC",
          "-XX:+UnlockExperimentalVMOptions -XX:+UseEpsilonGC",
          "-XX:+UseSerialGC -Xmn64m",
          "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC -XX:CICompilerCount=2 -XX:-UseDynamicNumberOfCompilerThreads",
          "-XX:+UseSerialGC -XX:-UsePerfData",
          "-XX:+UseSerialGC -XX:GuaranteedSafepointInterval=0",
          "-XX:+UseSerialGC -XX:+UseCompactObjectHeaders");

  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "May be repeated; default: the demo model.")
  private List<String> models = List.of("demo");

  @Option(
      names = {"-t", "--threads"},
      description = "Default: the engine chooses.")
  private int threads;

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "N",
      description = "Layers on the GPU, -1 for all; default ${DEFAULT-VALUE}, if there is a GPU.")
  private int gpuLayers = ModelConfig.ALL_LAYERS;

  @Option(
      names = "--candidate",
      paramLabel = "OPTIONS",
      description =
          "Options of the JVM as one argument, compared with the first; may be repeated. Default: a built-in list.")
  private List<String> candidates = CANDIDATES;

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("models", models);
    for (int i = 0; i < candidates.size(); i++) {
      facts.put(name(i), candidates.get(i));
    }
    Report report = new Report("jvm", facts);
    Map<String, List<List<Double>>> rates = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < candidates.size(); i++) {
        // Rotates the order, so that no candidate always runs first.
        int candidate = (i + round) % candidates.size();
        for (String model : models) {
          for (Map.Entry<String, Double> rate : measure(model, candidates.get(candidate)).entrySet()) {
            rates.computeIfAbsent(model(model) + rate.getKey(), test -> empty()).get(candidate).add(rate.getValue());
          }
        }
        report.progress("round %d of %d: %s", round + 1, rounds, candidates.get(candidate));
      }
    }
    List<Comparison> comparisons = new ArrayList<>();
    rates.forEach((test, ofCandidates) -> {
      for (int i = 0; i < candidates.size(); i++) {
        Comparison comparison = new Comparison(test + " " + name(i));
        ofCandidates.get(i).forEach(comparison::ours);
        ofCandidates.getFirst().forEach(comparison::theirs);
        comparisons.add(comparison);
      }
    });
    report.comparisons("tokens/s", "first candidate", comparisons);
    report.write(json);
    return 0;
  }

  private static String name(int candidate) {
    return "#" + (candidate + 1);
  }

  private static String model(String model) {
    String file = Path.of(model).getFileName().toString();
    return file.replaceFirst("\\.gguf$", "") + " ";
  }

  private List<List<Double>> empty() {
    List<List<Double>> lists = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      lists.add(new ArrayList<>());
    }
    return lists;
  }

  /** Runs {@code engine} in a JVM with these options besides this JVM's own; returns rates by test. */
  private Map<String, Double> measure(String model, String options) throws IOException, InterruptedException {
    Path result = Files.createTempFile("panallama-jvm", ".json");
    try {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of(options.split(" ")));
      command.add("--enable-native-access=io.panallama.bindings");
      command.add("--module-path=" + System.getProperty("jdk.module.path"));
      command.add("--module=io.panallama.benchmarks/" + Main.class.getName());
      command.addAll(List.of("engine", "--model", model, "--rounds", "1", "--json", result.toString()));
      command.addAll(List.of("--threads", Integer.toString(threads), "--gpu-layers", Integer.toString(gpuLayers)));
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed with " + process.exitValue());
      }
      Map<String, Double> rates = new LinkedHashMap<>();
      for (JsonNode row : JSON.readTree(result.toFile()).path("comparisons")) {
        rates.put(row.path("name").asText(), row.path("ours").path("median").asDouble());
      }
      return rates;
    } finally {
      Files.deleteIfExists(result);
    }
  }
}
