package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Better;
import io.panallama.load.Latency;
import io.panallama.load.LoadPlan;
import io.panallama.load.LoadResult;
import io.panallama.load.LoadRow;
import io.panallama.load.LoadTarget;
import io.panallama.load.LoadTest;
import io.panallama.load.PromptScale;
import io.panallama.load.RequestRecord;
import io.panallama.load.Summary;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Loads servers with {@link LoadTest}. Not thread-safe. */
final class LoadTestDriver implements ServerRounds.Driver {
  private static final List<Double> PERCENTILES = List.of(10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0);

  private final Loads loads;
  private final LoadPlans plans;
  private final boolean chat;
  private Optional<PromptScale> scale = Optional.empty();
  private OptionalDouble capacity = OptionalDouble.empty();

  /**
   * @param chat whether to use the chat route, with the model's template; else the route of plain completions
   */
  LoadTestDriver(Loads loads, boolean chat) {
    this.loads = loads;
    this.plans = new LoadPlans(loads);
    this.chat = chat;
  }

  @Override
  public void prepare(URI theirs, LoadCase load) throws InterruptedException {
    if (load.kind() == LoadCase.Kind.MIXED && loads.mixed().rate().isEmpty()) {
      Summary summary = test(theirs, load, plans.capacity(load)).rows().getLast().summary();
      if (!(summary.requestsPerSecond() > 0)) {
        throw new CompareException("its capacity was not found: " + String.join("; ", problems(summary)));
      }
      capacity = OptionalDouble.of(summary.requestsPerSecond());
    }
  }

  @Override
  public List<String> notes(LoadCase.Kind kind) {
    if (kind != LoadCase.Kind.MIXED || capacity.isEmpty()) {
      return List.of();
    }
    return List.of(
        String.format(
            Locale.ROOT,
            "The peer answered %.2f such requests per second in a closed loop, so %.2f per second arrived.",
            capacity.getAsDouble(),
            rate()));
  }

  @Override
  public Sample run(URI server, LoadCase load, int round) throws InterruptedException {
    LoadResult result = test(server, load, plans.plan(load, round, rate()));
    List<String> problems = new ArrayList<>(result.notes());
    for (LoadRow row : result.rows()) {
      problems.addAll(problems(row.summary()));
    }
    LoadRow row = result.rows().getLast();
    return switch (load.kind()) {
      case CHAT, LONGER_CHAT, QUEUE, JSON, SHARED ->
          loop(
              result,
              List.of(tokensPerSecond(row), ttft(row, 50), ttft(row, 90), itl(row, 50), itl(row, 99)),
              problems);
      case MIXED -> loop(result, mixed(row), problems);
      case TURNS -> loop(result, turns(row), problems);
      case ANSWERS -> answers(result, row, problems);
      case INTRUSION -> intrusion(result, row, problems);
    };
  }

  /** The arrivals per second of an open loop. */
  private double rate() {
    return loads.mixed().arrivals(capacity.orElse(1));
  }

  private LoadResult test(URI server, LoadCase load, LoadPlan.Builder plan) throws InterruptedException {
    scale.ifPresent(plan::scale);
    LoadTarget target = LoadTarget.of(server).withChat(chat).withFields(plans.fields(load.kind()));
    LoadResult result = LoadTest.run(target, plan.build(), line -> {});
    // The first server tells how many tokens words have; both then get the very same prompts.
    scale = Optional.of(scale.orElse(result.scale()));
    return result;
  }

  private static List<String> problems(Summary summary) {
    List<String> problems = new ArrayList<>();
    if (summary.failed() > 0) {
      problems.add(summary.failed() + " of " + summary.requests() + " requests failed: " + summary.example());
    }
    if (summary.shorter() > 0) {
      problems.add(summary.shorter() + " of " + summary.ok() + " answers are shorter than requested");
    }
    if (!summary.tokensFromUsage()) {
      problems.add("it does not count tokens, so events were counted");
    }
    return problems;
  }

  private static Sample loop(LoadResult result, List<Sample.Value> values, List<String> problems) {
    Summary summary = result.rows().getLast().summary();
    List<Sample.Distribution> curves =
        List.of(distribution("ITL", summary.itl()), distribution("TTFT", summary.ttft()));
    return sample(result, values, curves, problems);
  }

  private static Sample sample(
      LoadResult result, List<Sample.Value> values, List<Sample.Distribution> curves, List<String> problems) {
    Summary summary = result.rows().getLast().summary();
    Sample.Work work =
        new Sample.Work(summary.promptTokens(), summary.cachedTokens(), summary.answerTokens(), summary.events());
    long generated =
        result.rows().stream().flatMap(row -> row.records().stream()).mapToLong(RequestRecord::tokens).sum();
    return new Sample(values, curves, work, generated, problems, result.json());
  }

  private static List<Sample.Value> mixed(LoadRow row) {
    Summary summary = row.summary();
    return List.of(
        new Sample.Value("goodput", "requests/s", Better.HIGHER, summary.goodput()),
        ttft(row, 50),
        ttft(row, 90),
        ttft(row, 99),
        itl(row, 50),
        itl(row, 99),
        millis("time per token p50", summary.tpot().p50()),
        millis("whole answer p50", summary.e2e().p50()));
  }

  private List<Sample.Value> turns(LoadRow row) {
    List<Sample.Value> values = new ArrayList<>();
    values.add(tokensPerSecond(row));
    for (int turn = 1; turn <= loads.turns().turns(); turn++) {
      values.add(millis("TTFT p50 of turn " + turn, latency(row, "TTFT of turn " + turn).p50()));
    }
    Latency later = latency(row, "TTFT of later turns");
    values.add(millis("TTFT p50 of later turns", later.p50()));
    values.add(millis("TTFT p90 of later turns", later.percentile(90)));
    values.add(itl(row, 50));
    values.add(itl(row, 99));
    return values;
  }

  private static Sample answers(LoadResult result, LoadRow row, List<String> problems) {
    Latency whole = row.summary().e2e();
    // No ITL: the events of the answers to one request come mixed.
    List<Sample.Value> values =
        List.of(
            tokensPerSecond(row),
            ttft(row, 50),
            ttft(row, 90),
            millis("all answers p50", whole.p50()),
            millis("all answers p90", whole.percentile(90)));
    List<Sample.Distribution> curves =
        List.of(distribution("TTFT", row.summary().ttft()), distribution("all answers", whole));
    return sample(result, values, curves, problems);
  }

  private static Sample intrusion(LoadResult result, LoadRow row, List<String> problems) {
    Latency during = latency(row, "ITL during the prefill");
    Latency intruder = latency(row, "TTFT of the long prompt");
    List<Sample.Distribution> curves =
        List.of(
            distribution("ITL during the prefill", during),
            distribution("ITL of the same tokens without it", latency(row, "ITL of the same tokens, baseline")));
    problems.addAll(intruderProblems(row, during.count()));
    List<Sample.Value> values =
        List.of(
            // A server that processes the prompt in two steps leaves two or three gaps per stream: too few for a
            // median.
            millis("mean ITL during the prefill", during.mean()),
            millis("ITL p99 during the prefill", during.p99()),
            millis("TTFT of the long prompt", intruder.p50()),
            new Sample.Value("tokens/s of the streams", "tokens/s", Better.HIGHER, row.summary().tokensPerSecond()));
    return sample(result, values, curves, problems);
  }

  /** Checks that the long prompts were answered and computed anew, and that the streams ran all the time. */
  private static List<String> intruderProblems(LoadRow row, long gaps) {
    List<String> problems = new ArrayList<>();
    if (fact(row, "long prompts answered") != fact(row, "rounds")) {
      problems.add("not every long prompt was answered");
    }
    if (fact(row, "of them cached") > 0) {
      problems.add("a part of the long prompt came from a cache");
    }
    if (fact(row, "streams over before its first token") > 0) {
      problems.add(
          "streams were over before the first token of the long prompt; choose longer ones or a shorter prompt");
    }
    if (fact(row, "gaps without a baseline counterpart") > gaps / 100) {
      problems.add("more than 1 % of the gaps have no counterpart without the long prompt");
    }
    return problems;
  }

  private static long fact(LoadRow row, String name) {
    if (row.facts().get(name) instanceof Number number) {
      return number.longValue();
    }
    throw new CompareException("the load generator does not report \"" + name + "\": " + row.facts());
  }

  private static Latency latency(LoadRow row, String name) {
    Latency latency = row.latencies().get(name);
    if (latency == null || latency.count() == 0) {
      throw new CompareException("the load generator found no \"" + name + "\": " + row.facts());
    }
    return latency;
  }

  private static Sample.Value tokensPerSecond(LoadRow row) {
    return new Sample.Value("tokens/s", "tokens/s", Better.HIGHER, row.summary().tokensPerSecond());
  }

  private static Sample.Value ttft(LoadRow row, int percentile) {
    return millis("TTFT p" + percentile, row.summary().ttft().percentile(percentile));
  }

  private static Sample.Value itl(LoadRow row, int percentile) {
    return millis("ITL p" + percentile, row.summary().itl().percentile(percentile));
  }

  private static Sample.Value millis(String name, double value) {
    return new Sample.Value(name, "ms", Better.LOWER, value);
  }

  private static Sample.Distribution distribution(String name, Latency latency) {
    return new Sample.Distribution(name, PERCENTILES, PERCENTILES.stream().map(latency::percentile).toList());
  }
}
