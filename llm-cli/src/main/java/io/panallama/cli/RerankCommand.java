package io.panallama.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.RerankOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama rerank}: prints documents in the order in which they answer a query, a JSON object on a line for each. */
@Command(
    name = "rerank",
    description =
        "Print documents, the one that answers a query best first: the arguments, or the lines of standard input. One"
            + " JSON object per line.")
final class RerankCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final CommandContext context;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      required = true,
      description = "GGUF file of a reranking model, such as bge-reranker or Qwen3-Reranker.")
  private String model = "";

  @Option(
      names = {"-q", "--query"},
      paramLabel = "TEXT",
      required = true,
      description = "What the documents are ranked for.")
  private String query = "";

  @Option(names = "--top-n", paramLabel = "N", description = "Documents to print. Default: 0, all.")
  private int topN = RerankOptions.ALL;

  @Option(
      names = "--normalize",
      description = "Map scores to 0 to 1. Default: the model's own numbers, as llama-server gives them.")
  private boolean normalize;

  @Option(
      names = "--truncate",
      description = "Leave the end of a document out that is too long. Default: such a document is an error.")
  private boolean truncate;

  @Option(
      names = "--query-prefix",
      paramLabel = "TEXT",
      description = "What the model expects in front of a query. Default: nothing.")
  private String queryPrefix = "";

  @Option(
      names = "--document-prefix",
      paramLabel = "TEXT",
      description = "What the model expects in front of a document. Default: nothing.")
  private String documentPrefix = "";

  @Parameters(
      arity = "0..*",
      paramLabel = "DOCUMENT",
      description = "The documents. Default: the lines of standard input, also as -.")
  private List<String> documents = List.of();

  @Mixin private BackendOption backend = new BackendOption();

  RerankCommand(CommandContext context) {
    this.context = context;
  }

  /** A document with its place among all, and what it took. */
  private record Found(int index, String text, RankedDocument ranked, double latency) {}

  @Override
  public Integer call() {
    // All that were ranked together come back; the best are chosen among all lines.
    RerankOptions options =
        RerankOptions.builder().topN(topN).normalized(normalize).truncate(truncate).build().toBuilder()
            .topN(RerankOptions.ALL)
            .build();
    if (query.isBlank()) {
      throw new UsageException("--query is empty; it must say what the documents are ranked for.");
    }
    EmbedderConfig config = EmbedderConfig.builder().queryPrefix(queryPrefix).documentPrefix(documentPrefix).build();
    backend.select(context.inference());
    List<Found> found = new ArrayList<>();
    try (LoadedScorer<TextReranker> loaded =
        new NamedModel(model)
            .load(context, (file, modelConfig) -> context.inference().startReranker(file, modelConfig, config))) {
      TextInput.each(
          context,
          documents,
          "--truncate",
          (texts, first) -> {
            long begin = System.nanoTime();
            List<RankedDocument> ranked = loaded.scorer().rank(query, texts, options).documents();
            double latency = TextInput.latency(begin, texts.size());
            for (RankedDocument document : ranked) {
              found.add(new Found(first + document.index(), texts.get(document.index()), document, latency));
            }
          });
    }
    found.sort(
        Comparator.comparingDouble((Found one) -> one.ranked().score()).reversed().thenComparingInt(Found::index));
    int most = topN == RerankOptions.ALL ? found.size() : Math.min(topN, found.size());
    for (Found one : found.subList(0, most)) {
      print(one);
    }
    return ExitCode.OK;
  }

  private void print(Found one) {
    ObjectNode json = JSON.createObjectNode();
    json.put("index", one.index());
    json.put("score", one.ranked().score());
    json.put("document", one.text());
    json.put("tokens", one.ranked().tokens());
    if (one.ranked().truncated()) {
      json.put("truncated", true);
    }
    json.put("latency_ms", one.latency());
    context.out().println(json);
  }
}
