package io.panallama.benchmarks.compare;

import io.panallama.load.measure.Spread;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Puts the same loads on two servers, one server at a time and in turns, and turns the samples into sections.
 *
 * <p>Not thread-safe. A load that fails ends only its own section.
 */
final class ServerRounds {
  /** Loads a server. */
  interface Driver {
    /**
     * Puts one load on one server and waits for its end.
     *
     * @param round the round: both servers get the same prompts in a round, and every round has new ones
     */
    Sample run(URI server, LoadCase load, int round) throws InterruptedException;

    /** Finds out what a load needs to know about the server that ours is compared with, once before all rounds. */
    default void prepare(URI theirs, LoadCase load) throws InterruptedException {}

    /** What was found out, in sentences. */
    default List<String> notes(LoadCase.Kind kind) {
      return List.of();
    }
  }

  /** A server under load. */
  interface Side {
    URI address();

    /** What the server has used so far. */
    ProcessUse use();
  }

  /** The share by which the numbers of events may differ, and those of tokens in prompts that contain answers. */
  private static final double TOLERANCE = 0.02;

  /** A server's processor time while the other server was under load, in nanoseconds. */
  private static final class Idle {
    private long used;
    private long passed;

    private double share() {
      return passed == 0 ? 0 : (double) used / passed;
    }
  }

  private record Pair(Sample ours, Sample theirs) {
    private Pair withPerToken(String name, String unit, double our, double their) {
      return our > 0 && their > 0 && ours.generated() > 0 && theirs.generated() > 0
          ? new Pair(
              ours.with(value(name, unit, our / ours.generated())),
              theirs.with(value(name, unit, their / theirs.generated())))
          : this;
    }

    private static Sample.Value value(String name, String unit, double number) {
      return new Sample.Value(name, unit, Measure.Better.LOWER, number);
    }
  }

  /** A sample and what the server used for it. */
  private record Loaded(Sample sample, Duration processorTime, long switches) {}

  private final String rival;
  private final Driver driver;
  private final Side ours;
  private final Side theirs;
  private final Consumer<String> progress;
  private final Map<LoadCase, List<Pair>> pairs = new LinkedHashMap<>();
  private final Map<LoadCase.Kind, String> failures = new EnumMap<>(LoadCase.Kind.class);
  private final Idle idleOurs = new Idle();
  private final Idle idleTheirs = new Idle();

  /**
   * @param rival the name of the other server
   * @param progress receives a line when a load begins
   */
  ServerRounds(String rival, Driver driver, Side ours, Side theirs, Consumer<String> progress) {
    this.rival = rival;
    this.driver = driver;
    this.ours = ours;
    this.theirs = theirs;
    this.progress = progress;
  }

  /** Runs all loads in all rounds; each side goes first in every other round. */
  void run(List<LoadCase> cases, int rounds) throws InterruptedException {
    warmUp(cases);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < cases.size(); i++) {
        LoadCase load = cases.get(i);
        if (failures.containsKey(load.kind())) {
          continue;
        }
        progress.accept(
            String.format(Locale.ROOT, "round %d of %d: %s, %s", round + 1, rounds, load.kind().id(), load.label()));
        try {
          pairs.computeIfAbsent(load, any -> new ArrayList<>()).add(pair(load, round, (round + i) % 2 == 0));
        } catch (RuntimeException e) {
          failures.put(load.kind(), load.label() + ", round " + (round + 1) + ": " + e.getMessage());
        }
      }
    }
  }

  /** Runs the largest load of each kind once, uncounted, so that code is compiled and memory is touched before measuring. */
  private void warmUp(List<LoadCase> cases) throws InterruptedException {
    Map<LoadCase.Kind, LoadCase> largest = new EnumMap<>(LoadCase.Kind.class);
    cases.forEach(load -> largest.merge(load.kind(), load, (a, b) -> a.streams() >= b.streams() ? a : b));
    for (LoadCase load : largest.values()) {
      progress.accept("warming up: " + load.kind().id() + ", " + load.label());
      try {
        driver.prepare(theirs.address(), load);
        pair(load, -1, true);
      } catch (RuntimeException e) {
        failures.put(load.kind(), load.label() + ", warming up: " + e.getMessage());
      }
    }
  }

  private Pair pair(LoadCase load, int round, boolean oursFirst) throws InterruptedException {
    Loaded first = load(oursFirst, load, round);
    Loaded second = load(!oursFirst, load, round);
    Loaded our = oursFirst ? first : second;
    Loaded their = oursFirst ? second : first;
    return new Pair(our.sample(), their.sample())
        .withPerToken("CPU time per token", "ms", millis(our.processorTime()), millis(their.processorTime()))
        .withPerToken("context switches per token", "switches", our.switches(), their.switches());
  }

  private static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }

  private Loaded load(boolean onOurs, LoadCase load, int round) throws InterruptedException {
    Side side = onOurs ? ours : theirs;
    Side idle = onOurs ? theirs : ours;
    ProcessUse sideBefore = side.use();
    ProcessUse idleBefore = idle.use();
    long begin = System.nanoTime();
    Sample sample = driver.run(side.address(), load, round);
    if (round >= 0) { // after the warm-up the idle JVM may still be compiling
      Idle time = onOurs ? idleTheirs : idleOurs;
      time.used += idle.use().processorTimeSince(idleBefore).toNanos();
      time.passed += System.nanoTime() - begin;
    }
    ProcessUse used = side.use();
    return new Loaded(sample, used.processorTimeSince(sideBefore), used.switchesSince(sideBefore));
  }

  /** Whether the idle server left the processors to the other one, over all rounds. */
  Section.Check idleCheck() {
    return new Section.Check(
        Math.max(idleOurs.share(), idleTheirs.share()) < 0.05,
        String.format(
            Locale.ROOT,
            "While the other server was under load, ours used %.1f %% of one processor and %s %.1f %%.",
            100 * idleOurs.share(),
            rival,
            100 * idleTheirs.share()));
  }

  /**
   * The results of one kind of load.
   *
   * @param checks the checks of the servers, shown with those of the load
   */
  Section section(LoadCase.Kind kind, String method, List<String> commands, List<Section.Check> checks) {
    List<Measure> measures = new ArrayList<>();
    List<Curve> curves = new ArrayList<>();
    List<Section.Check> allChecks = new ArrayList<>(checks);
    List<String> notes = new ArrayList<>(driver.notes(kind));
    List<Object> raw = new ArrayList<>();
    Map<String, List<Trend.Point>> trends = new LinkedHashMap<>();
    String failure = failures.getOrDefault(kind, "");
    try {
      pairs.forEach((load, rounds) -> {
        if (load.kind() == kind && !rounds.isEmpty()) {
          for (Measure measure : measures(load, rounds, allChecks, notes)) {
            measures.add(measure);
            String name = measure.name().substring(load.label().length() + 2);
            trends
                .computeIfAbsent(name, any -> new ArrayList<>())
                .add(new Trend.Point(Integer.toString(load.streams()), measure));
          }
          curves.addAll(curves(load, rounds));
          allChecks.addAll(checks(load, rounds));
          rounds.forEach(pair -> raw.add(raw(load, pair)));
        }
      });
    } catch (IllegalArgumentException e) {
      failure = String.valueOf(e.getMessage());
    }
    List<Trend> plots =
        trends.entrySet().stream()
            .filter(trend -> trend.getValue().size() > 1)
            .map(trend -> new Trend(trend.getKey(), "streams", trend.getValue()))
            .toList();
    Section.Findings findings = new Section.Findings(measures, plots, curves, allChecks, notes, raw);
    return new Section(kind.id(), kind.title(), rival, method, commands, findings, failure);
  }

  /**
   * The measures of one load. A ratio needs two numbers above 0. A time of 0 between events means that they arrived in
   * one read, which is a note; a rate of 0 means that nothing was answered, which is a check that does not hold.
   */
  private static List<Measure> measures(
      LoadCase load, List<Pair> rounds, List<Section.Check> checks, List<String> notes) {
    List<Measure> measures = new ArrayList<>();
    List<Sample.Value> first = rounds.getFirst().ours().values();
    for (int i = 0; i < first.size(); i++) {
      int place = i;
      Sample.Value value = first.get(i);
      String name = load.label() + ", " + value.name();
      long zeros = rounds.stream().filter(pair -> isZero(pair.ours(), place) || isZero(pair.theirs(), place)).count();
      if (zeros > 0 && value.better() == Measure.Better.LOWER) {
        notes.add(
            String.format(
                Locale.ROOT,
                "%s is not compared: it was 0 in %d of %d rounds, as the time between events is when several arrive in"
                    + " one read.",
                name,
                zeros,
                rounds.size()));
        continue;
      }
      try {
        List<Measure.Round> numbers =
            rounds.stream()
                .map(pair ->
                    new Measure.Round(
                        pair.ours().values().get(place).number(), pair.theirs().values().get(place).number()))
                .toList();
        measures.add(new Measure(name, value.unit(), value.better(), numbers));
      } catch (IllegalArgumentException e) {
        checks.add(new Section.Check(false, name + ": " + e.getMessage()));
      }
    }
    return measures;
  }

  private static boolean isZero(Sample sample, int place) {
    return sample.values().get(place).number() == 0;
  }

  private static List<Curve> curves(LoadCase load, List<Pair> rounds) {
    List<Curve> curves = new ArrayList<>();
    List<Sample.Distribution> first = rounds.getFirst().ours().curves();
    for (int i = 0; i < first.size(); i++) {
      List<Curve.Point> points = new ArrayList<>();
      for (int j = 0; j < first.get(i).percentiles().size(); j++) {
        int curve = i;
        int place = j;
        points.add(
            new Curve.Point(
                first.get(i).percentiles().get(j),
                median(rounds.stream().map(pair -> pair.ours().curves().get(curve).millis().get(place)).toList()),
                median(rounds.stream().map(pair -> pair.theirs().curves().get(curve).millis().get(place)).toList())));
      }
      curves.add(new Curve(first.get(i).name() + ", " + load.label(), "ms", points));
    }
    return curves;
  }

  private static double median(List<Double> numbers) {
    return Spread.of(numbers).median();
  }

  /** Whether both servers did all of the same work. */
  private List<Section.Check> checks(LoadCase load, List<Pair> rounds) {
    Sample.Work our = rounds.stream().map(pair -> pair.ours().work()).reduce(Sample.Work.NONE, Sample.Work::plus);
    Sample.Work their = rounds.stream().map(pair -> pair.theirs().work()).reduce(Sample.Work.NONE, Sample.Work::plus);
    List<Section.Check> checks = new ArrayList<>();
    checks.add(
        new Section.Check(
            isSame(load, our.promptTokens(), their.promptTokens()) && our.answerTokens() == their.answerTokens(),
            String.format(
                Locale.ROOT,
                "%s: in %d rounds ours read %,d tokens (%,d of them from its cache) and wrote %,d, %s %,d (%,d) and"
                    + " %,d, by their own count.",
                load.label(),
                rounds.size(),
                our.promptTokens(),
                our.cachedTokens(),
                our.answerTokens(),
                rival,
                their.promptTokens(),
                their.cachedTokens(),
                their.answerTokens())));
    // Latencies are between events: a server that puts several tokens into an event would seem faster or slower than it
    // is.
    if (!isClose(our.events(), their.events())) {
      checks.add(
          new Section.Check(
              false,
              String.format(
                  Locale.ROOT,
                  "%s: answers came in %,d events from ours and in %,d from %s.",
                  load.label(),
                  our.events(),
                  their.events(),
                  rival)));
    }
    String problems =
        rounds.stream()
            .flatMap(pair -> {
              List<String> all = new ArrayList<>();
              pair.ours().problems().forEach(problem -> all.add("ours: " + problem));
              pair.theirs().problems().forEach(problem -> all.add(rival + ": " + problem));
              return all.stream();
            })
            .distinct()
            .collect(Collectors.joining("; "));
    if (!problems.isEmpty()) {
      checks.add(new Section.Check(false, load.label() + ": " + problems));
    }
    return checks;
  }

  private static boolean isSame(LoadCase load, long ours, long theirs) {
    return load.kind().repeatsAnswers() ? isClose(ours, theirs) : ours == theirs;
  }

  private static boolean isClose(long ours, long theirs) {
    return Math.abs(ours - theirs) <= TOLERANCE * Math.max(ours, theirs);
  }

  private static Object raw(LoadCase load, Pair pair) {
    Map<String, Object> raw = new LinkedHashMap<>();
    raw.put("load", load.label());
    raw.put("ours", pair.ours().raw());
    raw.put("theirs", pair.theirs().raw());
    return raw;
  }
}
