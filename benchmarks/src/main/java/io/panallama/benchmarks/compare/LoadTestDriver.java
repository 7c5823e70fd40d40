package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Better;
import io.panallama.load.Extent;
import io.panallama.load.Latency;
import io.panallama.load.Lengths;
import io.panallama.load.LoadPlan;
import io.panallama.load.LoadResult;
import io.panallama.load.LoadRow;
import io.panallama.load.LoadTarget;
import io.panallama.load.LoadTest;
import io.panallama.load.PromptScale;
import io.panallama.load.Scenario;
import io.panallama.load.Summary;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Loads servers with {@link LoadTest}. Not thread-safe. */
final class LoadTestDriver implements ServerRounds.Driver {
  private static final List<Double> PERCENTILES = List.of(10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0);

  private final Effort effort;
  private final boolean chat;
  private Optional<PromptScale> scale = Optional.empty();

  /**
   * @param chat whether to use the chat route, with the model's template; else the route of plain completions
   */
  LoadTestDriver(Effort effort, boolean chat) {
    this.effort = effort;
    this.chat = chat;
  }

  @Override
  public Sample run(URI server, LoadCase load, int round) throws InterruptedException {
    LoadTarget target = LoadTarget.of(server).withChat(chat).withFields(Map.of("temperature", 0));
    LoadResult result = LoadTest.run(target, plan(load, round), line -> {});
    // The first server tells how many tokens words have; both then get the very same prompts.
    scale = Optional.of(scale.orElse(result.scale()));
    List<String> problems = new ArrayList<>(result.notes());
    for (LoadRow row : result.rows()) {
      problems.addAll(problems(row.summary()));
    }
    LoadRow row = result.rows().getLast();
    return load.kind() == LoadCase.Kind.INTRUSION ? intrusion(result, row, problems) : loop(result, row, problems);
  }

  private LoadPlan plan(LoadCase load, int round) {
    // Every load of a round has its own prompts, or it would find those of another load in the cache.
    long seed = 1_000L * (round + 2) + 100L * Plan.ALL.indexOf(load.kind().id()) + load.streams();
    LoadPlan.Builder plan = LoadPlan.builder().concurrency(load.streams()).seed(seed);
    scale.ifPresent(plan::scale);
    switch (load.kind()) {
      case CHAT ->
          plan.scenario(Scenario.CHAT)
              .lengths(new Lengths(effort.prompt(), effort.answer(), 0, 1, 0))
              .warmUp(new Extent.Requests(load.streams()))
              .extent(new Extent.Requests(Math.max(6, effort.requestsPerStream() * load.streams())));
      case SHARED ->
          plan.scenario(Scenario.SHARED_PREFIX)
              .lengths(new Lengths(effort.prompt() / 2, effort.answer() / 2, effort.shared(), 1, 0))
              .warmUp(new Extent.Requests(0))
              .extent(new Extent.Requests(effort.requestsPerStream() * load.streams()));
      case INTRUSION ->
          plan.scenario(Scenario.INTRUSION)
              .lengths(new Lengths(effort.prompt(), effort.intrudedAnswer(), 0, 1, 0))
              .intruder(effort.intruder(), 32)
              .warmUp(new Extent.Requests(0))
              .baselineFirst(round % 2 == 0)
              .rounds(1);
    }
    return plan.build();
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

  private static Sample loop(LoadResult result, LoadRow row, List<String> problems) {
    Summary summary = row.summary();
    List<Sample.Distribution> curves =
        List.of(distribution("ITL", summary.itl()), distribution("TTFT", summary.ttft()));
    List<Sample.Value> values =
        List.of(
            new Sample.Value("tokens/s", "tokens/s", Better.HIGHER, summary.tokensPerSecond()),
            millis("TTFT p50", summary.ttft().p50()),
            millis("TTFT p90", summary.ttft().percentile(90)),
            millis("ITL p50", summary.itl().p50()),
            millis("ITL p99", summary.itl().p99()));
    return new Sample(values, curves, work(summary), problems, result.json());
  }

  private static Sample intrusion(LoadResult result, LoadRow row, List<String> problems) {
    Latency during = latency(row, "ITL during the prefill");
    Latency intruder = latency(row, "TTFT of the long prompt");
    List<Sample.Distribution> curves =
        List.of(
            distribution("ITL during the prefill", during),
            distribution("ITL of the same tokens without it", latency(row, "ITL of the same tokens, baseline")));
    problems.addAll(intruderProblems(row, during.count()));
    Summary summary = row.summary();
    List<Sample.Value> values =
        List.of(
            // A server that processes the prompt in two steps leaves two or three gaps per stream: too few for a
            // median.
            millis("mean ITL during the prefill", during.mean()),
            millis("ITL p99 during the prefill", during.p99()),
            millis("TTFT of the long prompt", intruder.p50()),
            new Sample.Value("tokens/s of the streams", "tokens/s", Better.HIGHER, summary.tokensPerSecond()));
    return new Sample(values, curves, work(summary), problems, result.json());
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

  private static Sample.Work work(Summary summary) {
    return new Sample.Work(summary.promptTokens(), summary.cachedTokens(), summary.answerTokens(), summary.events());
  }

  private static Sample.Value millis(String name, double value) {
    return new Sample.Value(name, "ms", Better.LOWER, value);
  }

  private static Sample.Distribution distribution(String name, Latency latency) {
    return new Sample.Distribution(name, PERCENTILES, PERCENTILES.stream().map(latency::percentile).toList());
  }
}
