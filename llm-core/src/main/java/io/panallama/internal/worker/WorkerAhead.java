package io.panallama.internal.worker;

import io.panallama.internal.worker.ProcessLauncher.RunningWorker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A worker that is started before it is known what it is to run; it gets its order over its connection. The next supervisor
 * that needs such a worker takes it over. There is at most one that nothing has taken over. Thread-safe.
 */
public final class WorkerAhead implements AutoCloseable {
  /** The one that nothing has taken over. */
  private static @Nullable WorkerAhead waiting;

  /** How long the end of one is waited for; the end of this process kills what is left. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final ProcessLauncher launcher;
  private final List<String> program;
  private final CompletableFuture<RunningWorker> worker = new CompletableFuture<>();

  /** The kernel kills the worker when this thread ends, so it lives as long. */
  private final Thread thread = Thread.ofPlatform().name("panallama-worker-ahead").daemon(true).unstarted(this::run);

  private WorkerAhead(ProcessLauncher launcher) {
    this.launcher = launcher;
    this.program = launcher.program();
  }

  /**
   * Starts a worker and does not wait for it. If it can't be started, whoever takes it over learns why.
   *
   * @param mainClass a class of this module, whose only argument is the path of the socket
   * @param memoryBytes how much memory the worker may allocate; 0 for no limit
   * @return the one that waits already if it is such a one; another one is ended
   */
  public static WorkerAhead start(String mainClass, long memoryBytes) {
    WorkerAhead ahead = new WorkerAhead(new ProcessLauncher(mainClass, memoryBytes));
    WorkerAhead previous;
    synchronized (WorkerAhead.class) {
      previous = waiting;
      if (previous != null && previous.program.equals(ahead.program)) {
        return previous;
      }
      waiting = ahead;
    }
    ahead.thread.start();
    if (previous != null) {
      previous.end();
    }
    return ahead;
  }

  /** The one that waits, which is the caller's from now on; null if there is none. */
  static synchronized @Nullable WorkerAhead take() {
    WorkerAhead taken = waiting;
    waiting = null;
    return taken;
  }

  /** Whether this one waited, so that nothing can take it over any more. */
  private static synchronized boolean withdraw(WorkerAhead ahead) {
    boolean waited = waiting == ahead;
    waiting = waited ? null : waiting;
    return waited;
  }

  private void run() {
    try {
      RunningWorker running = launcher.launchNow();
      if (worker.complete(running)) {
        running.awaitExit();
      } else {
        running.kill();
        running.awaitDeath();
      }
    } catch (Throwable notStarted) {
      worker.completeExceptionally(notStarted);
    }
  }

  /** What it was started with. */
  List<String> program() {
    return program;
  }

  /**
   * Waits until it is connected. An interrupt ends it.
   *
   * @throws IOException as {@link Worker.Launcher#launch} does
   */
  Worker await() throws IOException {
    try {
      return worker.get();
    } catch (InterruptedException interrupt) {
      end();
      Thread.currentThread().interrupt();
      throw new IOException("its start was interrupted", interrupt);
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case IOException notStarted -> throw notStarted;
        case RuntimeException defect -> throw defect;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }

  /** Ends it and waits until nothing of it is left. Repeating it is harmless. An interrupt is kept for the caller. */
  void end() {
    if (worker.cancel(false)) {
      thread.interrupt();
    } else if (!worker.isCompletedExceptionally()) {
      RunningWorker running = worker.join();
      running.kill();
      running.awaitDeath();
    }
    try {
      thread.join(PATIENCE);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends it if nothing has taken it over. Repeating it is harmless. */
  @Override
  public void close() {
    if (withdraw(this)) {
      end();
    }
  }
}
