package io.panallama.internal.worker;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.LoadListener;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.error.ModelLoadException;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs an engine, an embedder, a reranker or a classifier in a worker process and replaces the process when it dies;
 * generations go on from their tokens, and texts are computed again.
 *
 * <p>One thread starts workers, receives from them and handles their deaths; another one watches the clock
 * ({@link Watchdog}). Callers write to the worker themselves ({@link WorkerClient}). Lifetime: from {@link #start} to
 * {@link #close}. Thread-safe.
 */
public final class Supervisor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  /** This many starts in a row that are refused for a reason that will not go away by itself end the engine. */
  private static final int MOST_REFUSED_STARTS = 5;

  /** The first start is tried this often if processes die without saying why; somebody waits for it. */
  private static final int MOST_FIRST_STARTS = 3;

  /**
   * How long requests wait while no worker starts. After that they fail at each start that fails, so that a client learns of
   * an outage and not of its own time limit.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** 200 are what an idle worker on the demo model has ({@code VmData}); the rest is for the stacks of a chat template. */
  private static final int OWN_MEMORY_MIB = 800;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** How often a worker that is to end is looked at. */
  private static final Duration GLANCE = Duration.ofMillis(50);

  /** How long a worker may take to end in order. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private final Worker.Launcher launcher;
  private final StartOrder order;
  private final CrashReports reports;
  private final LoadListener listener;
  private final Duration patience;
  private final Status status = new Status();
  private final InFlight inFlight;
  private final @Nullable WorkerClient client;
  private final @Nullable TextClient texts;
  private final Thread thread;
  private final Thread watchdog;
  private final CompletableFuture<WorkerFacts> started = new CompletableFuture<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger restarts = new AtomicInteger();

  /** The counters of the workers that have died. */
  private volatile EngineStats past;

  private volatile @Nullable Life current;

  private Supervisor(
      Worker.Launcher launcher,
      StartOrder order,
      CrashReports reports,
      LoadListener listener,
      Duration patience,
      String name) {
    this.launcher = launcher;
    this.order = order;
    this.reports = reports;
    this.listener = listener;
    this.patience = patience;
    this.inFlight = InFlight.of(order.work(), status);
    int slots = 0;
    switch (order.work()) {
      case Workload.Generations(EngineConfig config) -> {
        slots = config.slots();
        this.client = new WorkerClient(inFlight, status, config.mailboxCapacity());
        this.texts = null;
      }
      case Workload.Texts(TextRole _, EmbedderConfig config) -> {
        this.client = null;
        this.texts = new TextClient(inFlight, status, config.queueLimit());
      }
    }
    this.past = new EngineStats(0, 0, slots, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    Watchdog watch = new Watchdog(order.work().isolation(), inFlight, () -> current, thread::isAlive);
    this.watchdog = Thread.ofPlatform().name(name + "-watchdog").daemon(true).unstarted(watch);
  }

  /**
   * Starts the first worker and waits until its engine runs.
   *
   * @param patience how long requests wait while no worker starts
   * @throws EngineStartException if workers die before; whatever keeps the model or the engine from starting is
   *     thrown as it would be in this process
   */
  static Supervisor start(
      Worker.Launcher launcher,
      StartOrder order,
      CrashReports reports,
      LoadListener listener,
      Duration patience,
      String name) {
    Supervisor supervisor = new Supervisor(launcher, order, reports, listener, patience, name);
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
    IsolationConfig limits = order.work().isolation();
    CrashReports reports = new CrashReports(limits.reports().orElseGet(CrashReports::usualFolder));
    Worker.Launcher launcher = new ProcessLauncher(mainClass, limits.memoryBytes());
    Supervisor supervisor = start(launcher, order, reports, order.model().listener(), PATIENCE, name);
    WorkerClient engine = supervisor.client;
    if (engine != null) {
      Thread.ofVirtual().name(name + "-rehearsal").start(() -> Rehearsal.run(engine));
    }
    return supervisor;
  }

  // ---- callers ----

  /** What its workers are asked through if they run an engine. */
  public WorkerClient client() {
    return Objects.requireNonNull(client, "client");
  }

  /** What its workers are asked through if they compute texts. */
  public TextClient texts() {
    return Objects.requireNonNull(texts, "texts");
  }

  /** What the worker said about its engine when it first ran. */
  public WorkerFacts facts() {
    return started.join();
  }

  /** Never waits, so that a server can tell at any time. */
  public EngineState state() {
    return status.state();
  }

  /** The error that ended the engine; empty unless its state is {@link EngineState#FAILED}. */
  public Optional<Throwable> failure() {
    return status.failure();
  }

  /** How many workers were replaced. */
  public int restarts() {
    return restarts.get();
  }

  /** The process id of the worker; 0 while there is none. */
  public long pid() {
    Life life = current;
    return life == null ? 0 : life.worker().pid();
  }

  /** The counters of all workers together, at most a fifth of a second old. */
  public EngineStats stats() {
    Life life = current;
    EngineStats now = life == null ? null : life.stats();
    EngineStats sum = now == null ? past : sum(past, now);
    int all = inFlight.count();
    int running = now == null ? 0 : Math.min(now.running(), all);
    return new EngineStats(
        running,
        Math.max(0, all - running),
        sum.slots(),
        sum.steps(),
        sum.promptTokens(),
        sum.generatedTokens(),
        sum.promptNanos(),
        sum.generationNanos(),
        sum.preemptions(),
        sum.cachedPromptTokens(),
        sum.restores(),
        sum.spilledBytes(),
        sum.diskBytes(),
        sum.detail());
  }

  private static EngineStats sum(EngineStats past, EngineStats now) {
    return new EngineStats(
        now.running(),
        now.waiting(),
        past.slots(),
        past.steps() + now.steps(),
        past.promptTokens() + now.promptTokens(),
        past.generatedTokens() + now.generatedTokens(),
        past.promptNanos() + now.promptNanos(),
        past.generationNanos() + now.generationNanos(),
        past.preemptions() + now.preemptions(),
        past.cachedPromptTokens() + now.cachedPromptTokens(),
        past.restores() + now.restores(),
        now.spilledBytes(),
        now.diskBytes(),
        past.detail().before(now.detail()));
  }

  // ---- the thread of the supervisor ----

  private void run() {
    IsolationConfig limits = order.work().isolation();
    int refusedStarts = 0;
    int quickDeaths = 0;
    long begun = System.nanoTime();
    long lastReady = begun;
    try {
      while (!isClosing()) {
        Past worker = runWorker();
        Life life = worker.life();
        current = null;
        if (isClosing()) {
          break;
        }
        RuntimeException why = buried(worker);
        refusedStarts = life != null && staysRefused(life.refusal()) ? refusedStarts + 1 : 0;
        quickDeaths = life != null && life.hasMoved() ? 0 : quickDeaths + 1;
        boolean over =
            started.isDone()
                ? refusedStarts >= MOST_REFUSED_STARTS
                : worker.hasSaidWhy(limits.memoryBytes())
                    || quickDeaths >= MOST_FIRST_STARTS
                    || System.nanoTime() - begun >= limits.loadLimit().toNanos();
        if (over) {
          if (started.isDone()) {
            LOG.log(System.Logger.Level.ERROR, "The engine has failed: no process can be started any more.", why);
          }
          status.failed(why);
          return;
        }
        if (life != null && life.isReady()) {
          lastReady = System.nanoTime();
        } else if (started.isDone() && System.nanoTime() - lastReady >= patience.toNanos()) {
          inFlight.abandonAll(
              new GenerationException(
                  GenerationException.Reason.ENGINE_RESTARTING,
                  "The engine's process died and has not started again since; it is tried on.",
                  why));
        }
        restarts.incrementAndGet();
        pause(started.isDone() ? quickDeaths : quickDeaths + 2);
        prepareRestart(limits.beforeRestart());
      }
    } catch (Throwable defect) {
      LOG.log(System.Logger.Level.ERROR, "The supervisor of a worker has failed.", defect);
      status.failed(defect);
    } finally {
      Life last = current;
      if (last != null) {
        last.worker().kill();
      }
      inFlight.abandonAll(status.unserved());
      started.completeExceptionally(status.failure().orElseGet(EngineClosedException::new));
    }
  }

  /**
   * A worker that has ended.
   *
   * @param life null if it was not connected
   * @param pid 0 if there was no process
   */
  private record Past(@Nullable Life life, long pid, Worker.Death death) {
    @Nullable RuntimeException refusal() {
      return life == null ? null : life.refusal();
    }

    /** Whether another one would end in the same way: it said why nothing can start, or a limit of its memory ended it. */
    boolean hasSaidWhy(long memoryBytes) {
      return refusal() != null || memoryBytes > 0 && death.outOfMemory();
    }
  }

  /** Starts a worker and stays with it until it has ended. */
  private Past runWorker() {
    try {
      Life life = new Life(launcher.launch());
      current = life;
      if (isClosing()) {
        // Whoever closes may not have seen it.
        life.worker().kill();
      }
      serve(life);
      if (life.verdict() != null) {
        life.worker().kill();
      }
      return new Past(life, life.worker().pid(), life.worker().awaitDeath());
    } catch (Worker.StillbornException died) {
      return new Past(null, died.pid(), died.death());
    } catch (IOException notStarted) {
      String how = "it could not be started: " + notStarted.getMessage();
      return new Past(null, 0, new Worker.Death(how, List.of(), null, false, false));
    }
  }

  /** Whether a worker was told that nothing can start, and waiting does not help: memory may become free. */
  private static boolean staysRefused(@Nullable RuntimeException refusal) {
    return refusal != null && !foundTooLittleMemory(refusal);
  }

  private static boolean foundTooLittleMemory(RuntimeException refusal) {
    return refusal instanceof EngineStartException start
        && start.reason() == EngineStartException.Reason.INSUFFICIENT_MEMORY;
  }

  /** Receives from a worker until the connection ends. */
  private void serve(Life life) {
    try {
      Output start = new Output().begin(FrameKind.START);
      order.write(start);
      Wire wire = life.worker().wire();
      wire.send(start.end());
      Wire.Frame frame;
      while ((frame = wire.receive()) != null) {
        life.hear();
        receive(life, frame.kind(), frame.values());
      }
    } catch (IOException end) {
      LOG.log(System.Logger.Level.DEBUG, "The connection to the worker has ended.", end);
    } catch (WireException broken) {
      life.broken(String.valueOf(broken.getMessage()));
    } catch (OutOfMemoryError none) {
      // A frame is lost, so this worker can't be followed any more; what it was doing goes on in the next one.
      life.condemnBlameless("the Java heap of the process that started it ran out of memory while it received from it");
    }
  }

  private void receive(Life life, FrameKind kind, Input in) {
    switch (kind) {
      case BEAT -> {
        life.beat(in.number(), in.number());
        if (in.flag()) {
          life.stats(EventCodec.stats(in));
        }
      }
      case PROGRESS -> {
        if (!started.isDone() && !listener.progress(in.real())) {
          life.refuse(
              new ModelLoadException(
                  ModelLoadException.Reason.CANCELLED, order.file(), "The listener stopped the load.", null));
        }
      }
      case READY -> ready(life, WorkerFacts.read(in));
      case FAILED -> {
        RuntimeException failed = FailureCodec.read(in);
        if (life.isReady()) {
          life.condemn("its engine has failed: " + failed.getMessage());
        } else {
          life.refuse(failed);
        }
      }
      default -> inFlight.receive(life, kind, in);
    }
  }

  private void ready(Life life, WorkerFacts facts) {
    WorkerFacts first = started.getNow(facts);
    if (!facts.isSameModel(first)) {
      life.refuse(new ModelFileChangedException(order.file(), order.file() + " holds another model now"));
      return;
    }
    life.ready();
    status.running();
    started.complete(facts);
    inFlight.attach(life);
  }

  /** Whether a worker could not start for lack of memory. What llama.cpp says of it is the message of a refusal. */
  private static boolean isOfMemory(RuntimeException refusal) {
    String message = String.valueOf(refusal.getMessage());
    return foundTooLittleMemory(refusal)
        || RemoteException.isOfMemory(refusal)
        || message.contains("failed to allocate");
  }

  /** Draws the consequences of a death; returns it as an exception. */
  private RuntimeException buried(Past worker) {
    Life life = worker.life();
    Worker.Death death = worker.death();
    String verdict = life == null ? null : life.verdict();
    String how = verdict == null ? death.how() : verdict;
    boolean foreign = life == null ? death.foreign() : life.isBlameless() || verdict == null && death.foreign();
    if (started.isDone()) {
      status.restarting();
    }
    Losses losses = Losses.none();
    if (life != null) {
      EngineStats last = life.stats();
      past = last == null ? past : sum(past, last);
      losses = inFlight.detach(life, foreign);
    }
    RuntimeException refusal = worker.refusal();
    long limit = order.work().isolation().memoryBytes();
    boolean noMemory = refusal == null ? death.outOfMemory() : isOfMemory(refusal);
    boolean tooLittle = limit > 0 && noMemory && !started.isDone();
    if (refusal != null && !tooLittle) {
      return refusal;
    }
    String report = reports.write(worker.pid(), how, death, losses.shapes(), losses.requests());
    LOG.log(System.Logger.Level.WARNING, "The worker of the engine has died: {0}. Report: {1}", how, report);
    if (!foreign) {
      inFlight.convict(losses, how, report);
    }
    if (tooLittle) {
      return new EngineStartException(
          EngineStartException.Reason.INSUFFICIENT_MEMORY,
          "memoryBytes is "
              + limit
              + " bytes, in which "
              + order.file()
              + " can't be started. A process needs about "
              + OWN_MEMORY_MIB
              + " MiB for itself, and the KV cache and the compute buffers of the model besides; 0 sets no limit."
              + " Report: "
              + report,
          refusal);
    }
    return new EngineStartException(
        EngineStartException.Reason.PROCESS_DIED,
        "The process that was to compute "
            + order.file()
            + " has died: "
            + how
            + (limit > 0 && !started.isDone()
                ? "; memoryBytes limits it to " + limit + " bytes, perhaps too little"
                : "")
            + ". Report: "
            + report,
        null);
  }

  private static void prepareRestart(Runnable beforeRestart) {
    try {
      beforeRestart.run();
    } catch (RuntimeException failed) {
      LOG.log(System.Logger.Level.WARNING, "What was to be done before a process is started again has failed.", failed);
    }
  }

  /** Waits before the next start, longer after each worker in a row that achieved nothing. */
  private void pause(int quickDeaths) {
    if (quickDeaths <= 1) {
      return;
    }
    long nanos = FIRST_PAUSE.toNanos() << Math.min(20, quickDeaths - 2);
    try {
      boolean over = closing.await(Math.min(nanos, LONGEST_PAUSE.toNanos()), TimeUnit.NANOSECONDS);
      LOG.log(System.Logger.Level.TRACE, "The pause has ended; closing: {0}", over);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the end ----

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  /** Ends every generation and the worker, and waits for it. Repeating it is harmless. */
  @Override
  public void close() {
    status.closed();
    closing.countDown();
    inFlight.abandonAll(status.unserved());
    Life life = current;
    if (life == null) {
      // Perhaps a worker is only starting.
      thread.interrupt();
    } else {
      bidFarewell(life);
    }
    ended(FAREWELL);
  }

  /** Asks a worker to end, and ends it itself if that takes long or it is stopped, and so would not even read the question. */
  private void bidFarewell(Life life) {
    long deadline = System.nanoTime() + FAREWELL.toNanos();
    boolean over = life.worker().isStopped();
    if (!over) {
      life.send(new Output(8).begin(FrameKind.CLOSE).end());
    }
    while (!over && !ended(GLANCE)) {
      over = Thread.currentThread().isInterrupted() || life.worker().isStopped() || System.nanoTime() >= deadline;
    }
    if (over) {
      life.worker().kill();
    }
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
