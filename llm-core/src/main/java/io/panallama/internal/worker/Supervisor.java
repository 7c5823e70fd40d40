package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.LoadListener;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.error.ModelLoadException;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs an engine in a worker process and replaces the process when it dies; generations go on from their tokens.
 *
 * <p>One thread starts workers, receives from them and handles their deaths; another one watches the clock
 * ({@link Watchdog}). Callers write to the worker themselves ({@link WorkerClient}). Lifetime: from {@link #start} to
 * {@link #close}. Thread-safe.
 */
public final class Supervisor implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  /** So many workers in a row that do not even start end the engine. */
  private static final int MOST_FAILED_STARTS = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** How long a worker may take to end in order. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private final Worker.Launcher launcher;
  private final StartOrder order;
  private final CrashReports reports;
  private final LoadListener listener;
  private final Status status = new Status();
  private final InFlight inFlight;
  private final WorkerClient client;
  private final Thread thread;
  private final Thread watchdog;
  private final CompletableFuture<WorkerFacts> started = new CompletableFuture<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger restarts = new AtomicInteger();

  /** The counters of the workers that have died. */
  private volatile EngineStats past;

  private volatile @Nullable Life current;

  private Supervisor(
      Worker.Launcher launcher, StartOrder order, CrashReports reports, LoadListener listener, String name) {
    EngineConfig config = order.engine();
    this.launcher = launcher;
    this.order = order;
    this.reports = reports;
    this.listener = listener;
    this.inFlight = new InFlight(config, status);
    this.client = new WorkerClient(inFlight, status, config.mailboxCapacity());
    this.past = new EngineStats(0, 0, config.slots(), 0, 0, 0, 0, 0, 0, 0, 0);
    this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    Watchdog watch =
        new Watchdog(config.isolationConfig(), inFlight, () -> current, () -> !isClosing() && thread.isAlive());
    this.watchdog = Thread.ofPlatform().name(name + "-watchdog").daemon(true).unstarted(watch);
  }

  /**
   * Starts the first worker and waits until its engine runs.
   *
   * @throws EngineStartException if the worker dies before; whatever keeps the model or the engine from starting is
   *     thrown as it would be in this process
   */
  static Supervisor start(
      Worker.Launcher launcher, StartOrder order, CrashReports reports, LoadListener listener, String name) {
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
    Thread.ofVirtual().name(name + "-rehearsal").start(() -> Rehearsal.run(supervisor.client));
    return supervisor;
  }

  // ---- callers ----

  /** What its workers are asked through. */
  public WorkerClient client() {
    return client;
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

  // ---- the thread of the supervisor ----

  private void run() {
    int failedStarts = 0;
    int quickDeaths = 0;
    try {
      while (!isClosing()) {
        Life life = null;
        Worker.Death death;
        try {
          life = new Life(launcher.launch());
          current = life;
          serve(life);
          if (life.verdict() != null) {
            life.worker().kill();
          }
          death = life.worker().awaitDeath();
        } catch (IOException notStarted) {
          death = new Worker.Death("it could not be started: " + notStarted, List.of(), null, false);
        }
        current = null;
        if (isClosing()) {
          break;
        }
        boolean wasReady = life != null && life.isReady();
        RuntimeException why = buried(life, death);
        failedStarts = wasReady ? 0 : failedStarts + 1;
        quickDeaths = life != null && life.hasMoved() ? 0 : quickDeaths + 1;
        if (!started.isDone() || failedStarts >= MOST_FAILED_STARTS) {
          status.failed(why);
          return;
        }
        restarts.incrementAndGet();
        pause(quickDeaths);
      }
    } catch (Throwable defect) {
      LOG.log(System.Logger.Level.ERROR, "The supervisor of a worker has failed.", defect);
      status.failed(defect);
    } finally {
      Life last = current;
      if (last != null) {
        last.worker().kill();
      }
      inFlight.abandonAll();
      started.completeExceptionally(status.failure().orElseGet(EngineClosedException::new));
    }
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

  /** Draws the consequences of a death; returns it as an exception. */
  private RuntimeException buried(@Nullable Life life, Worker.Death death) {
    String verdict = life == null ? null : life.verdict();
    String how = verdict == null ? death.how() : verdict;
    boolean foreign = life != null && (life.wasStopped() || verdict == null && death.foreign());
    if (started.isDone()) {
      status.restarting();
    }
    Losses losses = Losses.none();
    if (life != null) {
      EngineStats last = life.stats();
      past = last == null ? past : sum(past, last);
      losses = inFlight.detach(life, foreign);
      RuntimeException refusal = life.refusal();
      if (refusal != null) {
        return refusal;
      }
    }
    String report =
        reports.write(life == null ? 0 : life.worker().pid(), how, death, losses.shapes(), losses.requests());
    LOG.log(System.Logger.Level.WARNING, "The worker of the engine has died: {0}. Report: {1}", how, report);
    if (!foreign) {
      inFlight.convict(losses, how, report);
    }
    return new EngineStartException(
        EngineStartException.Reason.PROCESS_DIED,
        "The process that was to compute " + order.file() + " has died: " + how + ". Report: " + report,
        null);
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
    inFlight.abandonAll();
    Life life = current;
    if (life != null) {
      life.send(new Output(8).begin(FrameKind.CLOSE).end());
      if (!ended(FAREWELL)) {
        life.worker().kill();
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
