package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.load.measure.Requests;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures how much a JSON schema slows down a single stream. */
@Command(
    name = "grammar",
    description =
        "Compares the tokens per second of a stream with a JSON schema with those of the same stream without one.",
    mixinStandardHelpOptions = true)
final class GrammarProgram implements Callable<Integer> {
  /** Both many short and few long generations are typical answers; the rate counts decoding only. */
  private static final Map<String, String> SCHEMAS = schemas();

  private static final int CONTEXT = 1024;

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(names = "--rounds", description = "Default ${DEFAULT-VALUE}.")
  private int rounds = 7;

  @Option(names = "--tokens", description = "Of each measurement, at least; default ${DEFAULT-VALUE}.")
  private int tokens = 512;

  private long seed;

  private static Map<String, String> schemas() {
    Map<String, String> schemas = new LinkedHashMap<>();
    schemas.put(
        "plain object",
        """
        {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"},
          "email": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
         "required": ["name", "age", "email", "tags"], "additionalProperties": false}
        """);
    // Unlike a trained model, one with random weights hardly ever chooses a token that the grammar allows, so nearly
    // every
    // token needs a check of the whole vocabulary.
    schemas.put(
        "numbers and words",
        """
        {"type": "object", "properties": {"rows": {"type": "array", "minItems": 40, "items": {"type": "object",
          "properties": {"id": {"type": "integer"}, "kind": {"enum": ["red", "green", "blue"]},
            "note": {"type": "string", "maxLength": 12}, "ok": {"type": "boolean"}},
          "required": ["id", "kind", "note", "ok"], "additionalProperties": false}}},
         "required": ["rows"], "additionalProperties": false}
        """);
    return schemas;
  }

  @Override
  public Integer call() throws Exception {
    try (Model model = options.load();
        Engine engine =
            Engine.start(
                model,
                options
                    .config()
                    .slots(1)
                    .contextSize(CONTEXT)
                    .reusePrefixes(false)
                    .spill(SpillConfig.none())
                    .build())) {
      Requests requests = new Requests(model);
      Report report = new Report("grammar", options.facts(engine));
      List<Comparison> comparisons = new ArrayList<>();
      for (Map.Entry<String, String> schema : SCHEMAS.entrySet()) {
        ResponseFormat format = new ResponseFormat.JsonSchema(schema.getValue());
        Comparison comparison = new Comparison(schema.getKey());
        rate(engine, requests, format);
        rate(engine, requests, new ResponseFormat.Text());
        Turns.run(
            rounds,
            report,
            () -> comparison.ours(rate(engine, requests, format)),
            () -> comparison.theirs(rate(engine, requests, new ResponseFormat.Text())));
        comparisons.add(comparison);
      }
      report.comparisons("tokens/s", "unconstrained", comparisons);
      report.write(options.json());
    }
    return 0;
  }

  /** Tokens per second from the first token of an answer to its last, over as many answers as needed. */
  private double rate(Engine engine, Requests requests, ResponseFormat format) {
    long generated = 0;
    Duration time = Duration.ZERO;
    while (generated < tokens) {
      Sampling sampling = Sampling.builder().seed(++seed).ignoreEnd(format instanceof ResponseFormat.Text).build();
      GenerationOptions limits =
          GenerationOptions.builder().sampling(sampling).format(format).maxTokens(tokens).build();
      Completion answer = engine.generate(CompletionRequest.of(requests.tokens(8)).with(limits)).await();
      generated += Math.max(0, answer.usage().completionTokens() - 1);
      time = time.plus(answer.timings().decode());
    }
    return generated * 1e9 / time.toNanos();
  }
}
