package io.panallama.search;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A step that may take long, on a thread of its own, which is interrupted when it is to stop. */
final class StoppableStep {
  private static final int ASK_MILLISECONDS = 100;

  private StoppableStep() {}

  /**
   * Runs a step and waits until it has ended, in any case.
   *
   * @param stopped is asked several times a second, on the caller's thread
   * @return what the step gives; empty if it was stopped
   * @throws IOException what the step throws, which may also be any unchecked exception
   * @throws SearchException with {@link Reason#INTERRUPTED} if the caller is interrupted; the interrupt is kept
   */
  static <T> Optional<T> run(Callable<T> step, BooleanSupplier stopped) throws IOException {
    FutureTask<T> task = new FutureTask<>(step);
    // A platform thread: a virtual one would hold its carrier while it reads files.
    Thread worker = Thread.ofPlatform().daemon(true).name("panallama-index").start(task);
    boolean stopping = false;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return Optional.of(task.get(ASK_MILLISECONDS, TimeUnit.MILLISECONDS));
        } catch (TimeoutException later) {
          if (!stopping && stopped.getAsBoolean()) {
            stopping = true;
            worker.interrupt();
          }
        } catch (InterruptedException interrupt) {
          interrupted = true;
          worker.interrupt();
        }
      }
    } catch (ExecutionException failed) {
      if (interrupted) {
        throw new SearchException(Reason.INTERRUPTED, "The thread was interrupted while a folder was indexed.", failed);
      }
      if (stopping) {
        return Optional.empty();
      }
      throw unchecked(failed.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException unchecked(@Nullable Throwable cause) throws IOException {
    switch (cause) {
      case IOException reading -> throw reading;
      case RuntimeException failure -> throw failure;
      case Error error -> throw error;
      case null, default -> throw new IllegalStateException(cause);
    }
  }
}
