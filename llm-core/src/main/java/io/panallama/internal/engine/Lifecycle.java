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
 * The life of an engine thread, for the thread itself and for those who wait for it, wake it or end it. Any thread.
 *
 * <pre>
 *   RUNNING --requestClose--> CLOSED
 *      |                         |
 *      +--------failed-----------+--> FAILED
 * </pre>
 */
final class Lifecycle {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** Made in time: when the heap is full, readers must still be told. */
  private final GenerationException outOfMemory =
      new GenerationException(Reason.DECODE_FAILED, "The engine has failed, and no memory was left to say why.", null);

  private final CompletableFuture<Decoder> started = new CompletableFuture<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;
  private volatile @Nullable Thread thread;

  // ---- any thread ----

  /** Starts the thread and waits until its decoder is made; what making it throws is thrown here. */
  void start(Thread engineThread) {
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

  /** The decoder, of which other threads may call only what {@link Decoder} allows them. */
  Decoder decoder() {
    return started.join();
  }

  EngineState state() {
    if (failure != null) {
      return EngineState.FAILED;
    }
    return closing ? EngineState.CLOSED : EngineState.RUNNING;
  }

  /** What ended the engine; null unless it has failed. */
  @Nullable Throwable failure() {
    return failure;
  }

  /**
   * @throws EngineFailedException if the engine has failed
   * @throws EngineClosedException if it was closed
   */
  void requireRunning() {
    Throwable cause = failure;
    if (cause != null) {
      throw new EngineFailedException(cause);
    }
    if (closing) {
      throw new EngineClosedException();
    }
  }

  /** What readers are told whose generations the engine did not get to end. */
  GenerationException unserved() {
    Throwable cause = failure;
    try {
      return cause == null
          ? new GenerationException(Reason.ENGINE_CLOSED, "The engine was closed.", null)
          : new GenerationException(Reason.DECODE_FAILED, "The engine has failed: " + cause, cause);
    } catch (OutOfMemoryError none) {
      return outOfMemory;
    }
  }

  /** Makes the engine thread look at its intake and its sequences again. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** Ends the step that is being computed soon. */
  void requestAbort() {
    if (started.isDone() && !started.isCompletedExceptionally()) {
      started.join().requestAbort();
    }
  }

  /** Asks the thread to end, without waiting. */
  void requestClose() {
    closing = true;
    requestAbort();
    wake();
  }

  boolean isClosing() {
    return closing;
  }

  /** Whether the thread will not look into its intake any more. */
  boolean hasEnded() {
    return ended;
  }

  /** Waits for the end of the thread, however long that takes; an interrupt is kept for the caller. */
  void awaitEnd() {
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

  /** Waits for the end of the thread; false if {@code timeout} passed first. */
  boolean awaitEnd(Duration timeout) {
    try {
      return stopped.await(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  // ---- the engine thread ----

  /** The decoder is made. */
  void started(Decoder decoder) {
    started.complete(decoder);
  }

  /** The decoder could not be made; there is no engine. */
  void notStarted(Throwable cause) {
    closing = true;
    ended = true;
    stopped.countDown();
    started.completeExceptionally(cause);
  }

  /** An error ends the engine. The first one counts; it is logged. Throws nothing. */
  void failed(Throwable cause) {
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
      // Whoever still waits for the start must not wait for ever.
      started.completeExceptionally(cause);
    } catch (Throwable unlogged) {
      // Most likely the heap is full. The failure is kept, so state and requests tell of it.
      started.completeExceptionally(cause);
    }
  }

  /** From here on nobody looks into the intake but who adds to it. */
  void ended() {
    closing = true;
    ended = true;
  }

  /** The thread touches nothing any more. */
  void stopped() {
    stopped.countDown();
  }
}
