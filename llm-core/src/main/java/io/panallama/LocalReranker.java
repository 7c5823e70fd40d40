package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.embed.PairFormat;
import io.panallama.internal.embed.Scores;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.llama.ScoringHead;
import io.panallama.internal.request.LoadedModel;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** A reranker that computes in this process. Thread-safe. */
final class LocalReranker implements TextReranker {
  private static final String TEMPLATE = "tokenizer.chat_template.rerank";

  /** Pre-tokenizers of byte-pair vocabularies for which llama.cpp puts a separator between texts unless the file says no. */
  private static final Set<String> WITH_SEPARATOR = Set.of("jina-v1-en", "jina-v2-code", "roberta-bpe");

  private static final Comparator<RankedDocument> BEST_FIRST =
      Comparator.comparingDouble(RankedDocument::score).reversed().thenComparingInt(RankedDocument::index);

  /** Of all pairs of a call: 64 MiB. */
  private static final int MOST_TOKENS = 1 << 24;

  private final Scorer scorer;
  private final PairFormat format;

  private LocalReranker(Scorer scorer) {
    this.scorer = scorer;
    this.format = format(scorer);
  }

  static LocalReranker start(Model model, EmbedderConfig config, boolean ownsModel, StepObserver observer) {
    return new LocalReranker(
        Scorer.start(
            model, config, ownsModel, observer, "reranker", Reason.NOT_A_RERANKER, head -> misfit(head, model)));
  }

  /** Why a model with this head is no reranker; empty if it is one. */
  private static String misfit(ScoringHead head, Model model) {
    int outputs = head.labels().size();
    // Qwen3-Reranker: the probabilities of "yes" and "no", of which llama-server takes the first.
    if (outputs > 1 && !(outputs == 2 && head.givesProbabilities())) {
      return "gives texts one of the labels "
          + String.join(", ", head.labels())
          + "; a reranker has a single score. Use a Classifier, `panallama classify` or `serve --classifier-model`.";
    }
    if (outputs == 1 && head.givesProbabilities()) {
      return "has a single output, of which llama.cpp takes the softmax, so that every score would be 1; convert the"
          + " model again with a newer version of llama.cpp's converter.";
    }
    String template = model.metadata().getOrDefault(TEMPLATE, "");
    if (!template.isEmpty() && !PairFormat.isTemplate(template)) {
      return "has a template " + TEMPLATE + " that lacks {query} or {document}, so that no document could be scored.";
    }
    if (template.isEmpty() && between(model).length == 0) {
      return "has neither a template "
          + TEMPLATE
          + " nor a token that its vocabulary puts between two texts, so a query could not be told from a document;"
          + " convert the model again with a newer version of llama.cpp's converter.";
    }
    return "";
  }

  private static PairFormat format(Scorer scorer) {
    Model model = scorer.encoder().model();
    String template = model.metadata().getOrDefault(TEMPLATE, "");
    if (!template.isEmpty()) {
      TextParts.Frame frame = scorer.encoder().frame();
      return PairFormat.template(
          template,
          (prompt, literals) -> {
            int[] framed = model.tokenizer().tokenizePrompt(prompt, literals);
            return Arrays.copyOfRange(framed, frame.before(), framed.length - frame.after());
          });
    }
    LoadedModel loaded = model.loaded();
    int[] before = loaded.facts().addsBos() ? array(loaded.facts().bos()) : new int[0];
    return PairFormat.joined(before, between(model), end(model), text -> scorer.encoder().tokenize(text, false));
  }

  private static int[] between(Model model) {
    int[] separator = addsSeparator(model.metadata()) ? array(model.loaded().facts().sep()) : new int[0];
    int[] end = end(model);
    int[] both = Arrays.copyOf(end, end.length + separator.length);
    System.arraycopy(separator, 0, both, end.length, separator.length);
    return both;
  }

  /** What stands behind each of the two texts. */
  private static int[] end(Model model) {
    LoadedModel loaded = model.loaded();
    if (!loaded.facts().addsEos()) {
      return new int[0];
    }
    return array(loaded.facts().eos().isPresent() ? loaded.facts().eos() : loaded.facts().sep());
  }

  private static int[] array(OptionalInt token) {
    return token.stream().toArray();
  }

  /** What {@code llama_vocab_get_add_sep} says. */
  private static boolean addsSeparator(Map<String, String> metadata) {
    String given = metadata.get("tokenizer.ggml.add_sep_token");
    if (given != null) {
      return given.equals("true");
    }
    return switch (metadata.getOrDefault("tokenizer.ggml.model", "")) {
      case "bert" -> true;
      case "gpt2" -> WITH_SEPARATOR.contains(metadata.getOrDefault("tokenizer.ggml.pre", ""));
      default -> false;
    };
  }

  @Override
  public Ranking rank(String query, List<String> documents, RerankOptions options) {
    int limit = scorer.config().queueLimit();
    if (documents.size() > limit) {
      throw new InvalidRequestException(
          "documents",
          InvalidRequestException.name("documents")
              + " has "
              + documents.size()
              + " documents; at most "
              + limit
              + " are taken at once.");
    }
    String asked = scorer.config().queryPrefix().orElse("") + query;
    String prefix = scorer.config().documentPrefix().orElse("");
    long length = asked.length();
    for (String document : documents) {
      length += prefix.length() + document.length();
    }
    List<PairFormat.Pair> pairs =
        scorer
            .encoder()
            .prepared(
                length,
                checkpoint -> {
                  PairFormat.OfQuery ofQuery = format.forQuery(asked);
                  List<PairFormat.Pair> all = new ArrayList<>(documents.size());
                  long together = 0;
                  for (int i = 0; i < documents.size(); i++) {
                    checkpoint.run();
                    PairFormat.Pair pair = ofQuery.pair(i, prefix + documents.get(i), maxTokens(), options);
                    together += pair.tokens().length;
                    requireFew(together);
                    all.add(pair);
                  }
                  return all;
                });
    float[][] scores =
        scorer.encoder().compute(options.priority(), pairs.stream().map(pair -> List.of(pair.tokens())).toList());
    boolean mapped = options.normalized() && !scorer.head().givesProbabilities();
    List<RankedDocument> ranked = new ArrayList<>(scores.length);
    long tokens = 0;
    for (int i = 0; i < scores.length; i++) {
      PairFormat.Pair pair = pairs.get(i);
      float score = mapped ? Scores.sigmoid(scores[i][0]) : scores[i][0];
      ranked.add(new RankedDocument(i, score, pair.tokens().length, pair.truncated()));
      tokens += pair.tokens().length;
    }
    ranked.sort(BEST_FIRST);
    boolean all = options.topN() == RerankOptions.ALL || options.topN() >= ranked.size();
    return new Ranking(all ? ranked : ranked.subList(0, options.topN()), tokens);
  }

  /** The query counts for each document, so that a small request could fill the memory. */
  static void requireFew(long tokens) {
    if (tokens > MOST_TOKENS) {
      throw new InvalidRequestException(
          "documents",
          InvalidRequestException.name("documents")
              + " have more than "
              + MOST_TOKENS
              + " tokens together with the query, which counts for each of them; rank fewer at once.");
    }
  }

  Scorer scorer() {
    return scorer;
  }

  @Override
  public int maxTokens() {
    return scorer.encoder().maxTokens();
  }
}
