package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.error.Checks;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationGroup;
import io.panallama.internal.request.RecommendedSampling;
import io.panallama.internal.schedule.Reservation;
import io.panallama.internal.worker.StartOrder;
import io.panallama.internal.worker.Supervisor;
import io.panallama.internal.worker.WorkerFacts;
import io.panallama.observe.Device;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An engine whose model is loaded and computed in a process of its own, so that nothing that llama.cpp does ends this
 * one.
 *
 * <pre>{@code
 * try (IsolatedEngine engine = IsolatedEngine.start(Path.of("model.gguf"))) {
 *   System.out.println(engine.ask("What is a llama?"));
 * }
 * }</pre>
 *
 * <p>If the process dies, of an assertion, a signal, the kernel's out-of-memory killer or a step that does not end, it is
 * replaced. Requests wait meanwhile, and running generations continue from their tokens: nothing that was read is
 * repeated and nothing is lost. With greedy sampling the answer is the one that would have been given, to the extent that
 * {@link Sampling} guarantees it; other sampling keeps its seed and the position of its random numbers, except for
 * Mirostat, adaptive-p and a grammar that refused tokens. {@link io.panallama.generation.Timings#resumed} tells how often
 * that happened.
 *
 * <p>A request that kills the process twice in a row without getting further is tried alone; if the process dies of it
 * again, it fails with {@link GenerationException.Reason#ENGINE_KILLED}, and {@link #generate} throws the same for an
 * equal request for a while. The others go on. What is known about each death is written to a file.
 *
 * <p>Logit processors are refused, because they are code of this process. There are no {@linkplain Session sessions}; a
 * conversation that is sent again as a whole reuses its prefix as with {@link Engine}.
 *
 * <p>Lifetime: from {@link #start} to {@link #close}; the process ends with this one, however this one ends. Thread-safe.
 */
public final class IsolatedEngine implements TextGenerator, AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Path file;
  private final Supervisor supervisor;
  private final WorkerFacts facts;
  private final Sampling recommended;
  private volatile Supervisor.@Nullable Pieces pieces;

  private IsolatedEngine(Path file, Supervisor supervisor) {
    this.file = file;
    this.supervisor = supervisor;
    this.facts = supervisor.facts();
    this.recommended = RecommendedSampling.of(facts.metadata());
  }

  /** Starts with the default configurations. */
  public static IsolatedEngine start(Path file) {
    return start(file, ModelConfig.defaults(), EngineConfig.defaults(), IsolationConfig.defaults());
  }

  /**
   * Starts a process that loads a GGUF file and runs an engine on it.
   *
   * @throws ModelLoadException if the file can't be read or loaded, or the listener stops the load
   * @throws EngineStartException if the model can't generate, there is not enough memory, llama.cpp rejects the
   *     configuration, or the process dies
   * @throws NativeLibraryException if llama.cpp's libraries can't be loaded
   */
  public static IsolatedEngine start(Path file, ModelConfig model, EngineConfig engine, IsolationConfig isolation) {
    return start(file, model, engine, isolation, Optional.empty());
  }

  /**
   * The same on a machine with several NUMA nodes.
   *
   * @param numa how the process uses them; see {@link NativeRuntime#initializeNuma}
   */
  public static IsolatedEngine start(
      Path file, ModelConfig model, EngineConfig engine, IsolationConfig isolation, Optional<NumaStrategy> numa) {
    StartOrder order = new StartOrder(file.toAbsolutePath(), model, engine, numa);
    String name = "panallama-supervisor-" + NUMBER.incrementAndGet();
    return new IsolatedEngine(file, Supervisor.start(order, isolation, WorkerMain.class.getName(), name));
  }

  @Override
  public Generation generate(GenerationRequest request) {
    return supervisor.generate(request, recommended, null);
  }

  /** Reserves capacity for all generations together; the process renders the request once for each. */
  @Override
  public GenerationGroup generateAll(GenerationRequest request, int n) {
    EngineConfig config = facts.config();
    Checks.inRange("n", n, 1, Math.min(GenerationGroup.MAX_SIZE, config.slots() + config.queueLimit()));
    try (Reservation reservation = supervisor.reserve(n)) {
      List<Supervisor.Submission> submissions = new ArrayList<>();
      for (int choice = 0; choice < n; choice++) {
        submissions.add(supervisor.submit(request.forChoice(choice), recommended, reservation));
      }
      return GenerationGroup.start(n, choice -> submissions.get(choice).accepted());
    }
  }

  @Override
  public String render(ChatRequest request) {
    return supervisor.render(request);
  }

  @Override
  public int countTokens(GenerationRequest request) {
    return supervisor.countTokens(request);
  }

  @Override
  public int countTokens(String text) {
    return supervisor.countTokens(text);
  }

  @Override
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return supervisor.tokenize(text, addSpecial, parseSpecial);
  }

  @Override
  public String detokenize(int... tokens) {
    return supervisor.detokenize(tokens);
  }

  /** The process is asked once for all tokens. */
  @Override
  public byte[] tokenBytes(int token) {
    Supervisor.Pieces all = pieces;
    if (all == null) {
      all = supervisor.pieces();
      pieces = all;
    }
    return Arrays.copyOfRange(all.bytes(), all.offsets()[token], all.offsets()[token + 1]);
  }

  /** The configuration in use: every {@link EngineConfig#AUTO} is replaced by the chosen number. */
  public EngineConfig config() {
    return facts.config();
  }

  /** The maximum number of tokens of one generation, prompt and answer together. */
  public int sequenceContextSize() {
    return facts.sequenceContextSize();
  }

  /** The facts about the model. */
  public ModelFacts model() {
    return new ModelFacts(
        file,
        facts.name(),
        facts.description(),
        facts.architecture(),
        facts.parameterCount(),
        facts.sizeBytes(),
        facts.layerCount(),
        facts.embeddingSize(),
        facts.trainedContextSize(),
        facts.metadata(),
        facts.chatTemplate());
  }

  /** {@link Model#recommendedSampling} of the model. */
  public Sampling recommendedSampling() {
    return recommended;
  }

  /** The native libraries that the process uses. */
  public NativeReport natives() {
    return facts.natives();
  }

  /** The devices that the process can use. */
  public List<Device> devices() {
    return facts.devices();
  }

  /** Whether the engine accepts requests. Never throws and never waits. */
  public EngineState state() {
    return supervisor.state();
  }

  /** The error that ended the engine; empty unless its state is {@link EngineState#FAILED}. */
  public Optional<Throwable> failure() {
    return supervisor.failure();
  }

  /** The counters of all processes since the start together; at most a fifth of a second old. Never waits. */
  public EngineStats stats() {
    return supervisor.stats();
  }

  /** How many times the process was replaced. */
  public int restarts() {
    return supervisor.restarts();
  }

  /** The id of the process; 0 while it is being replaced. */
  public long pid() {
    return supervisor.pid();
  }

  /** Ends every generation and the process. Repeating it is harmless. */
  @Override
  public void close() {
    supervisor.close();
  }
}
