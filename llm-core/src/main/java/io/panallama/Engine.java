package io.panallama;

import io.panallama.chat.ChatMessage;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.IsolationException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.error.SessionFileException;
import io.panallama.internal.engine.StepObserver;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.Device;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Generates for many concurrent callers on one loaded model, with one llama.cpp context and one platform thread that
 * decodes and samples for all of them.
 *
 * <p>{@link EngineConfig#isolation} decides where: in this process, or in one of its own, whose death this process
 * survives ({@link IsolatedEngine}).
 *
 * <p>Lifetime: from {@link #start} to {@link #close}, which ends every generation with
 * {@link GenerationException.Reason#ENGINE_CLOSED} and waits for the thread. An engine that was started on a {@link Model}
 * also owns the model: it may be closed earlier, and the engine keeps running.
 *
 * <p>Thread-safe. {@link #generate} renders and tokenizes first, and then only queues. A platform thread does that itself. For
 * a virtual thread, which native code would keep on its carrier, a few platform threads of the engine do it while it waits; an
 * interrupt ends the waiting with {@link GenerationException.Reason#INTERRUPTED}, and what is no longer needed is not begun.
 */
public abstract sealed class Engine implements TextGenerator, AutoCloseable permits LocalEngine, IsolatedEngine {
  Engine() {}

  /** Starts with {@link EngineConfig#defaults()}. */
  public static Engine start(Model model) {
    return start(model, EngineConfig.defaults());
  }

  /**
   * Starts an engine.
   *
   * <p>With {@link Isolation#PROCESS}, the engine's process loads the model's file again, with the same configuration. That
   * costs memory only for weights that are not mapped. {@link #start(Path, ModelConfig, EngineConfig)} loads nothing native
   * into this process.
   *
   * @throws EngineStartException if the model can't generate, there is not enough memory, llama.cpp rejects the
   *     configuration, or the engine's own process dies
   * @throws IllegalStateException if the model is closed
   */
  public static Engine start(Model model, EngineConfig config) {
    return switch (config.isolation()) {
      case NONE -> LocalEngine.start(model, config, StepObserver.NONE);
      case PROCESS -> IsolatedEngine.launch(model, config);
    };
  }

  /** Loads a GGUF file and starts an engine on it, with default configurations. */
  public static Engine start(Path file) {
    return start(file, EngineConfig.defaults());
  }

  /** Loads a GGUF file with {@link ModelConfig#defaults()} and starts an engine on it. */
  public static Engine start(Path file, EngineConfig config) {
    return start(file, ModelConfig.defaults(), config);
  }

  /**
   * Loads a GGUF file and starts an engine on it, which frees the model when it is closed.
   *
   * @throws ModelLoadException if the file can't be read or loaded, or the listener stops the load
   * @throws EngineStartException if the model can't generate, there is not enough memory, llama.cpp rejects the
   *     configuration, or the engine's own process dies
   * @throws NativeLibraryException if llama.cpp's libraries can't be loaded
   */
  public static Engine start(Path file, ModelConfig model, EngineConfig config) {
    return switch (config.isolation()) {
      case NONE -> LocalEngine.load(file, model, config, StepObserver.NONE);
      case PROCESS -> IsolatedEngine.launch(file, model, config);
    };
  }

  // ---- sessions ----

  /** Opens a new, empty session. It uses no engine resources until it generates. */
  public Session openSession() {
    return openSession(List.of());
  }

  /**
   * Opens a session that begins with these messages, such as a system message.
   *
   * @throws IsolationException if the engine has a process of its own
   * @see Session#say(String)
   */
  public abstract Session openSession(List<ChatMessage> messages);

  /**
   * Opens a session that begins with these tokens. Nothing is computed until it generates, and then only what the
   * engine does not have in the KV cache, in memory or on disk.
   *
   * @throws InvalidRequestException if an id is not in the vocabulary
   * @throws IsolationException if the engine has a process of its own
   */
  public abstract Session openSession(int[] tokens);

  /** Opens a session written by {@link Session#save}, without messages; see {@link #restoreSession(Path, List)}. */
  public Session restoreSession(Path file) {
    return restoreSession(file, List.of());
  }

  /**
   * Opens a session written by {@link Session#save}. Its KV state is kept like that of a finished generation, until it
   * is evicted.
   *
   * <p>The file must be signed with the engine's {@link EngineConfig#sessionKey}: a damaged or forged file is refused,
   * and so is one of another installation.
   *
   * @param messages the result of {@link Session#messages} when the session was saved, which the file does not contain.
   *     Without them the session can continue from tokens, but not by {@link Session#say(String)}
   * @throws SessionFileException if the file can't be read, which an interrupt ends, too; if it is damaged or not signed
   *     with this engine's key, or belongs to another model, other KV cache types or another version of llama.cpp; or if
   *     there is no key
   * @throws EngineClosedException if the engine is closed
   * @throws EngineFailedException if it has failed
   * @throws IsolationException if the engine has a process of its own
   */
  public abstract Session restoreSession(Path file, List<ChatMessage> messages);

  // ---- the engine ----

  /** The configuration in use: every {@link EngineConfig#AUTO} is replaced by the chosen number. */
  public abstract EngineConfig config();

  /** The maximum number of tokens of one generation, prompt and answer together. */
  public abstract int sequenceContextSize();

  /** Whether the engine accepts requests. Never throws and never waits. */
  public abstract EngineState state();

  /** The error that ended the engine; empty unless its state is {@link EngineState#FAILED}. */
  public abstract Optional<Throwable> failure();

  /** A snapshot of the engine's current load and of its counters since the start. Never waits. */
  public abstract EngineStats stats();

  /**
   * The generations that run or wait for a slot, the oldest first. Never waits. A request is here from when it is
   * admitted; that of an engine in a process of its own is, as far as this process has heard of it.
   */
  public abstract List<ActiveGeneration> generations();

  /**
   * Cancels a generation as {@link io.panallama.generation.Generation#cancel} does: its reader gets the tokens so far and
   * then the end, with {@link io.panallama.generation.FinishReason#CANCELLED}. Never waits.
   *
   * @param id from {@link #generations}
   * @return whether there was such a generation
   */
  public abstract boolean cancel(long id);

  /**
   * The model that the engine was started on. Its owner may have closed it; see {@link Model} for what still works
   * then.
   *
   * @throws IsolationException if the model is loaded only in the engine's own process; {@link #modelFacts} works there, too
   */
  public abstract Model model();

  /** The facts about the model. */
  public abstract ModelFacts modelFacts();

  /** {@link Model#recommendedSampling} of the model. */
  public abstract Sampling recommendedSampling();

  /** The native libraries that the engine uses. */
  public abstract NativeReport natives();

  /** The devices that the engine can use. */
  public abstract List<Device> devices();

  /** Ends every generation and frees the context, or ends the engine's process. Repeating it is harmless. */
  @Override
  public abstract void close();
}
