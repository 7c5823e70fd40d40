package io.panallama.cli.profile;

import io.panallama.cli.profile.JvmLog.Emit;
import io.panallama.cli.profile.JvmLog.Load;
import io.panallama.cli.profile.JvmLog.Memory;
import io.panallama.cli.profile.JvmLog.Request;
import io.panallama.cli.profile.JvmLog.Span;
import io.panallama.cli.profile.JvmLog.Step;
import io.panallama.cli.profile.JvmLog.Wait;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.LongStream;

/** What the engines and the server did during a recording, in rows of a name and a value. */
final class Figures {
  private static final double MILLI = 1e6;
  private static final double SECOND = 1e9;

  /** A line of the table. */
  record Row(String name, String value) {}

  private final FlightLog log;
  private final List<Row> rows = new ArrayList<>();

  private Figures(FlightLog log) {
    this.log = log;
  }

  static List<Row> of(FlightLog log) {
    Figures figures = new Figures(log);
    figures.steps();
    figures.ways();
    figures.caches();
    figures.machine();
    return List.copyOf(figures.rows);
  }

  private <T> List<T> all(Function<JvmLog, List<T>> of) {
    return log.processes().stream().flatMap(process -> of.apply(process).stream()).toList();
  }

  private void steps() {
    List<Step> steps = all(process -> process.steps);
    if (steps.isEmpty()) {
      row("steps", "none");
      return;
    }
    row("steps", steps.size() + ", " + spread(steps.stream().mapToLong(Step::nanos)));
    double time = Math.max(1, log.end() - log.start());
    row("  llama_decode for generations", share(steps.stream().mapToLong(Step::decode).sum(), time));
    row(
        "  llama_decode for prompts",
        share(steps.stream().mapToLong(Step::prefill).sum(), time)
            + ", "
            + number(steps.stream().mapToLong(Step::promptTokens).sum())
            + " tokens");
    row("  sampling", share(steps.stream().mapToLong(Step::sample).sum(), time));
    row("  waiting for logit processors", share(steps.stream().mapToLong(Step::processors).sum(), time));
    row("  the rest of a step", share(steps.stream().mapToLong(Step::rest).sum(), time));
    long tokens = steps.stream().mapToLong(Step::generating).sum();
    row("tokens of generations", String.format(Locale.ROOT, "%,d, %,.1f per second", tokens, tokens / (time / SECOND)));
    List<Span> choices = all(process -> process.choices);
    if (!choices.isEmpty()) {
      row("tokens chosen by processors and grammars", choices.size() + ", " + spread(spans(choices)));
    }
  }

  private void ways() {
    List<Wait> waits = all(process -> process.waits);
    if (!waits.isEmpty()) {
      row("waits for the first step", waits.size() + ", " + spread(waits.stream().mapToLong(Wait::waited)));
    }
    List<Emit> emits = all(process -> process.emits).stream().filter(emit -> !emit.bulk()).toList();
    if (!emits.isEmpty()) {
      row("from the sample to the reader", emits.size() + ", " + spread(emits.stream().mapToLong(Emit::latency)));
    }
    List<Request> requests = all(process -> process.requests);
    if (!requests.isEmpty()) {
      row("requests", requests.size() + ", " + spread(requests.stream().mapToLong(Request::nanos)));
      row(
          "  time to the first token",
          spread(requests.stream().mapToLong(Request::firstToken).filter(first -> first > 0)));
      long failed = requests.stream().filter(request -> request.status() >= 500).count();
      long left = requests.stream().filter(request -> request.status() == 0).count();
      row("  with a 5xx, left by the client", failed + ", " + left);
    }
  }

  private void caches() {
    List<Span> evictions = all(process -> process.evictions);
    List<Span> copies = all(process -> process.copies);
    if (!evictions.isEmpty()) {
      row(
          "evictions",
          evictions.size()
              + ", "
              + number(evictions.stream().mapToLong(Span::tokens).sum())
              + " tokens, "
              + spread(spans(evictions)));
    }
    if (!copies.isEmpty()) {
      row(
          "copies of prefixes",
          copies.size() + ", " + bytes(copies.stream().mapToLong(Span::bytes).sum()) + ", " + spread(spans(copies)));
    }
    for (Memory memory : all(process -> process.memory)) {
      row(
          "native memory of " + memory.owner() + ", " + memory.device(),
          "weights "
              + bytes(memory.model())
              + ", KV cache "
              + bytes(memory.context())
              + ", compute buffers "
              + bytes(memory.compute()));
    }
  }

  private void machine() {
    List<Span> pauses = all(process -> process.pauses);
    if (!pauses.isEmpty()) {
      row("pauses of the JVMs", pauses.size() + ", " + spread(spans(pauses)));
    }
    List<Load> loads = all(process -> process.loads);
    if (!loads.isEmpty()) {
      double machine = loads.stream().mapToDouble(Load::machine).average().orElse(0);
      double own =
          log.processes().stream()
              .mapToDouble(process -> process.loads.stream().mapToDouble(Load::own).average().orElse(0))
              .sum();
      row("processors", Math.round(100 * machine) + " % busy, " + Math.round(100 * own) + " % by these processes");
    }
  }

  private void row(String name, String value) {
    rows.add(new Row(name, value));
  }

  private static LongStream spans(List<Span> spans) {
    return spans.stream().mapToLong(Span::nanos);
  }

  private static String spread(LongStream nanos) {
    long[] sorted = nanos.sorted().toArray();
    if (sorted.length == 0) {
      return "none";
    }
    return String.format(
        Locale.ROOT,
        "median %s, 99 %% %s, longest %s",
        millis(sorted[sorted.length / 2]),
        millis(sorted[(int) (sorted.length * 0.99)]),
        millis(Arrays.stream(sorted).max().orElse(0)));
  }

  private static String share(long nanos, double time) {
    return String.format(Locale.ROOT, "%,.2f s, %.1f %% of the time", nanos / SECOND, 100 * nanos / time);
  }

  static String millis(long nanos) {
    return String.format(Locale.ROOT, nanos < 10 * MILLI ? "%,.2f ms" : "%,.0f ms", nanos / MILLI);
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String bytes(long count) {
    return count < 1 << 20
        ? String.format(Locale.ROOT, "%.1f KiB", count / 1024.0)
        : String.format(Locale.ROOT, "%,.1f MiB", count / 1024.0 / 1024.0);
  }
}
