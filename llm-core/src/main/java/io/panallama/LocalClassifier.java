package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.embed.Scores;
import io.panallama.internal.embed.TextParts;
import io.panallama.internal.engine.StepObserver;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.ScoreFunction;
import java.util.ArrayList;
import java.util.List;

/** A classifier that computes in this process. Thread-safe. */
final class LocalClassifier implements TextClassifier {
  private final Scorer scorer;
  private final List<String> labels;
  private final ScoreFunction function;

  private LocalClassifier(Scorer scorer) {
    this.scorer = scorer;
    List<String> named = new ArrayList<>();
    for (String label : scorer.head().labels()) {
      named.add(label.isEmpty() ? "LABEL_" + named.size() : label);
    }
    this.labels = List.copyOf(named);
    this.function = function(scorer, labels.size());
  }

  /** What the model's file asks for; see {@link ScoreFunction#MODEL}. */
  private static ScoreFunction function(Scorer scorer, int labels) {
    if (scorer.head().givesProbabilities()) {
      return ScoreFunction.NONE;
    }
    Model model = scorer.encoder().model();
    return switch (model.metadata().getOrDefault(model.architecture() + ".classifier.problem_type", "")) {
      case "single_label_classification" -> ScoreFunction.SOFTMAX;
      case "multi_label_classification" -> ScoreFunction.SIGMOID;
      case "regression" -> ScoreFunction.NONE;
      default -> labels == 1 ? ScoreFunction.SIGMOID : ScoreFunction.SOFTMAX;
    };
  }

  static LocalClassifier start(Model model, EmbedderConfig config, boolean ownsModel, StepObserver observer) {
    if (config.queryPrefix().isPresent() || config.documentPrefix().isPresent()) {
      throw new IllegalArgumentException("A classifier has no prefix for queries or documents; leave it out.");
    }
    return new LocalClassifier(
        Scorer.start(
            model,
            config,
            ownsModel,
            observer,
            "classifier",
            Reason.NOT_A_CLASSIFIER,
            head ->
                head.givesProbabilities() && head.labels().size() == 1
                    ? "has a single output, of which llama.cpp takes the softmax, so that every score would be 1."
                    : ""));
  }

  @Override
  public List<Classification> classify(List<String> texts, ClassifyOptions options) {
    ScoreFunction chosen = chosen(options.function());
    long length = 0;
    for (String text : texts) {
      length += text.length();
    }
    List<TextParts> parts =
        scorer
            .encoder()
            .prepared(
                length,
                checkpoint -> {
                  List<TextParts> all = new ArrayList<>(texts.size());
                  for (int i = 0; i < texts.size(); i++) {
                    checkpoint.run();
                    int[] tokens = scorer.encoder().tokenize(texts.get(i), true);
                    all.add(TextParts.of(i, tokens, scorer.encoder().frame(), maxTokens(), options.longText()));
                  }
                  return all;
                });
    float[][] outputs = scorer.encoder().compute(options.priority(), parts.stream().map(TextParts::parts).toList());
    List<Classification> result = new ArrayList<>(outputs.length);
    for (int i = 0; i < outputs.length; i++) {
      result.add(classification(outputs[i], chosen, parts.get(i)));
    }
    return result;
  }

  private ScoreFunction chosen(ScoreFunction asked) {
    if (scorer.head().givesProbabilities() && asked == ScoreFunction.SIGMOID) {
      throw new InvalidRequestException(
          "function",
          InvalidRequestException.name("function")
              + " is SIGMOID, but llama.cpp gives this model's outputs as probabilities that add up to 1; leave it"
              + " out.");
    }
    return asked == ScoreFunction.MODEL || scorer.head().givesProbabilities() ? function : asked;
  }

  private Classification classification(float[] outputs, ScoreFunction chosen, TextParts text) {
    switch (chosen) {
      case SOFTMAX -> Scores.softmax(outputs);
      case SIGMOID -> Scores.sigmoid(outputs);
      case MODEL, NONE -> {}
    }
    List<LabelScore> scores = new ArrayList<>(outputs.length);
    for (int i = 0; i < outputs.length; i++) {
      scores.add(new LabelScore(i, labels.get(i), outputs[i]));
    }
    return new Classification(
        scores.get(Scores.largest(outputs)), scores, text.tokens(), text.truncated(), text.parts().size());
  }

  @Override
  public List<String> labels() {
    return labels;
  }

  Scorer scorer() {
    return scorer;
  }

  @Override
  public int maxTokens() {
    return scorer.encoder().maxTokens();
  }
}
