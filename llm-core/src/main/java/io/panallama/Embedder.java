package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.Isolation;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.IsolationException;
import io.panallama.error.ModelLoadException;
import io.panallama.internal.embed.EmbeddingCall;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.worker.TextRole;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Turns texts into vectors with an embedding model, such as a BERT of sentence-transformers, or with a model that
 * generates text.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.load(Path.of("minilm.gguf"))) {
 *   float[] question = embedder.embed("How do I reset my password?").vector();
 *   List<Embedding> documents = embedder.embed(List.of("Forgot your login?", "The stock market fell."));
 * }
 * }</pre>
 *
 * <p>One platform thread computes for all callers, as many texts at once as make a batch. Calls wait for their result; a
 * virtual thread that waits holds no carrier. Calls of one priority get equal shares of the computed tokens, so one text
 * does not wait for ten thousand that another caller sent before. A caller that is interrupted gives up the texts that are
 * not being computed yet; {@link #submit} does not wait, and its future can be cancelled.
 *
 * <p>{@link EmbedderConfig#isolation} decides where: in this process, or in one of its own, whose death this process
 * survives. What it had is computed again in the next one; texts that kill twice, the second time alone, are refused with
 * {@link EmbeddingException.Reason#ENGINE_KILLED}.
 *
 * <p>Lifetime: from {@link #load} or {@link #start} to {@link #close}. Thread-safe.
 */
public final class Embedder implements TextEmbedder, AutoCloseable {
  private final EncoderHost host;
  private final TextEmbedder texts;

  private Embedder(EncoderHost host, TextEmbedder texts) {
    this.host = host;
    this.texts = texts;
  }

  /** Loads a model and starts an embedder on it with {@link EmbedderConfig#defaults()}. */
  public static Embedder load(Path file) {
    return load(file, ModelConfig.defaults(), EmbedderConfig.defaults());
  }

  /**
   * Loads a model and starts an embedder on it, which closes the model when it is closed. With {@link Isolation#PROCESS},
   * nothing native is loaded into this process.
   *
   * @throws ModelLoadException if the file can't be read or loaded
   * @throws EngineStartException as {@link #start}
   */
  public static Embedder load(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> TextEncoder.load(file, modelConfig, model -> local(model, config, true));
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.EMBEDDER, file, modelConfig, config));
    };
  }

  /**
   * Starts an embedder on a model, which the caller closes. With {@link Isolation#PROCESS}, the embedder's process loads the
   * model's file again, with the same configuration.
   *
   * @throws EngineStartException if the model has no weights or gives no vectors, there is not enough memory, or the
   *     embedder's own process dies
   * @throws IllegalStateException if the model is closed
   */
  public static Embedder start(Model model, EmbedderConfig config) {
    return switch (config.isolation()) {
      case NONE -> local(model, config, false);
      case PROCESS -> isolated(IsolatedEncoder.launch(TextRole.EMBEDDER, model, config));
    };
  }

  private static Embedder local(Model model, EmbedderConfig config, boolean ownsModel) {
    LocalEmbedder local = LocalEmbedder.start(model, config, ownsModel, StepObserver.NONE);
    return new Embedder(local.encoder(), local);
  }

  private static Embedder isolated(IsolatedEncoder host) {
    return new Embedder(host, host.embedder());
  }

  // ---- embedding ----

  /** Embeds a text with {@link EmbeddingOptions#defaults()}; see {@link #embed(List, EmbeddingOptions)}. */
  public Embedding embed(String text) {
    return embed(List.of(text)).getFirst();
  }

  /** Embeds texts with {@link EmbeddingOptions#defaults()}; see {@link #embed(List, EmbeddingOptions)}. */
  public List<Embedding> embed(List<String> given) {
    return embed(given, EmbeddingOptions.defaults());
  }

  @Override
  public List<Embedding> embed(List<String> given, EmbeddingOptions options) {
    return texts.embed(given, options);
  }

  @Override
  public List<Embedding> embedTokens(List<int[]> given, EmbeddingOptions options) {
    return texts.embedTokens(given, options);
  }

  /**
   * Embeds texts without waiting. Cancelling the future, whatever {@code mayInterruptIfRunning} is, gives up the texts that
   * are not being computed yet.
   *
   * @return fails with what {@link #embed(List, EmbeddingOptions)} throws
   */
  public CompletableFuture<List<Embedding>> submit(List<String> given, EmbeddingOptions options) {
    List<String> copy = List.copyOf(given);
    return EmbeddingCall.start(() -> embed(copy, options));
  }

  @Override
  public List<TokenVectors> tokenVectors(List<String> given, EmbeddingOptions options) {
    return texts.tokenVectors(given, options);
  }

  @Override
  public List<TokenVectors> tokenVectorsOf(List<int[]> given, EmbeddingOptions options) {
    return texts.tokenVectorsOf(given, options);
  }

  // ---- the embedder ----

  @Override
  public boolean pools() {
    return texts.pools();
  }

  @Override
  public int dimensions() {
    return texts.dimensions();
  }

  @Override
  public int maxTokens() {
    return texts.maxTokens();
  }

  /** The number of tokens of a text, without those that the vocabulary puts around it. */
  @Override
  public int countTokens(String text) {
    return host.countTokens(text);
  }

  /** The configuration, with every {@link EmbedderConfig#AUTO} and {@link Pooling#MODEL} replaced by what was chosen. */
  public EmbedderConfig config() {
    return host.config();
  }

  /**
   * The model; its owner closes it.
   *
   * @throws IsolationException if the model is loaded only in the embedder's own process; {@link #modelFacts} works there, too
   */
  public Model model() {
    return host.model();
  }

  /** The facts about the model. */
  public ModelFacts modelFacts() {
    return host.modelFacts();
  }

  /** Whether the embedder takes texts. Never throws and never waits. */
  public EngineState state() {
    return host.state();
  }

  /** The error that ended the embedder. */
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

  /** What llama.cpp holds for the embedder, by device, as it planned it; empty if that is not known (yet). */
  public List<MemoryUse> memory() {
    return host.memory();
  }

  /** Ends the embedder; calls that wait fail with {@link EngineClosedException}. Repeating it is harmless. */
  @Override
  public void close() {
    host.close();
  }
}
