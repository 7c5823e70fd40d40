package io.panallama.server.http;

import io.panallama.server.dialect.ClientRequest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Reads large bodies on platform threads. Megabytes of JSON take a quarter of a second, and a virtual thread would keep its carrier as
 * long, of which a small machine has one: nobody else would be answered meanwhile. {@link BodyBudget} bounds how many there are.
 */
final class LargeBodies {
  private LargeBodies() {}

  /**
   * Does what takes long if the body is large, and returns once it is done. An interrupt is passed on to the thread that does it.
   *
   * @param work reads the body; it must not look at the current thread
   */
  static <T> T read(ClientRequest asked, Supplier<T> work) {
    if (asked.bodyLength() <= BodyBudget.SMALL) {
      return work.get();
    }
    FutureTask<T> task = new FutureTask<>(work::get);
    Thread thread = Thread.ofPlatform().daemon().name("panallama-body").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException left) {
          interrupted = true;
          thread.interrupt();
        }
      }
    } catch (ExecutionException failed) {
      throw failure(failed);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException failure(ExecutionException failed) {
    switch (failed.getCause()) {
      case RuntimeException refused -> throw refused;
      case Error fault -> throw fault;
      case null, default -> throw new IllegalStateException(failed);
    }
  }
}
