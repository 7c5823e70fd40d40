package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.Isolation;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.IsolationException;
import io.panallama.error.ModelLoadException;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.worker.TextRole;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import java.nio.file.Path;
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
 * <p>{@link EmbedderConfig#isolation} decides where: in this process, or in one of its own, whose death this process
 * survives; see {@link Embedder}.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Classifier implements TextClassifier, AutoCloseable {
  private final EncoderHost host;
  private final TextClassifier classifying;

  private Classifier(EncoderHost host, TextClassifier classifying) {
    this.host = host;
    this.classifying = classifying;
  }

  /** Loads a model and starts a classifier on it with {@link EmbedderConfig#defaults()}. */
  public static Classifier load(Path file) {
    return load(file, ModelConfig.defaults(), EmbedderConfig.defaults());
  }

  /**
   * Loads a model and starts a classifier on it, which closes the model when it is closed. With {@link Isolation#PROCESS},
   * nothing native is loaded into this process.
   *
   * @throws ModelLoadException if the file can't be read or loaded
   * @throws EngineStartException as {@link #start}
   * @throws IllegalArgumentException as {@link #start}
   */
  public static Classifier load(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> TextEncoder.load(file, modelConfig, model -> local(model, config, true));
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.CLASSIFIER, file, modelConfig, config));
    };
  }

  /**
   * Starts a classifier on a model, which the caller closes. With {@link Isolation#PROCESS}, the classifier's process loads
   * the model's file again, with the same configuration.
   *
   * @throws EngineStartException if the model has no weights or gives no labels, there is not enough memory, or the
   *     classifier's own process dies
   * @throws IllegalStateException if the model is closed
   * @throws IllegalArgumentException if the configuration chooses a pooling or a prefix, which a classifier does not have
   */
  public static Classifier start(Model model, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> local(model, config, false);
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.CLASSIFIER, model, config));
    };
  }

  private static Classifier local(Model model, EmbedderConfig config, boolean ownsModel) {
    LocalClassifier local = LocalClassifier.start(model, config, ownsModel, StepObserver.NONE);
    return new Classifier(local.scorer(), local);
  }

  private static Classifier isolated(IsolatedEncoder host) {
    return new Classifier(host, host.classifier());
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
    return classifying.classify(texts, options);
  }

  @Override
  public List<String> labels() {
    return classifying.labels();
  }

  @Override
  public int maxTokens() {
    return classifying.maxTokens();
  }

  /** The number of tokens of a text, without those that the vocabulary puts around it. */
  @Override
  public int countTokens(String text) {
    return host.countTokens(text);
  }

  /** The configuration, with every {@link EmbedderConfig#AUTO} replaced by what was chosen. */
  public EmbedderConfig config() {
    return host.config();
  }

  /**
   * The model; its owner closes it.
   *
   * @throws IsolationException if the model is loaded only in the classifier's own process; {@link #modelFacts} works there, too
   */
  public Model model() {
    return host.model();
  }

  /** The facts about the model. */
  public ModelFacts modelFacts() {
    return host.modelFacts();
  }

  /** Whether the classifier takes texts. Never throws and never waits. */
  public EngineState state() {
    return host.state();
  }

  /** The error that ended the classifier. */
  public Optional<Throwable> failure() {
    return host.failure();
  }

  /** How many texts wait to be computed; with {@link Isolation#PROCESS}, those that are being computed count, too. */
  public int waiting() {
    return host.waiting();
  }

  /** How many times the process that computes was replaced; 0 without isolation. */
  public int restarts() {
    return host.restarts();
  }

  /** The id of the process that computes: this one without isolation, and 0 while the other one is being replaced. */
  public long pid() {
    return host.pid();
  }

  /** What llama.cpp holds for the classifier, by device, as it planned it; empty if that is not known (yet). */
  public List<MemoryUse> memory() {
    return host.memory();
  }

  /** Ends the classifier; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    host.close();
  }
}
