package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Better;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/** Has our server and others embed the same texts, one server at a time and in turns. Not thread-safe. */
final class EmbeddingRounds {
  /** Smaller cosines can't come from rounding: all compute the same model. */
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

  /**
   * A server that ours is compared with.
   *
   * @param name in the report
   * @param mostTokens the longest text that it reads as a whole; it gets no longer ones
   */
  record Rival(String name, URI address, int mostTokens) {}

  private record Pair(Sample ours, Sample theirs) {}

  private final Driver driver;
  private final URI ours;
  private final List<Rival> rivals;
  private final Consumer<String> progress;
  private final Map<Rival, Map<EmbeddingCase, List<Pair>>> pairs = new LinkedHashMap<>();

  EmbeddingRounds(Driver driver, URI ours, List<Rival> rivals, Consumer<String> progress) {
    this.driver = driver;
    this.ours = ours;
    this.rivals = List.copyOf(rivals);
    this.progress = progress;
  }

  /** Runs all cases in all rounds, after an uncounted one; each side goes first equally often. */
  void run(List<EmbeddingCase> cases, int rounds) throws InterruptedException {
    progress.accept("embeddings: warming up");
    for (EmbeddingCase load : cases) {
      turn(load, -1, 0);
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < cases.size(); i++) {
        EmbeddingCase load = cases.get(i);
        progress.accept(String.format(Locale.ROOT, "round %d of %d: embeddings, %s", round + 1, rounds, load.label()));
        Map<URI, Sample> samples = turn(load, round, round + i);
        for (Rival rival : sides(load)) {
          pairs
              .computeIfAbsent(rival, any -> new LinkedHashMap<>())
              .computeIfAbsent(load, any -> new ArrayList<>())
              .add(new Pair(sample(samples, ours), sample(samples, rival.address())));
        }
      }
    }
  }

  private List<Rival> sides(EmbeddingCase load) {
    return rivals.stream().filter(rival -> load.tokens() <= rival.mostTokens()).toList();
  }

  private Map<URI, Sample> turn(EmbeddingCase load, int round, int first) throws InterruptedException {
    List<List<String>> requests = load.requests(round);
    List<URI> servers = new ArrayList<>(List.of(ours));
    sides(load).forEach(rival -> servers.add(rival.address()));
    Collections.rotate(servers, -first);
    Map<URI, Sample> samples = new HashMap<>();
    for (URI server : servers) {
      samples.put(server, driver.run(server, requests));
    }
    return samples;
  }

  private static Sample sample(Map<URI, Sample> samples, URI server) {
    return Objects.requireNonNull(samples.get(server));
  }

  /** What came of the rounds with one of the others. */
  Section.Findings findings(Rival rival) {
    List<Measure> measures = new ArrayList<>();
    Map<EmbeddingCase.Length, List<Trend.Point>> points = new LinkedHashMap<>();
    List<Section.Check> checks = new ArrayList<>();
    pairs
        .getOrDefault(rival, Map.of())
        .forEach((load, rounds) -> {
          List<Measure.Round> rates =
              rounds.stream().map(pair -> new Measure.Round(pair.ours().rate(), pair.theirs().rate())).toList();
          Measure measure = new Measure(load.label(), "texts/s", Better.HIGHER, rates);
          measures.add(measure);
          points
              .computeIfAbsent(load.length(), any -> new ArrayList<>())
              .add(new Trend.Point(Integer.toString(load.texts()), measure));
          checks.add(check(rival.name(), load, rounds));
        });
    List<Trend> trends =
        points.entrySet().stream()
            .filter(trend -> trend.getValue().size() > 1)
            .map(trend -> new Trend("Texts per second, " + trend.getKey().label(), "texts a request", trend.getValue()))
            .toList();
    return new Section.Findings(measures, trends, List.of(), checks, List.of(), List.of());
  }

  /** Whether both read the same tokens and gave the same vectors. */
  private static Section.Check check(String rival, EmbeddingCase load, List<Pair> rounds) {
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
