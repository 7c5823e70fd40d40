package io.panallama.benchmarks.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.benchmarks.compare.Measure.Better;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Compares the engine with llama-bench and llama-batched-bench: {@code benchmarks/run engine} and {@code batch}. */
final class EngineSections {
  private static final Section ENGINE =
      new Section(
          "engine",
          "Single stream",
          "llama-bench",
          "tg128 is 128 steps of one token from an empty context, pp512 a prompt of 512 tokens. Ours goes through the "
              + "public API and includes queue, sampling, text and a reader; llama-bench computes only.",
          List.of(),
          Section.Findings.none(),
          "");

  private static final Section BATCH =
      new Section(
          "batch",
          "Several streams in one engine",
          "llama-batched-bench",
          "B prompts of 128 tokens, then 128 steps in which all B take part; counted are the tokens of these steps."
              + " Ours samples, and a virtual thread reads each stream; llama-batched-bench computes only.",
          List.of(),
          Section.Findings.none(),
          "");

  private final Checkout checkout;
  private final List<String> common;
  private final Effort effort;
  private final Consumer<String> progress;

  /**
   * @param common the options of both programs: the model and the threads
   */
  EngineSections(Checkout checkout, List<String> common, Effort effort, Consumer<String> progress) {
    this.checkout = checkout;
    this.common = common;
    this.effort = effort;
    this.progress = progress;
  }

  Section engine(Path llamaBench) throws InterruptedException {
    return section(
        ENGINE,
        List.of(
            "--llama-bench", llamaBench.toString(),
            "--rounds", Integer.toString(effort.engineRounds()),
            "--repetitions", "1",
            "--warm-up", Integer.toString(effort.warmUpSeconds())));
  }

  /**
   * @param separateCaches whether both have a KV cache for each sequence instead of one for all
   */
  Section batch(Path llamaBatchedBench, boolean separateCaches) throws InterruptedException {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--llama-batched-bench", llamaBatchedBench.toString(),
                "--rounds", Integer.toString(effort.batchRounds()),
                "--streams", effort.batchStreams().stream().map(String::valueOf).collect(Collectors.joining(","))));
    if (separateCaches) {
      options.add("--separate-caches");
    }
    return section(BATCH, options);
  }

  private Section section(Section empty, List<String> options) throws InterruptedException {
    Path json = checkout.logs().resolve(empty.id() + ".json");
    List<String> arguments = new ArrayList<>(List.of(empty.id()));
    arguments.addAll(common);
    arguments.addAll(options);
    arguments.addAll(List.of("--json", json.toString()));
    Children.Command command = checkout.script("benchmarks/run", arguments);
    Section planned =
        new Section(
            empty.id(),
            empty.title(),
            empty.rival(),
            empty.method(),
            List.of(checkout.typed(command)),
            Section.Findings.none(),
            "");
    try {
      checkout.children().run(command, checkout.logs().resolve(empty.id() + ".log"), progress);
      return read(planned, new ObjectMapper().readTree(json.toFile()));
    } catch (CompareException | IllegalArgumentException e) {
      return planned.failed(checkout.shortened(String.valueOf(e.getMessage())));
    } catch (IOException e) {
      return planned.failed("its results cannot be read: " + checkout.shortened(String.valueOf(e.getMessage())));
    }
  }

  /** The section with the figures that the program wrote. */
  static Section read(Section planned, JsonNode json) {
    List<Measure> measures = new ArrayList<>();
    List<Trend.Point> points = new ArrayList<>();
    for (JsonNode row : json.path("comparisons")) {
      Measure measure =
          new Measure(
              row.path("name").asText(),
              row.path("unit").asText(),
              Better.HIGHER,
              rounds(row.path("ours").path("samples"), row.path("theirs").path("samples")));
      measures.add(measure);
      if (measure.name().startsWith("B=")) {
        points.add(new Trend.Point(measure.name().substring(2), measure));
      }
    }
    if (measures.isEmpty()) {
      throw new CompareException("the program wrote no comparisons");
    }
    List<Trend> trends =
        points.size() > 1 ? List.of(new Trend("Tokens per second of all streams", "B", points)) : List.of();
    return new Section(
        planned.id(),
        planned.title(),
        planned.rival(),
        planned.method(),
        planned.commands(),
        new Section.Findings(measures, trends, List.of(), List.of(), List.of(), List.of(json)),
        "");
  }

  private static List<Measure.Round> rounds(JsonNode ours, JsonNode theirs) {
    if (ours.size() != theirs.size()) {
      throw new CompareException("ours was measured " + ours.size() + " times, theirs " + theirs.size() + " times");
    }
    List<Measure.Round> rounds = new ArrayList<>();
    for (int i = 0; i < ours.size(); i++) {
      rounds.add(new Measure.Round(ours.path(i).asDouble(), theirs.path(i).asDouble()));
    }
    return rounds;
  }
}
