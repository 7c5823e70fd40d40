package io.panallama.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.models.MavenModel;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentStore;
import io.panallama.search.query.Passage;
import io.panallama.search.query.PassageRanker;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama search}: finds passages in what {@code panallama index} has stored. */
@Command(name = "search", description = "Find passages in the documents that panallama index has stored.")
final class SearchCommand implements Callable<Integer> {
  static final String DEFAULT_MODEL = "minilm";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN = 400;

  private final CommandContext context;

  @Parameters(arity = "1..*", paramLabel = "QUERY", description = "What to search for; - reads it from standard input.")
  private List<String> query = List.of();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE|NAME",
      description = "The embedding model. Default: the one that the collection was made with, if it has a name.")
  private @Nullable String model;

  @Option(
      names = {"-k", "--limit"},
      paramLabel = "N",
      description = "The most passages. Default: 5.")
  private int limit = 5;

  @Option(
      names = "--mode",
      paramLabel = "vector|bm25|hybrid",
      converter = Modes.class,
      description = "By meaning, by words, or by both. Default: hybrid.")
  private SearchMode mode = SearchMode.HYBRID;

  @Option(
      names = "--reranking-model",
      paramLabel = "FILE",
      description =
          "GGUF file of a model that sorts the passages in the end, such as bge-reranker. Default: none, the order of"
              + " --mode.")
  private @Nullable String rerankingModel;

  @Option(names = "--json", description = "Print a JSON object on a line for each passage.")
  private boolean json;

  @Mixin private CollectionOptions collection = new CollectionOptions();
  @Mixin private EmbedderOptions embedder = new EmbedderOptions();
  @Mixin private BackendOption backend = new BackendOption();

  SearchCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    SearchRequest request = SearchRequest.builder().text(text()).limit(limit).mode(mode).build();
    EmbedderConfig config = embedder.config();
    backend.select(context.inference());
    List<Passage> found;
    try (DocumentStore store = collection.open()) {
      found =
          rerankingModel == null ? search(store, config, request) : reranked(store, config, request, rerankingModel);
    }
    if (json) {
      for (int i = 0; i < found.size(); i++) {
        context.out().println(JSON.writeValueAsString(json(i + 1, found.get(i))));
      }
    } else {
      for (int i = 0; i < found.size(); i++) {
        print(i + 1, found.get(i));
      }
      if (found.isEmpty()) {
        context.err().println("Nothing was found.");
      }
    }
    return ExitCode.OK;
  }

  /** Several words without quotation marks form one query. */
  private String text() throws IOException {
    String words = String.join(" ", query);
    return words.equals(TextInput.STANDARD_INPUT) ? TextInput.all(context).strip() : words;
  }

  private List<Passage> reranked(DocumentStore store, EmbedderConfig config, SearchRequest request, String ranking) {
    // What is asked of a collection that is not there needs no model.
    store.model(collection.name());
    try (LoadedScorer<TextReranker> loaded =
        new NamedModel(ranking)
            .load(
                context, (file, model) -> context.inference().startReranker(file, model, EmbedderConfig.defaults()))) {
      return search(store, config, request.toBuilder().ranker(PassageRanker.of(loaded.scorer())).build());
    }
  }

  private List<Passage> search(DocumentStore store, EmbedderConfig config, SearchRequest request) {
    if (mode == SearchMode.BM25) {
      return store.open(collection.name()).search(request);
    }
    NamedModel named = new NamedModel(model == null ? recorded(store) : model);
    try (LoadedEmbedder loaded = named.load(context, config)) {
      CollectionEmbedder by = new CollectionEmbedder(named.id(), loaded.embedder(), loaded::countTokens);
      return store.open(collection.name(), by).search(request);
    }
  }

  /** The model that the collection was made with. */
  private String recorded(DocumentStore store) {
    String recorded = store.model(collection.name());
    if (!MavenModel.aliases().containsKey(recorded)) {
      throw new UsageException(
          "Collection "
              + collection.name()
              + " was made with the embedding model "
              + recorded
              + "; -m FILE says where it is, and --mode bm25 needs none.");
    }
    return recorded;
  }

  private void print(int place, Passage passage) {
    List<String> where = new ArrayList<>(passage.headings());
    if (passage.firstPage() > 0) {
      where.add(pages(passage));
    }
    String text = Printable.line(passage.text().replaceAll("\\s+", " "));
    String shown = text.length() <= SHOWN ? text : text.substring(0, text.offsetByCodePoints(0, cut(text))) + " ...";
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%d. %s%s  [%.4f]%n   %s",
                place,
                Printable.line(passage.document()),
                where.isEmpty() ? "" : " (" + Printable.line(String.join(" > ", where)) + ")",
                passage.score(),
                shown));
  }

  private static String pages(Passage passage) {
    return passage.firstPage() == passage.lastPage()
        ? "page " + passage.firstPage()
        : "pages " + passage.firstPage() + "-" + passage.lastPage();
  }

  private static int cut(String text) {
    return text.codePointCount(0, SHOWN);
  }

  private static ObjectNode json(int place, Passage passage) {
    ObjectNode node = JSON.createObjectNode();
    node.put("rank", place);
    node.put("score", passage.score());
    node.put("document", passage.document());
    node.put("title", passage.title());
    node.set("headings", JSON.valueToTree(passage.headings()));
    if (passage.firstPage() > 0) {
      node.put("first_page", passage.firstPage());
      node.put("last_page", passage.lastPage());
    }
    node.put("start", passage.start());
    node.put("end", passage.end());
    node.put("text", passage.text());
    Passage.Ranks ranks = passage.ranks();
    ranks.vector().ifPresent(rank -> node.put("vector_rank", rank));
    ranks.cosine().ifPresent(cosine -> node.put("cosine", cosine));
    ranks.words().ifPresent(rank -> node.put("bm25_rank", rank));
    ranks.bm25().ifPresent(score -> node.put("bm25", score));
    ranks.ranker().ifPresent(score -> node.put("reranking_score", score));
    node.set("metadata", JSON.valueToTree(passage.metadata()));
    return node;
  }

  static final class Modes extends Words<SearchMode> {
    Modes() {
      super(SearchMode.class);
    }
  }
}
