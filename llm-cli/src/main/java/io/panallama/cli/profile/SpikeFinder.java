package io.panallama.cli.profile;

import io.panallama.cli.profile.JvmLog.Emit;
import io.panallama.cli.profile.JvmLog.Load;
import io.panallama.cli.profile.JvmLog.Sample;
import io.panallama.cli.profile.JvmLog.Span;
import io.panallama.cli.profile.JvmLog.Step;
import io.panallama.cli.profile.JvmLog.Wait;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Says where latency spikes came from: the recipe of docs/performance.md as a program.
 *
 * <p>What is compared with the usual is taken from the recording itself: the median of the steps that computed no prompt. A spike is
 * at least {@link #FACTOR} times as long, and {@link #LEAST} longer.
 */
public final class SpikeFinder {
  private static final double MILLI = 1e6;

  /** How many times longer than usual a spike is at least. */
  static final int FACTOR = 3;

  /** How much longer than usual a spike is at least, in nanoseconds: what nobody notices is none. */
  static final long LEAST = 10_000_000;

  /** From this part of all processors on, other programs are the cause where the decoder or a thread was slow. */
  private static final double BUSY = 0.25;

  /** How far from a spike a measurement of the load may be, in nanoseconds. It is taken about every second. */
  private static final long NEAR = 3_000_000_000L;

  private final FlightLog log;
  private final List<Spike> spikes = new ArrayList<>();

  private SpikeFinder(FlightLog log) {
    this.log = log;
  }

  /** All spikes of a recording, the longest first. */
  public static List<Spike> find(FlightLog log) {
    SpikeFinder finder = new SpikeFinder(log);
    for (JvmLog process : log.processes()) {
      finder.readers(process);
    }
    for (JvmLog process : log.processes()) {
      finder.choices(process);
      for (List<Step> engine : byThread(process.steps)) {
        finder.steps(process, engine);
      }
      finder.waits(process);
    }
    finder.spikes.sort(Comparator.comparingLong(Spike::nanos).reversed());
    return List.copyOf(finder.spikes);
  }

  private static Collection<List<Step>> byThread(List<Step> steps) {
    Map<String, List<Step>> engines = new HashMap<>();
    steps.forEach(step -> engines.computeIfAbsent(step.thread(), _ -> new ArrayList<>()).add(step));
    return engines.values();
  }

  /**
   * What is usual for an engine: medians over the steps of running generations without prompts.
   *
   * @param generating number of generations in such a step
   */
  record Usual(long step, long decode, long sample, long processors, long rest, long generating) {
    static Usual of(List<Step> steps) {
      List<Step> plain = steps.stream().filter(step -> step.generating() > 0 && step.prompts() == 0).toList();
      return new Usual(
          median(plain, Step::nanos),
          median(plain, Step::decode),
          median(plain, Step::sample),
          median(plain, Step::processors),
          median(plain, Step::rest),
          median(plain, Step::generating));
    }

    private static long median(List<Step> steps, ToLongFunction<Step> value) {
      long[] sorted = steps.stream().mapToLong(value).sorted().toArray();
      return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    boolean isSpike(long nanos) {
      return nanos >= Math.max(FACTOR * step, step + LEAST);
    }

    /** The usual time of the decoder for this many generations; more take longer, but at most in proportion. */
    long decodeOf(int generations) {
      return generating == 0 ? decode : (long) (decode * Math.max(1.0, generations / (double) generating));
    }
  }

  // ---- the next token ----

  private void steps(JvmLog process, List<Step> steps) {
    Usual usual = Usual.of(steps);
    Step before = null;
    for (Step step : steps) {
      if (step.generating() > 0 && usual.isSpike(step.nanos())) {
        step(process, step, usual);
      }
      if (before != null
          && before.generating() > 0
          && step.generating() > 0
          && usual.isSpike(step.start() - before.end())) {
        gap(process, before.end(), step);
      }
      before = step;
    }
  }

  private void step(JvmLog process, Step step, Usual usual) {
    long decode = Math.max(0, step.decode() - usual.decodeOf(step.generating()));
    long sample = Math.max(0, step.sample() - usual.sample());
    long processors = Math.max(0, step.processors() - usual.processors());
    long rest = Math.max(0, step.rest() - usual.rest());
    long most = Math.max(Math.max(Math.max(step.prefill(), decode), Math.max(sample, processors)), rest);
    long paused = overlap(process.pauses, step.start(), step.end(), "");
    String beside = " beside " + count(step.generating(), "generation");
    if (2 * paused >= most && paused > 0) {
      add(process, step, Cause.GARBAGE, millis(paused) + " of pauses in the step");
    } else if (most == step.prefill()) {
      add(
          process,
          step,
          Cause.PROMPT,
          millis(step.prefill())
              + " for "
              + count(step.promptTokens(), "token")
              + " of "
              + count(step.prompts(), "prompt")
              + beside);
    } else if (most == sample) {
      Found found = competition(process, step.start(), step.end(), step.thread());
      add(
          process,
          step,
          Cause.SAMPLING,
          millis(step.sample())
              + " of sampling, "
              + millis(usual.sample())
              + " is usual"
              + (found == null ? "" : "; " + found.detail()));
    } else if (most == processors) {
      add(process, step, Cause.LOGIT_PROCESSOR, millis(step.processors()) + " of waiting for logit processors");
    } else if (most == decode) {
      Found found = competition(process, step.start(), step.end(), step.thread());
      add(
          process,
          step,
          found == null ? Cause.DECODE : found.cause(),
          millis(step.decode())
              + " of llama_decode for "
              + count(step.generating(), "generation")
              + ", "
              + millis(usual.decodeOf(step.generating()))
              + " is usual"
              + (found == null ? "" : "; " + found.detail()));
    } else {
      Found found = stopped(process, step.start(), step.end(), step.thread());
      add(process, step, found.cause(), millis(rest) + " outside of decoding and sampling" + found.tail());
    }
  }

  private void add(JvmLog process, Step step, Cause cause, String detail) {
    spikes.add(new Spike(Spike.Kind.NEXT_TOKEN, cause, step.start(), step.nanos(), process.pid(), detail));
  }

  /** Nothing ran between two steps with running generations. */
  private void gap(JvmLog process, long from, Step next) {
    long length = next.start() - from;
    if (2 * overlap(process.choices, from, next.start(), "") >= length || hasLateReader(from, next.start())) {
      // A spike of its own.
      return;
    }
    Found found = stopped(process, from, next.start(), next.thread());
    if (found.cause() != Cause.NOT_RUNNING) {
      String detail = millis(length) + " between two steps" + found.tail();
      spikes.add(new Spike(Spike.Kind.NEXT_TOKEN, found.cause(), from, length, process.pid(), detail));
    }
  }

  private boolean hasLateReader(long from, long to) {
    return spikes.stream()
        .anyMatch(spike ->
            spike.kind() == Spike.Kind.READER
                && 2 * (Math.min(spike.end(), to) - Math.max(spike.start(), from)) >= to - from);
  }

  private void choices(JvmLog process) {
    Usual usual = Usual.of(process.steps);
    for (Span choice : process.choices) {
      if (usual.isSpike(choice.nanos())) {
        Cause cause = choice.label().equals("grammar") ? Cause.GRAMMAR : Cause.LOGIT_PROCESSOR;
        String detail = millis(choice.nanos()) + " for one token";
        spikes.add(new Spike(Spike.Kind.NEXT_TOKEN, cause, choice.start(), choice.nanos(), process.pid(), detail));
      }
    }
  }

  // ---- readers and waits ----

  private void readers(JvmLog process) {
    for (Emit emit : process.emits) {
      long from = emit.at() - emit.latency();
      if (emit.bulk() || emit.latency() < LEAST) {
        continue;
      }
      long paused = overlap(process.pauses, from, emit.at(), "");
      String waited = count(emit.waiting(), "token") + " waited " + millis(emit.latency()) + " for " + emit.thread();
      Found found = competition(process, from, emit.at(), emit.thread());
      boolean garbage = 2 * paused >= emit.latency();
      spikes.add(
          new Spike(
              Spike.Kind.READER,
              garbage ? Cause.GARBAGE : Cause.READER,
              from,
              emit.latency(),
              process.pid(),
              garbage
                  ? waited + "; " + millis(paused) + " of pauses"
                  : waited + (found == null ? "" : "; " + found.detail())));
    }
  }

  private void waits(JvmLog process) {
    List<Spike> slow =
        spikes.stream().filter(spike -> spike.kind() == Spike.Kind.NEXT_TOKEN && spike.pid() == process.pid()).toList();
    for (Wait wait : process.waits) {
      if (wait.waited() >= LEAST) {
        Found found = whyWaited(process, wait.at() - wait.waited(), wait.at(), slow);
        spikes.add(
            new Spike(
                Spike.Kind.FIRST_TOKEN,
                found.cause(),
                wait.at() - wait.waited(),
                wait.waited(),
                process.pid(),
                "a prompt of "
                    + count(wait.promptTokens(), "token")
                    + " waited "
                    + millis(wait.waited())
                    + found.tail()));
      }
    }
  }

  private Found whyWaited(JvmLog process, long from, long to, List<Spike> slow) {
    long prefill = 0;
    long busy = 0;
    String engine = "";
    for (Step step : process.steps) {
      long shared = overlap(step.start(), step.end(), from, to);
      prefill += Math.min(step.prefill(), shared);
      busy += shared;
      engine = shared > 0 ? step.thread() : engine;
    }
    if (2 * prefill >= to - from) {
      return new Found(Cause.PROMPT, "others were computed for " + millis(prefill));
    }
    for (Spike spike : slow) {
      if (2 * overlap(spike.start(), spike.end(), from, to) >= to - from) {
        return new Found(spike.cause(), "as the others: " + spike.detail());
      }
    }
    if (2 * busy >= to - from) {
      return new Found(Cause.SLOTS, "others were computed meanwhile");
    }
    return stopped(process, from, to, engine);
  }

  private static long overlap(long start, long end, long from, long to) {
    return Math.max(0, Math.min(end, to) - Math.max(start, from));
  }

  // ---- why a thread did not run ----

  private record Found(Cause cause, String detail) {
    String tail() {
      return detail.isEmpty() ? "" : "; " + detail;
    }
  }

  private Found stopped(JvmLog process, long from, long to, String thread) {
    long paused = overlap(process.pauses, from, to, "");
    if (2 * paused >= to - from) {
      return new Found(Cause.GARBAGE, millis(paused) + " of pauses");
    }
    // The copies are part of the evictions that they belong to.
    long cache = Math.max(overlap(process.evictions, from, to, thread), overlap(process.copies, from, to, thread));
    if (2 * cache >= to - from) {
      return new Found(Cause.CACHE, millis(cache) + " of evictions and copies");
    }
    Found found = competition(process, from, to, thread);
    return found == null ? new Found(Cause.NOT_RUNNING, "") : found;
  }

  /** Who else had the processors; null if nobody had many. */
  private @Nullable Found competition(JvmLog process, long from, long to, String thread) {
    double machine = 0;
    double own = 0;
    for (JvmLog each : log.processes()) {
      Load load = nearest(each.loads, from, to);
      if (load != null) {
        machine = Math.max(machine, load.machine());
        own += load.own();
      }
    }
    if (machine - own >= BUSY) {
      return new Found(
          Cause.OTHER_PROCESSES, percent(machine - own) + " of all processors were taken by other programs");
    }
    Map<String, Integer> busy = new HashMap<>();
    for (Sample sample : process.samples) {
      boolean other = !sample.inNative() && !sample.thread().equals(thread);
      if (other && sample.at() >= from && sample.at() <= to) {
        busy.merge(sample.thread(), 1, Integer::sum);
      }
    }
    int seen = busy.values().stream().mapToInt(Integer::intValue).sum();
    // A thread is sampled about every ten milliseconds.
    if (seen >= 3 && seen * 10 * MILLI * 2 >= to - from) {
      String most = busy.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
      return new Found(Cause.OTHER_THREADS, "other threads of the JVM computed, most of all " + most);
    }
    return null;
  }

  private static @Nullable Load nearest(List<Load> loads, long from, long to) {
    Load nearest = null;
    long least = NEAR;
    for (Load load : loads) {
      // A measurement is about the second before it.
      long distance = Math.max(0, Math.max(from - load.at(), load.at() - to));
      if (distance < least) {
        least = distance;
        nearest = load;
      }
    }
    return nearest;
  }

  /** How much of a stretch of time such spans take; of all threads if the name is empty. */
  private static long overlap(List<Span> spans, long from, long to, String thread) {
    long sum = 0;
    for (Span span : spans) {
      if (thread.isEmpty() || span.thread().equals(thread)) {
        sum += span.overlap(from, to);
      }
    }
    return Math.min(sum, to - from);
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%,.1f ms", nanos / MILLI);
  }

  private static String percent(double part) {
    return Math.round(100 * part) + " %";
  }

  private static String count(long number, String what) {
    return String.format(Locale.ROOT, "%,d %s%s", number, what, number == 1 ? "" : "s");
  }
}
