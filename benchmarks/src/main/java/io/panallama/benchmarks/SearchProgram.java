package io.panallama.benchmarks;

import io.panallama.benchmarks.search.VectorSearch;
import io.panallama.load.measure.Spread;
import io.panallama.search.document.CollectionInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a collection of many vectors: ingest, queries, both at once, and what queries miss. */
@Command(
    name = "search",
    description = "Stores random vectors in a collection and searches it; compares what is found with all vectors.",
    mixinStandardHelpOptions = true)
final class SearchProgram implements Callable<Integer> {
  @Option(names = "--vectors", description = "Default ${DEFAULT-VALUE}.")
  private int vectors = 100_000;

  @Option(names = "--dimensions", description = "Default ${DEFAULT-VALUE}.")
  private int dimensions = 384;

  @Option(names = "--clusters", description = "Centres around which the vectors lie; default ${DEFAULT-VALUE}.")
  private int clusters = 1_000;

  @Option(
      names = "--batch",
      description = "Vectors of a call, which is durable when it returns; default ${DEFAULT-VALUE}.")
  private int batch = 500;

  @Option(names = "--queries", description = "Default ${DEFAULT-VALUE}.")
  private int queries = 1_000;

  @Option(names = "--more", description = "Vectors that are stored while queries run; default ${DEFAULT-VALUE}.")
  private int more = 10_000;

  @Option(names = "--seed", description = "Default ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results there.")
  private @Nullable Path json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("vectors", vectors + " of " + dimensions + " dimensions around " + clusters + " centres, seed " + seed);
    facts.put("batch", batch);
    Report report = new Report("search", facts);
    Map<String, Object> figures = new LinkedHashMap<>();
    Map<String, Spread> times = new LinkedHashMap<>();
    try (TemporaryFolder folder = TemporaryFolder.create();
        VectorSearch search = new VectorSearch(vectors, dimensions, clusters, batch, seed, folder.path())) {
      report.progress("storing %d vectors", vectors);
      figures.put("vectors stored per second", shown(search.ingest()));
      CollectionInfo info = search.info();
      figures.put("passages", info.passages());
      figures.put("bytes per vector on disk", info.sizeBytes() / info.passages());
      float[][] asked = search.queries(queries);
      report.progress("comparing %d queries with all vectors", queries);
      figures.put("recall@" + VectorSearch.K, shownShare(search.recall(asked)));
      search.time(Arrays.copyOf(asked, Math.min(queries, 200)));
      times.put("query", Spread.of(search.time(asked)));
      report.progress("compacting");
      figures.put("seconds of compacting", shown(search.compact()));
      figures.put("recall@" + VectorSearch.K + ", compacted", shownShare(search.recall(asked)));
      times.put("query, compacted", Spread.of(search.time(asked)));
      report.progress("storing %d more while searching", more);
      VectorSearch.Both both = search.ingestWhileSearching(more, asked);
      times.put("query during ingest", Spread.of(both.milliseconds()));
      figures.put("vectors stored per second during queries", shown(both.vectorsPerSecond()));
    }
    report.counts(figures);
    report.spreads("ms", times);
    report.write(json);
    return 0;
  }

  private static String shownShare(double share) {
    return String.format(Locale.ROOT, "%.4f", share);
  }

  private static String shown(double rate) {
    return String.format(Locale.ROOT, "%.0f", rate);
  }
}
