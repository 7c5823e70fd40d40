package io.panallama.load;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints results as a table. */
public final class LoadTable {
  private LoadTable() {}

  /** Prints a heading, a line for every load, and the notes needed to read them. */
  public static void print(LoadResult result, PrintStream out) {
    LoadPlan plan = result.plan();
    String model = result.model().isEmpty() ? "" : ", model " + result.model();
    out.printf("%s: %s%s%n", plan.scenario().label(), result.target().route(), model);
    out.printf("%s%n%n", describe(plan, result));
    out.printf(
        "%-34s %6s %6s %8s %9s %9s %9s %8s %8s %8s %9s %9s %6s %5s%n",
        "ms",
        "ok",
        "failed",
        "req/s",
        "tok/s",
        "TTFT p50",
        "p99",
        "ITL p50",
        "p99",
        "max",
        "E2E p50",
        "p99",
        "in SLO",
        "CPU");
    for (LoadRow row : result.rows()) {
      line(row, out);
    }
    out.println();
    for (LoadRow row : result.rows()) {
      details(row, out);
    }
    result.notes().forEach(out::println);
    if (result.rows().stream().anyMatch(row -> row.summary().shorter() > 0)) {
      out.println(
          "Some answers are shorter than requested, so compare the lengths of the servers' answers, too (answer_tokens"
              + " in --json).");
    }
    if (!result.rows().stream().allMatch(row -> row.summary().tokensFromUsage())) {
      out.println("tok/s counts events, because the server gives no usage.");
    }
    out.println("CPU is this program's share of one processor. ITL is the time between two events that carry text.");
  }

  private static String describe(LoadPlan plan, LoadResult result) {
    Lengths lengths = plan.lengths();
    String text = "about " + lengths.prompt() + " tokens of prompt, " + lengths.answer() + " of answer";
    if (lengths.spread() > 0) {
      text += String.format(Locale.ROOT, ", both within %.0f %%", 100 * lengths.spread());
    }
    text +=
        switch (plan.scenario()) {
          case SHARED_PREFIX -> ", behind " + lengths.shared() + " that all share";
          case AGENT -> ", " + lengths.turns() + " turns behind " + lengths.shared() + " that all share";
          case INTRUSION -> "; the long prompt has about " + plan.intruderTokens();
          case DISCONNECT -> String.format(Locale.ROOT, "; %.0f %% leave", 100 * plan.dropShare());
          case CHAT, BURST -> "";
        };
    String loop =
        plan.rates().isEmpty()
            ? plan.scenario().isLoop() ? "closed loop" : ""
            : "open loop, " + (plan.poisson() ? "Poisson" : "constant") + " arrivals";
    String end = result.ignoredEos() ? ", ignore_eos" : "";
    return text + (loop.isEmpty() ? "" : "; " + loop) + "; temperature 0" + end + "; seed " + plan.seed();
  }

  private static void line(LoadRow row, PrintStream out) {
    Summary summary = row.summary();
    int judged = summary.requests() - summary.dropped();
    out.printf(
        Locale.ROOT,
        "%-34s %6d %6d %8.2f %9.1f %9.1f %9.1f %8.2f %8.2f %8.1f %9.1f %9.1f %6s %5s%n",
        row.label(),
        summary.ok(),
        summary.failed(),
        summary.requestsPerSecond(),
        summary.tokensPerSecond(),
        summary.ttft().p50(),
        summary.ttft().p99(),
        summary.itl().p50(),
        summary.itl().p99(),
        summary.itl().max(),
        summary.e2e().p50(),
        summary.e2e().p99(),
        percent(judged == 0 ? 0 : (double) summary.good() / judged),
        percent(row.cpuShare()));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  private static void details(LoadRow row, PrintStream out) {
    Summary summary = row.summary();
    if (summary.ttftMissing() + summary.failed() > 0) {
      out.printf(
          "%s: of %d requests, TTFT leaves out %d that got no text, and E2E %d that got no whole answer%n",
          row.label(), summary.requests() - summary.dropped(), summary.ttftMissing(), summary.failed());
    }
    if (summary.correctionMillis() > 0) {
      out.printf(
          Locale.ROOT,
          "%s, corrected for coordinated omission (a request every %.1f ms and client): TTFT p99 %.1f, E2E p99 %.1f%n",
          row.label(),
          summary.correctionMillis(),
          summary.ttftCorrected().p99(),
          summary.e2eCorrected().p99());
    }
    if (row.rate() > 0 && summary.queueWait().max() > 1) {
      out.printf(
          Locale.ROOT,
          "%s: sent late by %.1f (p50), %.1f (p99), which is part of the latencies%n",
          row.label(),
          summary.queueWait().p50(),
          summary.queueWait().p99());
    }
    row.latencies()
        .forEach((name, latency) ->
            out.printf(
                Locale.ROOT,
                "%s: %s p50 %.2f, p99 %.2f, max %.2f (%d)%n",
                row.label(),
                name,
                latency.p50(),
                latency.p99(),
                latency.max(),
                latency.count()));
    if (!row.facts().isEmpty()) {
      out.println(row.label() + ": " + facts(row.facts()));
    }
    if (summary.resent() > 0) {
      out.println(row.label() + ": " + summary.resent() + " sent again, the server having closed a kept connection");
    }
    summary.errors().forEach((kind, count) -> out.printf("%s: %d times %s%n", row.label(), count, kind));
    if (!summary.example().isEmpty()) {
      out.println(row.label() + ": for example " + summary.example());
    }
  }

  private static String facts(Map<String, Object> facts) {
    List<String> parts = facts.entrySet().stream().map(fact -> fact.getKey() + " " + fact.getValue()).toList();
    return parts.stream().collect(Collectors.joining(", "));
  }
}
