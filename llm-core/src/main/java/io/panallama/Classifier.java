package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.internal.embed.Scores;
import io.panallama.internal.embed.TextParts;
import io.panallama.observe.EngineState;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.ScoreFunction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives texts labels, with a model that was trained to classify, such as a BERT or a ModernBERT with a head for sequence
 * classification.
 *
 * <pre>{@code
 * try (Classifier classifier = Classifier.load(Path.of("sentiment.gguf"))) {
 *   Classification mood = classifier.classify("What a day!");
 *   System.out.println(mood.best().label() + " " + mood.best().score());
 * }
 * }</pre>
 *
 * <p>The labels are those of the model's file ({@code ARCHITECTURE.classifier.output_labels}). A label without a name there
 * is {@code LABEL_0}, {@code LABEL_1} and so on, as Hugging Face's are.
 *
 * <p>One platform thread computes for all callers, as many texts at once as make a batch. Calls wait for their result; a
 * virtual thread that waits holds no carrier. Calls of one priority get equal shares of the computed tokens.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Classifier implements TextClassifier, AutoCloseable {
  private final Scorer scorer;
  private final List<String> labels;
  private final ScoreFunction function;

  private Classifier(Scorer scorer) {
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

  /** Loads a model and starts a classifier on it with {@link EmbedderConfig#defaults()}. */
  public static Classifier load(Path file) {
    return load(file, ModelConfig.defaults(), EmbedderConfig.defaults());
  }

  /**
   * Loads a model and starts a classifier on it, which closes the model when it is closed.
   *
   * @throws ModelLoadException if the file can't be read or loaded
   * @throws EngineStartException as {@link #start}
   * @throws IllegalArgumentException as {@link #start}
   */
  public static Classifier load(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return TextEncoder.load(file, modelConfig, model -> start(model, config, true));
  }

  /**
   * Starts a classifier on a model, which the caller closes.
   *
   * @throws EngineStartException if the model has no weights or gives no labels, or there is not enough memory
   * @throws IllegalStateException if the model is closed
   * @throws IllegalArgumentException if the configuration chooses a pooling or a prefix, which a classifier does not have
   */
  public static Classifier start(Model model, EmbedderConfig config) {
    return start(model, config, false);
  }

  private static Classifier start(Model model, EmbedderConfig config, boolean ownsModel) {
    if (config.queryPrefix().isPresent() || config.documentPrefix().isPresent()) {
      throw new IllegalArgumentException("A classifier has no prefix for queries or documents; leave it out.");
    }
    return new Classifier(
        Scorer.start(
            model,
            config,
            ownsModel,
            "classifier",
            Reason.NOT_A_CLASSIFIER,
            head ->
                head.givesProbabilities() && head.labels().size() == 1
                    ? "has a single output, of which llama.cpp takes the softmax, so that every score would be 1."
                    : ""));
  }

  /** Classifies a text with {@link ClassifyOptions#defaults()}; see {@link #classify(List, ClassifyOptions)}. */
  public Classification classify(String text) {
    return classify(List.of(text)).getFirst();
  }

  /** Classifies texts with {@link ClassifyOptions#defaults()}; see {@link #classify(List, ClassifyOptions)}. */
  public List<Classification> classify(List<String> texts) {
    return classify(texts, ClassifyOptions.defaults());
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

  @Override
  public int maxTokens() {
    return scorer.encoder().maxTokens();
  }

  /** The configuration, with every {@link EmbedderConfig#AUTO} replaced by what was chosen. */
  public EmbedderConfig config() {
    return scorer.config();
  }

  /** The model; its owner closes it. */
  public Model model() {
    return scorer.encoder().model();
  }

  public EngineState state() {
    return scorer.encoder().state();
  }

  /** The error that ended the classifier. */
  public Optional<Throwable> failure() {
    return scorer.encoder().failure();
  }

  /** How many texts wait to be computed. */
  public int waiting() {
    return scorer.encoder().waiting();
  }

  /** Ends the classifier; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    scorer.encoder().close();
  }
}
