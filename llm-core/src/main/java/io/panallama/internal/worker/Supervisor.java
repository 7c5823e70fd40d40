package io.panallama.internal.worker;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.LoadListener;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.error.ModelLoadException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.schedule.Admission;
import io.panallama.internal.schedule.Reservation;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs an engine in a worker process and replaces the process when it dies; generations go on from their tokens.
 *
 * <p>One thread starts workers, receives from them and handles their deaths; another one watches the clock. Callers
 * write to the worker themselves. Lifetime: from {@link #start} to {@link #close}. Thread-safe.
 */
public final class Supervisor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  /** So many workers in a row that do not even start end the engine. */
  private static final int MOST_FAILED_STARTS = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration TICK = Duration.ofMillis(100);

  /** How long a worker may take to end in order. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  /** A machine whose steps are slow gets this many times its longest one. */
  private static final int PATIENCE = 10;

  private final Worker.Launcher launcher;
  private final StartOrder order;
  private final IsolationConfig limits;
  private final Admission admission;
  private final Refusals refusals;
  private final CrashReports reports;
  private final LoadListener listener;
  private final Thread thread;
  private final Thread watchdog;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, RemoteGeneration> generations = new ConcurrentHashMap<>();
  private final Map<Long, Asked> questions = new ConcurrentHashMap<>();
  private final CompletableFuture<WorkerFacts> started = new CompletableFuture<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition wakeUp = lock.newCondition();

  // ---- guarded by the lock ----

  private final Suspicion<RemoteGeneration> suspicion;
  // Read without it.

  private volatile EngineState state = EngineState.RUNNING;
  private volatile @Nullable Throwable failure;
  private volatile EngineStats past;

  private volatile @Nullable Life current;
  private volatile boolean closing;
  private final AtomicInteger restarts = new AtomicInteger();

  /** A worker from its start to its death. */
  static final class Life {
    private final Worker worker;
    private final long launched = System.nanoTime();
    private volatile long heard = launched;
    private volatile long beatAt = launched;
    private volatile long stepAge;
    private volatile long longestStep;
    private volatile @Nullable EngineStats stats;
    private volatile boolean ready;
    private volatile boolean moved;
    private volatile @Nullable String verdict;
    private volatile boolean stopped;
    private volatile @Nullable RemoteGeneration blamed;
    private volatile @Nullable RuntimeException refusal;

    Life(Worker worker) {
      this.worker = worker;
    }
  }

  /** A question whose answer a caller waits for. */
  private static final class Asked {
    private final byte[] frame;
    private final byte[] content;
    private final CompletableFuture<Input> answer = new CompletableFuture<>();

    // Guarded by the supervisor's lock.
    private @Nullable Life life;
    private int deaths;

    Asked(byte[] frame, byte[] content) {
      this.frame = frame;
      this.content = content;
    }

    Refusals.Key key() {
      return Refusals.key(content);
    }
  }

  private Supervisor(
      Worker.Launcher launcher,
      StartOrder order,
      CrashReports reports,
      LoadListener listener,
      String name) {
    EngineConfig config = order.engine();
    this.launcher = launcher;
    this.order = order;
    this.limits = config.isolationConfig();
    this.reports = reports;
    this.listener = listener;
    this.admission = new Admission(config.slots(), config.queueLimit());
    this.refusals = new Refusals(limits.refusal());
    this.suspicion = new Suspicion<>(config.slots());
    this.past = new EngineStats(0, 0, config.slots(), 0, 0, 0, 0, 0, 0, 0, 0);
    this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    this.watchdog = Thread.ofPlatform().name(name + "-watchdog").daemon(true).unstarted(this::watch);
  }

  /**
   * Starts the first worker and waits until its engine runs.
   *
   * @throws EngineStartException if the worker dies before; whatever keeps the model or the engine from starting is
   *     thrown as it would be in this process
   */
  static Supervisor start(
      Worker.Launcher launcher,
      StartOrder order,
      CrashReports reports,
      LoadListener listener,
      String name) {
    Supervisor supervisor = new Supervisor(launcher, order, reports, listener, name);
    supervisor.thread.start();
    supervisor.watchdog.start();
    try {
      supervisor.started.join();
      return supervisor;
    } catch (CompletionException failed) {
      supervisor.close();
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    }
  }

  /** Starts workers with the class path of this process. */
  public static Supervisor start(StartOrder order, String mainClass, String name) {
    IsolationConfig limits = order.engine().isolationConfig();
    CrashReports reports = new CrashReports(limits.reports().orElseGet(CrashReports::usualFolder));
    Worker.Launcher launcher = new ProcessLauncher(mainClass, limits.memoryBytes());
    Supervisor supervisor = start(launcher, order, reports, order.model().listener(), name);
    Thread.ofVirtual().name(name + "-rehearsal").start(() -> Rehearsal.run(supervisor));
    return supervisor;
  }

  // ---- callers ----

  /** What the worker said about its engine when it first ran. */
  public WorkerFacts facts() {
    return started.join();
  }

  /** Never waits, so that a server can tell at any time. */
  public EngineState state() {
    return state;
  }

  /** The error that ended the engine; empty unless its state is {@link EngineState#FAILED}. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /** How many workers were replaced. */
  public int restarts() {
    return restarts.get();
  }

  /** The process id of the worker; 0 while there is none. */
  public long pid() {
    Life life = current;
    return life == null ? 0 : life.worker.pid();
  }

  /** The counters of all workers together, at most a fifth of a second old. */
  public EngineStats stats() {
    Life life = current;
    EngineStats now = life == null ? null : life.stats;
    EngineStats sum = now == null ? past : sum(past, now);
    int inFlight = admission.inFlight();
    int running = now == null ? 0 : Math.min(now.running(), inFlight);
    return new EngineStats(
        running,
        Math.max(0, inFlight - running),
        sum.slots(),
        sum.steps(),
        sum.promptTokens(),
        sum.generatedTokens(),
        sum.preemptions(),
        sum.cachedPromptTokens(),
        sum.restores(),
        sum.spilledBytes(),
        sum.diskBytes());
  }

  private static EngineStats sum(EngineStats past, EngineStats now) {
    return new EngineStats(
        now.running(),
        now.waiting(),
        past.slots(),
        past.steps() + now.steps(),
        past.promptTokens() + now.promptTokens(),
        past.generatedTokens() + now.generatedTokens(),
        past.preemptions() + now.preemptions(),
        past.cachedPromptTokens() + now.cachedPromptTokens(),
        past.restores() + now.restores(),
        now.spilledBytes(),
        now.diskBytes());
  }

  /**
   * Reserves capacity for several generations, all or none.
   *
   * @throws io.panallama.error.EngineBusyException if the queue has too little room
   */
  public Reservation reserve(int count) {
    requireRunning();
    admission.enter(count);
    return new Reservation(admission, count);
  }

  /**
   * Sends a request to the worker and waits until it is accepted; while a worker is being replaced, it waits for the
   * next.
   *
   * @param recommended the sampling of requests that choose none
   * @throws GenerationException with {@link GenerationException.Reason#ENGINE_KILLED} if the request killed workers
   *     before; otherwise as {@code Engine.generate}
   */
  public Generation generate(GenerationRequest request, Sampling recommended, @Nullable Reservation reservation) {
    return submit(request, recommended, reservation).accepted();
  }

  /** A request on its way to the worker. */
  public static final class Submission {
    private final RemoteGeneration generation;

    private Submission(RemoteGeneration generation) {
      this.generation = generation;
    }

    /** Waits until the worker has accepted the request, or throws why it did not. */
    public Generation accepted() {
      generation.awaitAccepted();
      return generation;
    }
  }

  /** Sends a request to the worker, without waiting for its answer. */
  public Submission submit(GenerationRequest request, Sampling recommended, @Nullable Reservation reservation) {
    GenerationOptions options = request.options();
    if (options.processing().isPresent()) {
      throw new InvalidRequestException(
          "processing",
          name("processing")
              + " is a logit processor, Java code that can't run in the engine's own process; use an engine without"
              + " isolation for it.");
    }
    requireRunning();
    Sampling chosen = options.sampling().over(recommended);
    Supplier<Refusals.Key> key = () -> key(request, chosen);
    refusals.check(key);
    Output bytes = new Output();
    RequestCodec.write(bytes, request.with(options.toBuilder().sampling(seeded(chosen)).build()));
    long id = ids.incrementAndGet();
    RemoteGeneration generation =
        new RemoteGeneration(
            id,
            bytes.toBytes(),
            key,
            () -> RequestShape.of(request),
            deadline(options),
            options.topLogprobs() > 0,
            order.engine().mailboxCapacity(),
            this);
    if (reservation == null) {
      admission.enter();
    } else {
      reservation.use();
    }
    generations.put(id, generation);
    lock.lock();
    try {
      if (state == EngineState.CLOSED || state == EngineState.FAILED) {
        generation.fail(unserved());
        remove(generation);
        requireRunning();
      }
      sendIfAllowed(generation);
    } finally {
      lock.unlock();
    }
    return new Submission(generation);
  }

  /** What makes a request the same one again: everything but the time, and a seed that is drawn anew. */
  private static Refusals.Key key(GenerationRequest request, Sampling chosen) {
    Output bytes = new Output();
    RequestCodec.write(
        bytes, request.with(request.options().toBuilder().sampling(chosen).noTimeLimit().noDeadline().build()));
    return Refusals.key(bytes.toBytes());
  }

  /** A worker that continues a generation must draw the same random numbers. */
  private static Sampling seeded(Sampling sampling) {
    return sampling.seed() == Sampling.RANDOM_SEED
        ? sampling.toBuilder().seed(ThreadLocalRandom.current().nextLong(Sampling.RANDOM_SEED)).build()
        : sampling;
  }

  public String render(ChatRequest request) {
    return ask(
        out -> {
          out.put(Question.RENDER);
          RequestCodec.write(out, request.with(withoutProcessor(request.options())));
        },
        Input::text);
  }

  public int countTokens(GenerationRequest request) {
    return ask(
        out -> {
          out.put(Question.COUNT_REQUEST);
          RequestCodec.write(out, request.with(withoutProcessor(request.options())));
        },
        Input::integer);
  }

  public int countTokens(String text) {
    return ask(out -> out.put(Question.COUNT_TEXT).put(text), Input::integer);
  }

  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return ask(out -> out.put(Question.TOKENIZE).put(text).put(addSpecial).put(parseSpecial), Input::integers);
  }

  public String detokenize(int[] tokens) {
    return ask(out -> out.put(Question.DETOKENIZE).put(tokens), Input::text);
  }

  /** Has a request written, sent, read and answered with events that are read, for {@link Rehearsal}. */
  void rehearse(GenerationRequest request) {
    ask(
        out -> {
          out.put(Question.REHEARSE);
          RequestCodec.write(out, request);
        },
        in -> in.list(EventCodec::read));
  }

  /** Whether it runs and has no request. */
  boolean isIdle() {
    return state == EngineState.RUNNING && admission.inFlight() == 0;
  }

  private static GenerationOptions withoutProcessor(GenerationOptions options) {
    return options.toBuilder().noProcessing().build();
  }

  /** The bytes of every token. */
  public Pieces pieces() {
    return ask(out -> out.put(Question.PIECES), in -> new Pieces(in.bytes(), in.integers()));
  }

  /**
   * The bytes of every token.
   *
   * @param offsets one more than there are tokens
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  public record Pieces(byte[] bytes, int[] offsets) {}

  private <T> T ask(Consumer<Output> question, Function<Input, T> answer) {
    requireRunning();
    long id = ids.incrementAndGet();
    Output writer = new Output();
    question.accept(writer);
    byte[] content = writer.toBytes();
    Asked asked = new Asked(new Output().begin(FrameKind.CALL).put(id).raw(content).end().toBytes(), content);
    refusals.check(asked::key);
    questions.put(id, asked);
    lock.lock();
    try {
      sendIfAllowed(asked);
    } finally {
      lock.unlock();
    }
    try {
      return answer.apply(asked.answer.join());
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    } finally {
      questions.remove(id);
    }
  }

  private void requireRunning() {
    if (state == EngineState.CLOSED) {
      throw new EngineClosedException();
    }
    if (state == EngineState.FAILED) {
      Throwable why = failure;
      throw new EngineFailedException(why == null ? new IllegalStateException("unknown") : why);
    }
  }

  /** The earlier of time limit and deadline, in nanoseconds of {@link System#nanoTime}. */
  private static long deadline(GenerationOptions options) {
    long left = options.timeLimit().map(TimeUnit.NANOSECONDS::convert).orElse(Long.MAX_VALUE);
    left =
        Math.min(
            left,
            options
                .deadline()
                .map(at -> TimeUnit.NANOSECONDS.convert(Duration.between(Instant.now(), at)))
                .orElse(Long.MAX_VALUE));
    return left > Long.MAX_VALUE / 4 ? Long.MAX_VALUE : System.nanoTime() + Math.max(0, left);
  }

  // ---- readers ----

  /** The reader of a generation has room for more events. */
  void credit(RemoteGeneration generation, int events) {
    send(generation, new Output(32).begin(FrameKind.CREDIT).put(generation.id()).put(events).end());
  }

  /** The reader of a generation wants no more. */
  void cancel(RemoteGeneration generation) {
    boolean waits;
    lock.lock();
    try {
      waits = generation.life() == null && generations.containsKey(generation.id());
      if (waits) {
        generation.finish(FinishReason.CANCELLED);
        remove(generation);
      }
    } finally {
      lock.unlock();
    }
    if (!waits) {
      send(generation, new Output(32).begin(FrameKind.CANCEL).put(generation.id()).end());
    }
  }

  private void send(RemoteGeneration generation, Output frame) {
    Life life = current;
    if (life != null && generations.containsKey(generation.id())) {
      send(life, frame);
    }
  }

  private static void send(Life life, Output frame) {
    try {
      life.worker.wire().send(frame);
    } catch (IOException dead) {
      // The thread that receives finds the end of the connection, and what is not answered is sent to the next worker.
      LOG.log(System.Logger.Level.TRACE, "A frame did not reach the worker.", dead);
    }
  }

  /** Sends a generation to the worker unless the worker has it, or others are tried without it. Under the lock. */
  private void sendIfAllowed(RemoteGeneration generation) {
    Life life = current;
    if (life == null || !life.ready || generation.life() == life || generation.hasEnded()) {
      return;
    }
    Set<RemoteGeneration> trial = suspicion.trial();
    if (trial == null || trial.contains(generation)) {
      generation.life(life);
      Output out = new Output();
      generation.writeSubmission(out);
      send(life, out);
    }
  }

  private void sendIfAllowed(Asked asked) {
    Life life = current;
    if (life != null && life.ready && asked.life != life && suspicion.trial() == null) {
      asked.life = life;
      Output out = new Output();
      send(life, out.raw(asked.frame));
    }
  }

  /** Sends everything that may run and does not, the oldest first. Under the lock. */
  private void sendAll() {
    List<RemoteGeneration> all = new ArrayList<>(generations.values());
    all.sort(Comparator.comparingLong(RemoteGeneration::id));
    for (RemoteGeneration generation : all) {
      if (generation.isCancelled() && generation.life() == null) {
        generation.finish(FinishReason.CANCELLED);
        remove(generation);
      } else {
        sendIfAllowed(generation);
      }
    }
    questions.values().forEach(this::sendIfAllowed);
  }

  /** Forgets a generation that has ended. */
  private void remove(RemoteGeneration generation) {
    if (generations.remove(generation.id()) != null) {
      admission.leave(generation.age());
      lock.lock();
      try {
        if (!suspicion.isIdle() && suspicion.ended(generation)) {
          sendAll();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  // ---- the thread of the supervisor ----

  private void run() {
    int failedStarts = 0;
    int quickDeaths = 0;
    try {
      while (!closing) {
        Life life = null;
        Worker.Death death;
        try {
          life = new Life(launcher.launch());
          current = life;
          serve(life);
          if (life.verdict != null) {
            life.worker.kill();
          }
          death = life.worker.awaitDeath();
        } catch (IOException notStarted) {
          death = new Worker.Death("it could not be started: " + notStarted, List.of(), null, false);
        }
        current = null;
        if (closing) {
          break;
        }
        boolean wasReady = life != null && life.ready;
        RuntimeException why = buried(life, death);
        failedStarts = wasReady ? 0 : failedStarts + 1;
        quickDeaths = life != null && life.moved ? 0 : quickDeaths + 1;
        if (!started.isDone() || failedStarts >= MOST_FAILED_STARTS) {
          fail(why);
          return;
        }
        restarts.incrementAndGet();
        pause(quickDeaths);
      }
    } catch (Throwable defect) {
      LOG.log(System.Logger.Level.ERROR, "The supervisor of a worker has failed.", defect);
      fail(defect);
    } finally {
      Life last = current;
      if (last != null) {
        last.worker.kill();
      }
      abandonAll();
    }
  }

  /** Receives from a worker until the connection ends. */
  private void serve(Life life) {
    try {
      Output start = new Output().begin(FrameKind.START);
      order.write(start);
      life.worker.wire().send(start.end());
      Wire.Frame frame;
      while ((frame = life.worker.wire().receive()) != null) {
        life.heard = System.nanoTime();
        receive(life, frame.kind(), frame.values());
      }
    } catch (IOException end) {
      LOG.log(System.Logger.Level.DEBUG, "The connection to the worker has ended.", end);
    } catch (WireException broken) {
      life.verdict = broken.getMessage();
    }
  }

  private void receive(Life life, FrameKind kind, Input in) {
    switch (kind) {
      case EVENTS -> events(life, in);
      case ACCEPTED -> {
        RemoteGeneration generation = generations.get(in.number());
        if (generation != null) {
          generation.accepted(in.integer());
          progress(generation);
        }
      }
      case REFUSED -> {
        RemoteGeneration generation = generations.get(in.number());
        if (generation != null) {
          generation.refused(FailureCodec.read(in));
          remove(generation);
        }
      }
      case BROKEN -> {
        RemoteGeneration generation = generations.get(in.number());
        if (generation != null) {
          RuntimeException failed = FailureCodec.read(in);
          generation.fail(
              failed instanceof GenerationException typed
                  ? typed
                  : new GenerationException(
                      GenerationException.Reason.DECODE_FAILED, String.valueOf(failed.getMessage()), failed));
          remove(generation);
        }
      }
      case RESULT -> {
        Asked asked = questions.get(in.number());
        if (asked != null) {
          if (in.flag()) {
            asked.answer.complete(new Input(in.rest()));
          } else {
            asked.answer.completeExceptionally(FailureCodec.read(in));
          }
        }
      }
      case BEAT -> {
        life.stepAge = in.number();
        life.longestStep = in.number();
        life.beatAt = System.nanoTime();
        if (in.flag()) {
          life.stats = EventCodec.stats(in);
        }
      }
      case PROGRESS -> {
        if (!started.isDone() && !listener.progress(in.real())) {
          life.refusal =
              new ModelLoadException(
                  ModelLoadException.Reason.CANCELLED, order.file(), "The listener stopped the load.", null);
          life.worker.kill();
        }
      }
      case READY -> ready(life, WorkerFacts.read(in));
      case FAILED -> {
        RuntimeException failed = FailureCodec.read(in);
        if (life.ready) {
          condemn(life, "its engine has failed: " + failed.getMessage());
        } else {
          life.refusal = failed;
          life.worker.kill();
        }
      }
      default -> throw new WireException("a supervisor got a frame of kind " + kind);
    }
  }

  private void ready(Life life, WorkerFacts facts) {
    WorkerFacts first = started.getNow(facts);
    if (!facts.isSameModel(first)) {
      life.refusal = new ModelFileChangedException(order.file(), order.file() + " holds another model now");
      life.worker.kill();
      return;
    }
    lock.lock();
    try {
      life.ready = true;
      if (state == EngineState.RESTARTING) {
        state = EngineState.RUNNING;
      }
      started.complete(facts);
      sendAll();
    } finally {
      lock.unlock();
    }
  }

  private void events(Life life, Input in) {
    RemoteGeneration generation = generations.get(in.number());
    if (generation == null) {
      return;
    }
    int[] tokens = in.integers();
    List<GenerationEvent> events = in.list(EventCodec::read);
    int skipped = generation.take(tokens, events);
    if (tokens.length > 0) {
      life.moved = true;
    }
    if (generation.hasEnded()) {
      remove(generation);
    } else {
      if (skipped > 0) {
        credit(generation, skipped);
      }
      progress(generation);
    }
  }

  /** A generation got further: it is not the one that kills. */
  private void progress(RemoteGeneration generation) {
    lock.lock();
    try {
      if (!suspicion.isIdle() && suspicion.moved(generation, generation.position())) {
        sendAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Draws the consequences of a death; returns it as an exception. */
  private RuntimeException buried(@Nullable Life life, Worker.Death death) {
    RuntimeException refusal = life == null ? null : life.refusal;
    String verdict = life == null ? null : life.verdict;
    String how = verdict == null ? death.how() : verdict;
    lock.lock();
    try {
      if (state == EngineState.RUNNING && started.isDone()) {
        state = EngineState.RESTARTING;
      }
      if (life != null && life.stats != null) {
        past = sum(past, life.stats);
      }
      Map<RemoteGeneration, Long> inFlight = new LinkedHashMap<>();
      List<RemoteGeneration> all = new ArrayList<>(generations.values());
      all.sort(Comparator.comparingLong(RemoteGeneration::id));
      List<String> shapes = new ArrayList<>();
      List<byte[]> requests = new ArrayList<>();
      RemoteGeneration blamed = life == null ? null : life.blamed;
      boolean foreign = life != null && (life.stopped || verdict == null && death.foreign());
      for (RemoteGeneration generation : all) {
        if (life != null && generation.life() == life) {
          shapes.add(generation.description());
          requests.add(generation.request());
          if (blamed == null || blamed == generation) {
            inFlight.put(generation, generation.position());
          }
          generation.life(null);
        }
      }
      for (Asked asked : questions.values()) {
        if (life != null && asked.life == life) {
          asked.life = null;
          asked.deaths += foreign ? 0 : 1;
          requests.add(asked.frame);
        }
      }
      if (refusal != null) {
        return refusal;
      }
      String report = reports.write(life == null ? 0 : life.worker.pid(), how, death, shapes, requests);
      LOG.log(System.Logger.Level.WARNING, "The worker of the engine has died: {0}. Report: {1}", how, report);
      if (!foreign) {
        convict(inFlight, how, report);
      }
      return new EngineStartException(
          EngineStartException.Reason.PROCESS_DIED,
          "The process that was to compute " + order.file() + " has died: " + how + ". Report: " + report,
          null);
    } finally {
      lock.unlock();
    }
  }

  private void convict(Map<RemoteGeneration, Long> inFlight, String how, String report) {
    for (RemoteGeneration guilty : suspicion.died(inFlight)) {
      refusals.add(guilty.key(), report);
      guilty.fail(killed(how, report));
      remove(guilty);
    }
    for (Asked asked : questions.values()) {
      if (asked.deaths >= 2) {
        refusals.add(asked.key(), report);
        asked.answer.completeExceptionally(killed(how, report));
      }
    }
  }

  private static GenerationException killed(String how, String report) {
    return new GenerationException(
        GenerationException.Reason.ENGINE_KILLED,
        "The engine's process has died of this request, again when it was tried alone: " + how + ". Report: " + report,
        null);
  }

  /** Waits before the next start, longer after each worker in a row that achieved nothing. */
  private void pause(int quickDeaths) {
    if (quickDeaths <= 1) {
      return;
    }
    long nanos = FIRST_PAUSE.toNanos() << Math.min(20, quickDeaths - 2);
    nanos = Math.min(nanos, LONGEST_PAUSE.toNanos());
    lock.lock();
    try {
      while (nanos > 0 && !closing) {
        nanos = wakeUp.awaitNanos(nanos);
      }
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void fail(Throwable why) {
    lock.lock();
    try {
      if (state != EngineState.CLOSED) {
        state = EngineState.FAILED;
        failure = why;
      }
    } finally {
      lock.unlock();
    }
    started.completeExceptionally(why);
  }

  private GenerationException unserved() {
    Throwable why = failure;
    return why == null
        ? new GenerationException(GenerationException.Reason.ENGINE_CLOSED, "The engine was closed.", null)
        : new GenerationException(GenerationException.Reason.DECODE_FAILED, "The engine has failed: " + why, why);
  }

  private void abandonAll() {
    lock.lock();
    try {
      GenerationException why = unserved();
      for (RemoteGeneration generation : generations.values()) {
        generation.fail(why);
        remove(generation);
      }
      questions.values().forEach(asked -> asked.answer.completeExceptionally(why));
    } finally {
      lock.unlock();
    }
    started.completeExceptionally(new EngineClosedException());
  }

  // ---- the watchdog ----

  private void watch() {
    long last = System.nanoTime();
    try {
      while (!closing && thread.isAlive()) {
        Thread.sleep(TICK);
        long now = System.nanoTime();
        Life life = current;
        if (life != null) {
          if (now - last > 10 * TICK.toNanos()) {
            // This process itself did not run, perhaps because the machine slept: the worker may not have either.
            life.heard = now;
            life.beatAt = now;
          }
          check(life, now);
        }
        last = now;
        endOverdue(now);
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private void check(Life life, long now) {
    long silent = now - life.heard;
    long step = life.stepAge == 0 ? 0 : life.stepAge + now - life.beatAt;
    long stepLimit = Math.max(limits.stepLimit().toNanos(), PATIENCE * life.longestStep);
    if (silent > limits.silenceLimit().toNanos()) {
      life.stopped = life.worker.isStopped();
      condemn(life, "it has not said that it is alive for " + seconds(silent));
    } else if (!life.ready && now - life.launched > limits.loadLimit().toNanos()) {
      condemn(life, "it has not loaded the model in " + seconds(now - life.launched));
    } else if (life.ready && step > stepLimit) {
      condemn(life, "a step has taken " + seconds(step));
    } else {
      for (RemoteGeneration generation : generations.values()) {
        long preparing = generation.preparing(now);
        if (preparing > stepLimit && life.verdict == null) {
          life.blamed = generation;
          condemn(life, "the preparation of a request has taken " + seconds(preparing));
        }
      }
    }
  }

  private static String seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos) / 1000.0 + " s";
  }

  private static void condemn(Life life, String why) {
    if (life.verdict == null) {
      life.verdict = why;
    }
    life.worker.kill();
  }

  /** Ends what waits for a worker beyond its time. The workers themselves end what they have. */
  private void endOverdue(long now) {
    for (RemoteGeneration generation : generations.values()) {
      if (generation.deadline() != Long.MAX_VALUE && now - generation.deadline() > 0) {
        lock.lock();
        try {
          if (generation.life() == null) {
            generation.finish(FinishReason.TIME_LIMIT);
            remove(generation);
          }
        } finally {
          lock.unlock();
        }
      }
    }
  }

  // ---- the end ----

  /** Ends every generation and the worker, and waits for it. Repeating it is harmless. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (state != EngineState.FAILED) {
        state = EngineState.CLOSED;
      }
      closing = true;
      wakeUp.signalAll();
    } finally {
      lock.unlock();
    }
    abandonAll();
    Life life = current;
    if (life != null) {
      send(life, new Output(8).begin(FrameKind.CLOSE).end());
      if (!ended(FAREWELL)) {
        life.worker.kill();
      }
    }
    ended(FAREWELL);
  }

  /** Waits for the supervisor's thread; an interrupt is kept for the caller. */
  private boolean ended(Duration limit) {
    try {
      return Thread.currentThread() == thread || thread.join(limit);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
