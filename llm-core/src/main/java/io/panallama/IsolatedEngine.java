package io.panallama;

import io.panallama.chat.ChatMessage;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.LoadListener;
import io.panallama.config.ModelConfig;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.IsolationException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationGroup;
import io.panallama.internal.engine.GroupSize;
import io.panallama.internal.request.RecommendedSampling;
import io.panallama.internal.schedule.Reservation;
import io.panallama.internal.worker.StartOrder;
import io.panallama.internal.worker.Supervisor;
import io.panallama.internal.worker.WorkerClient;
import io.panallama.internal.worker.WorkerFacts;
import io.panallama.observe.ActiveGeneration;
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
 * one: what {@link Engine#start(Path, EngineConfig)} returns for {@link Isolation#PROCESS}.
 *
 * <pre>{@code
 * EngineConfig config = EngineConfig.builder().isolation(Isolation.PROCESS).build();
 * try (Engine engine = Engine.start(Path.of("model.gguf"), config)) {
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
 * <p>What can't leave this process is refused: logit processors with {@link InvalidRequestException}, because they are code
 * of this process; {@linkplain Session sessions}, and {@link #model} unless the engine was started on a model, with
 * {@link IsolationException}. A conversation that is sent again as a whole reuses its prefix as in any engine.
 *
 * <p>Lifetime: from its start to {@link #close}; the process ends with this one, however this one ends; if this
 * one is killed, the kernel kills it (Linux with util-linux), or it ends when it finds its connection closed. It ignores the signals that end a program in order. If the
 * first process dies without saying why, two more are tried. Thread-safe.
 */
public final class IsolatedEngine extends Engine {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Path file;
  private final @Nullable Model model;
  private final EngineConfig config;
  private final Supervisor supervisor;
  private final WorkerClient client;
  private final WorkerFacts facts;
  private final Sampling recommended;
  private volatile WorkerClient.@Nullable Pieces pieces;

  private IsolatedEngine(Path file, @Nullable Model model, EngineConfig wanted, Supervisor supervisor) {
    this.file = file;
    this.model = model;
    this.supervisor = supervisor;
    this.client = supervisor.client();
    this.facts = supervisor.facts();
    this.config =
        facts.engine().config().toBuilder()
            .isolation(wanted.isolation())
            .isolationConfig(wanted.isolationConfig())
            .build();
    this.recommended = RecommendedSampling.of(facts.model().metadata());
  }

  /** Starts a process that loads the file of a model. */
  static IsolatedEngine launch(Model model, EngineConfig config) {
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    // Progress is that of the load which has been seen already.
    ModelConfig again = model.loaded().config().toBuilder().listener(LoadListener.NONE).build();
    return launch(model.path(), model, again, config);
  }

  /** Starts a process that loads a file, which nothing of this process does. */
  static IsolatedEngine launch(Path file, ModelConfig model, EngineConfig config) {
    return launch(file, null, model, config);
  }

  private static IsolatedEngine launch(Path file, @Nullable Model model, ModelConfig loading, EngineConfig config) {
    StartOrder order = new StartOrder(file.toAbsolutePath(), loading, config);
    String name = "panallama-supervisor-" + NUMBER.incrementAndGet();
    Supervisor supervisor = Supervisor.start(order, WorkerMain.class.getName(), name);
    return new IsolatedEngine(file, model, config, supervisor);
  }

  @Override
  public Generation generate(GenerationRequest request) {
    return client.generate(request, recommended);
  }

  /** Reserves capacity for all generations together; the process renders the request once for each. */
  @Override
  public GenerationGroup generateAll(GenerationRequest request, int n) {
    GroupSize.require(n, config);
    List<WorkerClient.Submission> submissions = new ArrayList<>();
    try (Reservation reservation = client.reserve(request, n)) {
      for (int choice = 0; choice < n; choice++) {
        submissions.add(client.submit(request.forChoice(choice), recommended, reservation));
      }
      return GenerationGroup.start(n, choice -> submissions.get(choice).accepted());
    } catch (Throwable failed) {
      submissions.forEach(WorkerClient.Submission::close);
      throw failed;
    }
  }

  @Override
  public String render(ChatRequest request) {
    return client.render(request);
  }

  @Override
  public int countTokens(GenerationRequest request) {
    return client.countTokens(request);
  }

  @Override
  public int countTokens(String text) {
    return client.countTokens(text);
  }

  @Override
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return client.tokenize(text, addSpecial, parseSpecial);
  }

  @Override
  public String detokenize(int... tokens) {
    return client.detokenize(tokens);
  }

  /** The process is asked once for all tokens. */
  @Override
  public byte[] tokenBytes(int token) {
    WorkerClient.Pieces all = pieces;
    if (all == null) {
      all = client.pieces();
      pieces = all;
    }
    return Arrays.copyOfRange(all.bytes(), all.offsets()[token], all.offsets()[token + 1]);
  }

  // ---- sessions ----

  /** Refused: a session's state is in the process of its engine. */
  @Override
  public Session openSession(List<ChatMessage> messages) {
    throw noSessions();
  }

  /** Refused, as {@link #openSession(List)}. */
  @Override
  public Session openSession(int[] tokens) {
    throw noSessions();
  }

  /** Refused, as {@link #openSession(List)}. */
  @Override
  public Session restoreSession(Path session, List<ChatMessage> messages) {
    throw noSessions();
  }

  private static IsolationException noSessions() {
    return new IsolationException(
        "An engine in a process of its own has no sessions. Send the whole conversation with each request, whose"
            + " computed prefix is reused, or start the engine with Isolation.NONE.");
  }

  // ---- the engine ----

  @Override
  public EngineConfig config() {
    return config;
  }

  @Override
  public int sequenceContextSize() {
    return facts.engine().sequenceContextSize();
  }

  @Override
  public Model model() {
    if (model == null) {
      throw new IsolationException(
          file
              + " is loaded only in the engine's own process. modelFacts() says what it is, and the engine itself"
              + " renders and tokenizes; start the engine on a Model to have one here.");
    }
    return model;
  }

  @Override
  public ModelFacts modelFacts() {
    return facts.model();
  }

  @Override
  public Sampling recommendedSampling() {
    return recommended;
  }

  /** The native libraries that the process uses. */
  @Override
  public NativeReport natives() {
    return facts.natives();
  }

  /** The devices that the process can use. */
  @Override
  public List<Device> devices() {
    return facts.devices();
  }

  @Override
  public EngineState state() {
    return supervisor.state();
  }

  @Override
  public Optional<Throwable> failure() {
    return supervisor.failure();
  }

  /** The counters of all processes since the start together; at most a fifth of a second old. */
  @Override
  public EngineStats stats() {
    return supervisor.stats();
  }

  @Override
  public List<ActiveGeneration> generations() {
    return client.generations();
  }

  @Override
  public boolean cancel(long id) {
    return client.cancel(id);
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
