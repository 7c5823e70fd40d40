package io.panallama.benchmarks;

import io.panallama.benchmarks.search.QuestionSet;
import io.panallama.benchmarks.search.Ranks;
import io.panallama.benchmarks.search.Retrieval;
import io.panallama.benchmarks.search.Retrieval.Way;
import io.panallama.config.EmbedderConfig;
import io.panallama.load.measure.Spread;
import io.panallama.models.EmbeddingModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how often a search finds the passage that answers a question. */
@Command(
    name = "retrieval",
    description = "Asks questions over passages of prose, and counts how often the right one is found.",
    mixinStandardHelpOptions = true)
final class RetrievalProgram implements Callable<Integer> {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "GGUF file of an embedding model; default: all-MiniLM-L6-v2, which is fetched the first time.")
  private @Nullable Path model;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads that compute vectors; default: as many as there are processors.")
  private int threads = EmbedderConfig.AUTO;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results there.")
  private @Nullable Path json;

  @Override
  public Integer call() throws IOException {
    Path file = model == null ? EmbeddingModels.minilm() : model;
    QuestionSet prose = QuestionSet.prose();
    QuestionSet api = QuestionSet.api();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("model", String.valueOf(file.getFileName()));
    facts.put("prose", prose.passages().size() + " passages, " + prose.questions().size() + " questions");
    facts.put("api", api.passages().size() + " passages, " + api.questions().size() + " questions");
    Report report = new Report("retrieval", facts);
    Map<String, String> figures = new LinkedHashMap<>();
    Map<String, Spread> times = new LinkedHashMap<>();
    try (TemporaryFolder folder = TemporaryFolder.create();
        Retrieval retrieval = Retrieval.of(prose, file, threads, folder.path())) {
      for (Way way : Way.values()) {
        Retrieval.Result result = retrieval.measure(way);
        add(figures, "prose, " + way.label(), result.ranks());
        times.put(way.label(), Spread.of(result.milliseconds()));
      }
    }
    try (TemporaryFolder folder = TemporaryFolder.create();
        Retrieval retrieval = Retrieval.of(api, file, threads, folder.path())) {
      for (String kind : List.of(QuestionSet.KEYWORDS, QuestionSet.PARAPHRASE)) {
        for (boolean tuning : List.of(true, false)) {
          for (Way way : Way.values()) {
            String name = "api, " + kind + (tuning ? " for tuning, " : ", ") + way.label();
            add(figures, name, retrieval.measure(way, api.only(kind, tuning)).ranks());
          }
        }
      }
    }
    report.counts(figures);
    report.spreads("ms", times);
    report.write(json);
    return 0;
  }

  private static void add(Map<String, String> figures, String name, Ranks ranks) {
    figures.put(name + ", recall@1", shown(ranks.recallAt(1)));
    figures.put(name + ", recall@5", shown(ranks.recallAt(5)));
    figures.put(name + ", recall@" + Retrieval.FOUND, shown(ranks.recallAt(Retrieval.FOUND)));
    figures.put(name + ", MRR", shown(ranks.meanReciprocalRank()));
  }

  private static String shown(double share) {
    return String.format(Locale.ROOT, "%.3f", share);
  }
}
