package io.panallama.cli;

import io.panallama.TextClassifier;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.server.ChatServer;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The models that rank and classify, which {@code serve} serves besides the one that generates. */
final class ScoringModels implements AutoCloseable {
  @Option(
      names = "--reranking-model",
      paramLabel = "FILE",
      description =
          "GGUF file of a model that ranks documents, such as bge-reranker; served besides the other one. Default:"
              + " none.")
  private @Nullable String rerankingModel;

  @Option(
      names = "--classifier-model",
      paramLabel = "FILE",
      description =
          "GGUF file of a model that was trained to classify texts; served besides the other one. Default: none.")
  private @Nullable String classifierModel;

  /** Written by the thread that loads, before the engine is handed over. */
  private volatile @Nullable LoadedScorer<TextReranker> reranker;

  private volatile @Nullable LoadedScorer<TextClassifier> classifier;

  /** Loads those that the options name. */
  void load(CommandContext context, BooleanSupplier stopped, EmbedderConfig config) {
    String ranking = rerankingModel;
    if (ranking != null) {
      reranker =
          context
              .inference()
              .startReranker(new NamedModel(ranking).file(context, stopped), ModelConfig.defaults(), config);
    }
    String classifying = classifierModel;
    if (classifying != null) {
      classifier =
          context
              .inference()
              .startClassifier(new NamedModel(classifying).file(context, stopped), ModelConfig.defaults(), config);
    }
  }

  /** Serves those that are loaded. */
  void serve(ChatServer server) {
    LoadedScorer<TextReranker> ranks = reranker;
    if (ranks != null) {
      server.serve(served(String.valueOf(rerankingModel), ranks.scorer().maxTokens(), ranks.model()), ranks.scorer());
    }
    LoadedScorer<TextClassifier> classifies = classifier;
    if (classifies != null) {
      server.serve(
          served(String.valueOf(classifierModel), classifies.scorer().maxTokens(), classifies.model()),
          classifies.scorer());
    }
  }

  /** What {@code serve} says of a model that generates no text. */
  static ServedModel served(String named, int maxTokens, LoadedEngine.ModelSummary summary) {
    String id = new NamedModel(named).id();
    return ServedModel.builder(id, maxTokens)
        .aliases(named.endsWith(id + ".gguf") ? List.of(id + ".gguf") : List.of())
        .description(summary.description())
        .path(named)
        .parameters(summary.parameters())
        .trainedContextSize(summary.trainedContextSize())
        .sizeBytes(summary.sizeBytes())
        .build();
  }

  /** A line about a model. */
  record Row(String label, String text) {}

  /** A line about each that is loaded. */
  List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    Optional.ofNullable(reranker)
        .ifPresent(ranks ->
            rows.add(
                new Row(
                    "reranking",
                    text(rerankingModel, ranks.model())
                        + "query and document of up to "
                        + ranks.scorer().maxTokens()
                        + " tokens")));
    Optional.ofNullable(classifier)
        .ifPresent(classifies ->
            rows.add(
                new Row(
                    "labels",
                    text(classifierModel, classifies.model())
                        + classifies.scorer().labels().size()
                        + " labels, texts of up to "
                        + classifies.scorer().maxTokens()
                        + " tokens")));
    return rows;
  }

  private static String text(@Nullable String named, LoadedEngine.ModelSummary summary) {
    String id = new NamedModel(String.valueOf(named)).id();
    return Printable.line(id) + " (" + Printable.line(summary.description()) + "), ";
  }

  @Override
  public void close() {
    try {
      Optional.ofNullable(reranker).ifPresent(LoadedScorer::close);
    } finally {
      Optional.ofNullable(classifier).ifPresent(LoadedScorer::close);
    }
  }
}
