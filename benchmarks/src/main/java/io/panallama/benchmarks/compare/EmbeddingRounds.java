package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Better;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Has two servers embed the same texts, one server at a time and in turns. Not thread-safe. */
final class EmbeddingRounds {
  /** Smaller cosines can't come from rounding: both compute the same graph with the same libraries. */
  private static final double CLOSE = 0.999;

  /** Asks a server. */
  @FunctionalInterface
  interface Driver {
    /** Sends the requests one after the other and waits for the last answer. */
    Sample run(URI server, List<List<String>> requests) throws InterruptedException;
  }

  /**
   * The answers of a server to all requests of a case.
   *
   * @param rate texts per second
   * @param tokens of all texts, by the server's own count
   * @param vectors of the first request
   */
  record Sample(double rate, long tokens, List<float[]> vectors) {}

  private record Pair(Sample ours, Sample theirs) {}

  private final String rival;
  private final Driver driver;
  private final URI ours;
  private final URI theirs;
  private final Consumer<String> progress;
  private final Map<EmbeddingCase, List<Pair>> pairs = new LinkedHashMap<>();

  EmbeddingRounds(String rival, Driver driver, URI ours, URI theirs, Consumer<String> progress) {
    this.rival = rival;
    this.driver = driver;
    this.ours = ours;
    this.theirs = theirs;
    this.progress = progress;
  }

  /** Runs all cases in all rounds, after an uncounted one; each side goes first in every other turn. */
  void run(List<EmbeddingCase> cases, int rounds) throws InterruptedException {
    progress.accept("embeddings: warming up");
    for (EmbeddingCase load : cases) {
      pair(load, -1, true);
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < cases.size(); i++) {
        EmbeddingCase load = cases.get(i);
        progress.accept(String.format(Locale.ROOT, "round %d of %d: embeddings, %s", round + 1, rounds, load.label()));
        pairs.computeIfAbsent(load, any -> new ArrayList<>()).add(pair(load, round, (round + i) % 2 == 0));
      }
    }
  }

  private Pair pair(EmbeddingCase load, int round, boolean oursFirst) throws InterruptedException {
    List<List<String>> requests = load.requests(round);
    Sample first = driver.run(oursFirst ? ours : theirs, requests);
    Sample second = driver.run(oursFirst ? theirs : ours, requests);
    return oursFirst ? new Pair(first, second) : new Pair(second, first);
  }

  Section.Findings findings() {
    List<Measure> measures = new ArrayList<>();
    Map<EmbeddingCase.Length, List<Trend.Point>> points = new LinkedHashMap<>();
    List<Section.Check> checks = new ArrayList<>();
    pairs.forEach((load, rounds) -> {
      List<Measure.Round> rates =
          rounds.stream().map(pair -> new Measure.Round(pair.ours().rate(), pair.theirs().rate())).toList();
      Measure measure = new Measure(load.label(), "texts/s", Better.HIGHER, rates);
      measures.add(measure);
      points
          .computeIfAbsent(load.length(), any -> new ArrayList<>())
          .add(new Trend.Point(Integer.toString(load.texts()), measure));
      checks.add(check(load, rounds));
    });
    List<Trend> trends =
        points.entrySet().stream()
            .filter(trend -> trend.getValue().size() > 1)
            .map(trend -> new Trend("Texts per second, " + trend.getKey().label(), "texts a request", trend.getValue()))
            .toList();
    return new Section.Findings(measures, trends, List.of(), checks, List.of(), List.of());
  }

  /** Whether both read the same tokens and gave the same vectors. */
  private Section.Check check(EmbeddingCase load, List<Pair> rounds) {
    long our = rounds.stream().mapToLong(pair -> pair.ours().tokens()).sum();
    long their = rounds.stream().mapToLong(pair -> pair.theirs().tokens()).sum();
    double closest =
        rounds.stream().mapToDouble(pair -> cosine(pair.ours().vectors(), pair.theirs().vectors())).min().orElse(0);
    return new Section.Check(
        our == their && closest > CLOSE,
        String.format(
            Locale.ROOT,
            "%s: in %d rounds ours read %,d tokens and %s %,d, by their own count; the smallest cosine of their vectors"
                + " is %.6f.",
            load.label(),
            rounds.size(),
            our,
            rival,
            their,
            closest));
  }

  /** The smallest cosine of vectors of the same text; 0 if they can't be compared. */
  static double cosine(List<float[]> ours, List<float[]> theirs) {
    if (ours.size() != theirs.size() || ours.isEmpty()) {
      return 0;
    }
    double smallest = 1;
    for (int i = 0; i < ours.size(); i++) {
      smallest = Math.min(smallest, cosine(ours.get(i), theirs.get(i)));
    }
    return smallest;
  }

  private static double cosine(float[] a, float[] b) {
    if (a.length != b.length) {
      return 0;
    }
    double dot = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      squareA += (double) a[i] * a[i];
      squareB += (double) b[i] * b[i];
    }
    return squareA > 0 && squareB > 0 ? dot / Math.sqrt(squareA * squareB) : 0;
  }
}
