package io.panallama.server;

import io.panallama.TextReranker;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A reranker whose scores are the lengths of the documents; a document has 5 tokens. "far too long" is too long, as a
 * document and as a query.
 */
final class ScriptedReranker implements TextReranker {
  private volatile RerankOptions options = RerankOptions.defaults();
  private volatile String query = "";
  private volatile RuntimeException failure;
  private volatile Runnable during = () -> {};

  /** What a server tells of it: its name is ranking, or bge. */
  static ServedModel model() {
    return ServedModel.builder("ranking", 64).aliases(List.of("bge")).build();
  }

  /** The options of the last call. */
  RerankOptions options() {
    return options;
  }

  /** The query of the last call. */
  String query() {
    return query;
  }

  /** From now on every call does this. */
  void during(Runnable action) {
    during = action;
  }

  /** From now on every call fails so. */
  void failing(RuntimeException reason) {
    failure = reason;
  }

  @Override
  public Ranking rank(String asked, List<String> documents, RerankOptions chosen) {
    query = asked;
    options = chosen;
    during.run();
    if (failure != null) {
      throw failure;
    }
    if (asked.equals("far too long")) {
      throw TextTooLongException.ofQuery(80, 64);
    }
    List<RankedDocument> ranked = new ArrayList<>();
    for (int i = 0; i < documents.size(); i++) {
      if (documents.get(i).equals("far too long") && !chosen.truncate()) {
        throw TextTooLongException.ofDocument(i, 99, 64);
      }
      ranked.add(new RankedDocument(i, documents.get(i).length(), 5, documents.get(i).equals("far too long")));
    }
    ranked.sort(Comparator.comparingDouble(RankedDocument::score).reversed());
    int most = chosen.topN() == RerankOptions.ALL ? ranked.size() : Math.min(chosen.topN(), ranked.size());
    return new Ranking(ranked.subList(0, most), 5L * documents.size());
  }

  @Override
  public int maxTokens() {
    return 64;
  }

  @Override
  public int countTokens(String text) {
    return text.length();
  }
}
