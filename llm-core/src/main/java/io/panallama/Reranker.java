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
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Ranks documents by how well they answer a query, with a reranking model (a cross-encoder), such as bge-reranker or
 * Qwen3-Reranker.
 *
 * <pre>{@code
 * try (Reranker reranker = Reranker.load(Path.of("bge-reranker-v2-m3.gguf"))) {
 *   Ranking ranking = reranker.rank("How do I reset my password?", List.of("The stock market fell.", "Forgot your login?"));
 *   int best = ranking.documents().getFirst().index(); // 1
 * }
 * }</pre>
 *
 * <p>Query and document are computed as one sequence, in the model's own template
 * ({@code tokenizer.chat_template.rerank}), or else with the tokens that its vocabulary puts in front of, between and behind
 * two texts; that is what llama-server does. llama.cpp has no second token type, so the scores of BERT's
 * cross-encoders that were trained with one differ from Hugging Face's.
 *
 * <p>One platform thread computes for all callers, as many pairs at once as make a batch. Calls wait for their result; a
 * virtual thread that waits holds no carrier. Calls of one priority get equal shares of the computed tokens.
 *
 * <p>{@link EmbedderConfig#isolation} decides where: in this process, or in one of its own, whose death this process
 * survives; see {@link Embedder}.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Reranker implements TextReranker, AutoCloseable {
  private final EncoderHost host;
  private final TextReranker ranking;

  private Reranker(EncoderHost host, TextReranker ranking) {
    this.host = host;
    this.ranking = ranking;
  }

  /** Loads a model and starts a reranker on it with {@link EmbedderConfig#defaults()}. */
  public static Reranker load(Path file) {
    return load(file, ModelConfig.defaults(), EmbedderConfig.defaults());
  }

  /**
   * Loads a model and starts a reranker on it, which closes the model when it is closed. With {@link Isolation#PROCESS},
   * nothing native is loaded into this process.
   *
   * @throws ModelLoadException if the file can't be read or loaded
   * @throws EngineStartException as {@link #start}
   * @throws IllegalArgumentException as {@link #start}
   */
  public static Reranker load(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> TextEncoder.load(file, modelConfig, model -> local(model, config, true));
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.RERANKER, file, modelConfig, config));
    };
  }

  /**
   * Starts a reranker on a model, which the caller closes. With {@link Isolation#PROCESS}, the reranker's process loads the
   * model's file again, with the same configuration.
   *
   * @param config its prefixes are put in front of queries and documents
   * @throws EngineStartException if the model has no weights, does not score a query with a document, there is not enough
   *     memory, or the reranker's own process dies
   * @throws IllegalStateException if the model is closed
   * @throws IllegalArgumentException if the configuration chooses a pooling; the model's head decides that
   */
  public static Reranker start(Model model, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> local(model, config, false);
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.RERANKER, model, config));
    };
  }

  private static Reranker local(Model model, EmbedderConfig config, boolean ownsModel) {
    LocalReranker local = LocalReranker.start(model, config, ownsModel, StepObserver.NONE);
    return new Reranker(local.scorer(), local);
  }

  private static Reranker isolated(IsolatedEncoder host) {
    return new Reranker(host, host.reranker());
  }

  /** Ranks documents with {@link RerankOptions#defaults()}; see {@link #rank(String, List, RerankOptions)}. */
  public Ranking rank(String query, List<String> documents) {
    return rank(query, documents, RerankOptions.defaults());
  }

  @Override
  public Ranking rank(String query, List<String> documents, RerankOptions options) {
    return ranking.rank(query, documents, options);
  }

  @Override
  public int maxTokens() {
    return ranking.maxTokens();
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
   * @throws IsolationException if the model is loaded only in the reranker's own process; {@link #modelFacts} works there, too
   */
  public Model model() {
    return host.model();
  }

  /** The facts about the model. */
  public ModelFacts modelFacts() {
    return host.modelFacts();
  }

  /** Whether the reranker takes texts. Never throws and never waits. */
  public EngineState state() {
    return host.state();
  }

  /** The error that ended the reranker. */
  public Optional<Throwable> failure() {
    return host.failure();
  }

  /** How many pairs wait to be computed; with {@link Isolation#PROCESS}, those that are being computed count, too. */
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

  /** What llama.cpp holds for the reranker, by device, as it planned it; empty if that is not known (yet). */
  public List<MemoryUse> memory() {
    return host.memory();
  }

  /** Ends the reranker; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    host.close();
  }
}
