package io.panallama.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.NativeRuntime;
import io.panallama.config.ModelConfig;
import io.panallama.load.measure.Spread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * llama.cpp's own benchmarks, run as processes on the libraries that this process has loaded: their folder is the library
 * path and the working directory, where ggml looks for its CPU libraries.
 */
final class LlamaBench {
  private static final ObjectMapper JSON = new ObjectMapper();

  private LlamaBench() {}

  /** Rates in tokens per second, the median of the repetitions. */
  record Rates(double prompt, double generation) {}

  /**
   * {@code llama-bench} with pp512 and tg128.
   *
   * @param gpuLayers -1 for all
   */
  static Rates single(Path program, Path model, int threads, int gpuLayers, int repetitions) {
    String output =
        run(
            program,
            "-m",
            model.toString(),
            "-t",
            Integer.toString(threads),
            "-ngl",
            Integer.toString(gpuLayers),
            "-p",
            Integer.toString(SingleStream.PROMPT),
            "-n",
            Integer.toString(SingleStream.GENERATED),
            "-r",
            Integer.toString(repetitions),
            "-o",
            "json");
    double prompt = 0;
    double generation = 0;
    for (JsonNode test : json(output)) {
      List<Double> samples = new ArrayList<>();
      test.path("samples_ts").forEach(sample -> samples.add(sample.asDouble()));
      if (test.path("n_gen").asInt() == 0) {
        prompt = Spread.of(samples).median();
      } else {
        generation = Spread.of(samples).median();
      }
    }
    return new Rates(prompt, generation);
  }

  /**
   * {@code llama-batched-bench}.
   *
   * @param gpuLayers -1 for all
   * @param unified whether all sequences share one KV cache, as ours do
   * @return tokens per second, in the order of {@code streams}
   */
  static List<Double> batched(
      Path program, Path model, int threads, int gpuLayers, List<Integer> streams, boolean unified) {
    int most = streams.stream().mapToInt(Integer::intValue).max().orElseThrow();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-m",
                model.toString(),
                "-t",
                Integer.toString(threads),
                "-tb",
                Integer.toString(threads),
                "-ngl",
                // For this program -1 means as many layers as seem to fit, not all.
                gpuLayers == ModelConfig.ALL_LAYERS ? "all" : Integer.toString(gpuLayers),
                "-c",
                Integer.toString(most * (BatchDecode.PROMPT + BatchDecode.GENERATED)),
                "-b",
                "2048",
                "-ub",
                "512",
                "-npp",
                Integer.toString(BatchDecode.PROMPT),
                "-ntg",
                Integer.toString(BatchDecode.GENERATED),
                "-npl",
                // The thread that writes its log may miss the last row at exit, so one more row is measured.
                streams.stream().map(String::valueOf).collect(Collectors.joining(",")) + ",1",
                "--output-format",
                "jsonl"));
    if (unified) {
      arguments.add("-kvu");
    }
    Map<Integer, Double> rates = new HashMap<>();
    run(program, arguments.toArray(String[]::new))
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("{"))
        .map(LlamaBench::json)
        .forEach(row -> rates.putIfAbsent(row.path("pl").asInt(), row.path("speed_tg").asDouble()));
    if (!rates.keySet().containsAll(streams)) {
      throw new IllegalStateException(program + " told of " + rates.keySet() + " sequences only");
    }
    return streams.stream().map(rates::get).toList();
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String run(Path program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(program.toAbsolutePath().toString());
    command.addAll(List.of(arguments));
    Path libraries = NativeRuntime.natives().directory();
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(libraries.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("LD_LIBRARY_PATH", libraries.toString());
    try {
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed with " + process.exitValue());
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
