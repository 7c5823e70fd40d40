package io.panallama.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The metrics of the requests for one model. Safe for use by several threads. */
final class ModelMeters {
  static final String MODEL = "model_name";
  static final String ROUTE = "route";

  /** vLLM's buckets, in seconds. */
  private static final double[] FIRST_TOKEN = {
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560
  };

  private static final double[] REQUEST = {
    0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
  };
  private static final double[] PER_TOKEN = {
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
  };

  private static final double[] TOKENS = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000
  };

  private final MeterRegistry meters;
  private final String model;
  private final Timer firstToken;
  private final Timer endToEnd;
  private final Timer queued;
  private final Timer prefill;
  private final Timer decode;
  private final Timer inference;
  private final Timer perToken;
  private final DistributionSummary promptTokens;
  private final DistributionSummary generatedTokens;

  /** In vLLM the longest choice of a request; here each choice is a generation of its own. */
  private final DistributionSummary mostGeneratedTokens;

  private final Map<Outcome, Counter> outcomes = new EnumMap<>(Outcome.class);
  private final Map<String, RouteMeters> routes = new ConcurrentHashMap<>();

  ModelMeters(MeterRegistry meters, String model) {
    this.meters = meters;
    this.model = model;
    firstToken = timer("vllm:time_to_first_token", "From submission to the first token.", FIRST_TOKEN);
    endToEnd = timer("vllm:e2e_request_latency", "From submission to the last token.", REQUEST);
    queued = timer("vllm:request_queue_time", "From submission to the first step for the request.", REQUEST);
    prefill = timer("vllm:request_prefill_time", "From the first step to the first token.", REQUEST);
    decode = timer("vllm:request_decode_time", "From the first to the last token.", REQUEST);
    inference = timer("vllm:request_inference_time", "From the first step to the last token.", REQUEST);
    perToken = timer("vllm:request_time_per_output_token", "Mean time between tokens of a request.", PER_TOKEN);
    promptTokens = summary("vllm:request_prompt_tokens", "Prompt tokens of a request.");
    generatedTokens = summary("vllm:request_generation_tokens", "Generated tokens of a request.");
    mostGeneratedTokens = summary("vllm:request_max_num_generation_tokens", "The same.");
    for (Outcome outcome : Outcome.values()) {
      outcomes.put(
          outcome,
          counter(
              "vllm:request_success",
              "Requests that ended, by vLLM's reasons.",
              Tags.of(MODEL, model, "finished_reason", outcome.finishedReason())));
    }
  }

  private Counter counter(String name, String help, Tags tags) {
    return Counter.builder(name).tags(tags).description(help).register(meters);
  }

  private Timer timer(String name, String help, double... seconds) {
    return timer(name, help, Tags.of(MODEL, model), seconds);
  }

  private Timer timer(String name, String help, Tags tags, double... seconds) {
    Duration[] bounds =
        Arrays.stream(seconds).mapToObj(bound -> Duration.ofNanos(Math.round(bound * 1e9))).toArray(Duration[]::new);
    return Timer.builder(name).tags(tags).description(help).serviceLevelObjectives(bounds).register(meters);
  }

  private DistributionSummary summary(String name, String help) {
    return DistributionSummary.builder(name)
        .tags(MODEL, model)
        .description(help)
        .serviceLevelObjectives(TOKENS)
        .register(meters);
  }

  /** The metrics by route, which vLLM does not have. */
  private final class RouteMeters {
    private final String route;
    private final Timer firstToken;
    private final Timer endToEnd;
    private final Counter promptTokens;
    private final Counter cachedTokens;
    private final Counter generatedTokens;
    private final Map<Outcome, Counter> outcomes = new ConcurrentHashMap<>();

    RouteMeters(String route) {
      this.route = route;
      Tags tags = Tags.of(MODEL, model, ROUTE, route);
      firstToken = timer("panallama.time.to.first.token", "From submission to the first token.", tags, FIRST_TOKEN);
      endToEnd = timer("panallama.request.duration", "From submission to the last token.", tags, REQUEST);
      promptTokens = counter("panallama.prompt.tokens", "Prompt tokens of requests that ended.", tags);
      cachedTokens = counter("panallama.cached.prompt.tokens", "Those of them that a cache had.", tags);
      generatedTokens = counter("panallama.generation.tokens", "Generated tokens of requests that ended.", tags);
    }

    void ended(Outcome outcome) {
      Counter known = outcomes.get(outcome);
      if (known == null) {
        known =
            outcomes.computeIfAbsent(
                outcome,
                key ->
                    counter(
                        "panallama.requests",
                        "Generations that ended, by how.",
                        Tags.of(MODEL, model, ROUTE, route, "outcome", key.label())));
      }
      known.increment();
    }
  }

  private RouteMeters route(String route) {
    RouteMeters known = routes.get(route);
    return known == null ? routes.computeIfAbsent(route, RouteMeters::new) : known;
  }

  /** A generation ended without its numbers. */
  void ended(String route, Outcome outcome) {
    increment(outcome);
    route(route).ended(outcome);
  }

  private void increment(Outcome outcome) {
    Counter counter = outcomes.get(outcome);
    if (counter != null) {
      counter.increment();
    }
  }

  /** A generation ended. Of one that was cancelled only the time to its first token is known in full. */
  void finished(String routeName, GenerationEvent.Finished end) {
    Outcome outcome = Outcome.of(end.reason());
    ended(routeName, outcome);
    RouteMeters route = route(routeName);
    Usage usage = end.usage();
    Timings timings = end.timings();
    route.promptTokens.increment(usage.promptTokens());
    route.cachedTokens.increment(usage.cachedTokens());
    route.generatedTokens.increment(usage.completionTokens());
    if (usage.completionTokens() > 0) {
      firstToken.record(timings.timeToFirstToken());
      route.firstToken.record(timings.timeToFirstToken());
    }
    if (end.reason() == FinishReason.CANCELLED) {
      return;
    }
    endToEnd.record(timings.total());
    route.endToEnd.record(timings.total());
    queued.record(timings.queued());
    prefill.record(timings.prefill());
    decode.record(timings.decode());
    inference.record(timings.prefill().plus(timings.decode()));
    promptTokens.record(usage.promptTokens());
    generatedTokens.record(usage.completionTokens());
    mostGeneratedTokens.record(usage.completionTokens());
    if (usage.completionTokens() > 1) {
      perToken.record(timings.decode().dividedBy(usage.completionTokens() - 1L));
    }
  }
}
