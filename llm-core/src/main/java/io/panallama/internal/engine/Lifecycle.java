package io.panallama.internal.engine;

import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.internal.decode.Decoder;
import io.panallama.observe.EngineState;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The life of an engine thread, for the thread itself and for threads that wait for it, wake it or end it. Thread-safe.
 *
 * <pre>
 *   RUNNING --requestClose--> CLOSED
 *      |                         |
 *      +--------failed-----------+--> FAILED
 * </pre>
 */
public final class Lifecycle {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** Created in advance: readers must be told even when the heap is full. */
  private final GenerationException outOfMemory =
      new GenerationException(Reason.ENGINE_FAILED, "The engine has failed, and no memory was left to say why.", null);

  private final CompletableFuture<Decoder> started = new CompletableFuture<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;
  private volatile @Nullable Thread thread;

  // ---- any thread ----

  /** Starts the thread and waits until its decoder is created; a failure to create it is thrown here. */
  public void start(Thread engineThread) {
    thread = engineThread;
    engineThread.start();
    try {
      started.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw failed;
    }
  }

  /** The decoder; other threads may call only the methods that {@link Decoder} allows them. */
  public Decoder decoder() {
    return started.join();
  }

  public EngineState state() {
    if (failure != null) {
      return EngineState.FAILED;
    }
    return closing ? EngineState.CLOSED : EngineState.RUNNING;
  }

  /** The error that ended the engine; null unless it has failed. */
  public @Nullable Throwable failure() {
    return failure;
  }

  /**
   * @throws EngineFailedException if the engine has failed
   * @throws EngineClosedException if it was closed
   */
  public void requireRunning() {
    Throwable cause = failure;
    if (cause != null) {
      throw new EngineFailedException(cause);
    }
    if (closing) {
      throw new EngineClosedException();
    }
  }

  /** The failure for readers whose generations the engine could not finish. */
  GenerationException unserved() {
    Throwable cause = failure;
    try {
      return cause == null
          ? new GenerationException(Reason.ENGINE_CLOSED, "The engine was closed.", null)
          : new GenerationException(Reason.ENGINE_FAILED, "The engine has failed: " + cause, cause);
    } catch (OutOfMemoryError none) {
      return outOfMemory;
    }
  }

  /** Makes the engine thread check its intake and its sequences again. */
  public void wake() {
    LockSupport.unpark(thread);
  }

  /** Makes the step that is being computed end soon. */
  void requestAbort() {
    if (started.isDone() && !started.isCompletedExceptionally()) {
      started.join().requestAbort();
    }
  }

  /** Asks the thread to end, without waiting. */
  public void requestClose() {
    closing = true;
    requestAbort();
    wake();
  }

  public boolean isClosing() {
    return closing;
  }

  /** Whether the thread no longer looks at its intake. */
  boolean hasEnded() {
    return ended;
  }

  /** Waits for the thread to end, however long that takes; an interrupt is kept for the caller. */
  public void awaitEnd() {
    boolean interrupted = false;
    while (true) {
      try {
        stopped.await();
        break;
      } catch (InterruptedException interrupt) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the thread to end; returns false if {@code timeout} passed first. */
  boolean awaitEnd(Duration timeout) {
    try {
      return stopped.await(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  // ---- the engine thread ----

  /** Records that the decoder is created. */
  public void started(Decoder decoder) {
    started.complete(decoder);
  }

  /** Records that the decoder could not be created, so there is no engine. */
  public void notStarted(Throwable cause) {
    closing = true;
    ended = true;
    stopped.countDown();
    started.completeExceptionally(cause);
  }

  /** Records the error that ends the engine. The first one counts; it is logged. Throws nothing. */
  public void failed(Throwable cause) {
    closing = true;
    boolean first = failure == null;
    if (first) {
      failure = cause;
    }
    try {
      LOG.log(
          System.Logger.Level.ERROR,
          first ? "The engine has failed." : "While the engine ended after an error, another one followed.",
          cause);
      // A caller that still waits for the start must not wait forever.
      started.completeExceptionally(cause);
    } catch (Throwable unlogged) {
      // Most likely the heap is full. The failure is recorded, so the state and later requests report it.
      started.completeExceptionally(cause);
    }
  }

  /**
   * Records that the thread no longer looks at the intake; from here on a caller that adds to it must fail what it
   * added.
   */
  public void ended() {
    closing = true;
    ended = true;
  }

  /** Records that the thread touches nothing any more. */
  public void stopped() {
    stopped.countDown();
  }
}
