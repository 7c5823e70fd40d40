package io.panallama.server.documents;

import io.panallama.server.documents.LibraryException.Reason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Makes the changes to a library one after the other, on a thread of its own: an interrupt of a request's thread would close the files
 * that it writes to, and none waits for a disk while it holds the lock. Only this thread changes the library's values, under
 * the lock; others hold it to read them. Thread-safe.
 */
final class Journal {
  private final ReentrantLock lock = new ReentrantLock();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("panallama-files").daemon(true).factory());

  /**
   * Makes a change, and waits for it whatever happens.
   *
   * @throws LibraryException with {@link Reason#CLOSED}, or what {@code work} throws
   */
  <T> T change(Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      thread.execute(() -> {
        try {
          result.complete(work.get());
        } catch (Throwable failure) {
          result.completeExceptionally(failure);
        }
      });
    } catch (RejectedExecutionException closed) {
      throw new LibraryException(Reason.CLOSED, "The library is closed.", closed);
    }
    try {
      return result.join();
    } catch (CompletionException failed) {
      switch (failed.getCause()) {
        case RuntimeException refused -> throw refused;
        case Error fault -> throw fault;
        case null, default -> throw failed;
      }
    }
  }

  /** Reads values, or on this thread changes them, while no other thread does. */
  <T> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** Makes the changes that wait, and ends. Repeating it is harmless. */
  void close() {
    thread.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (thread.awaitTermination(1, TimeUnit.MINUTES)) {
          break;
        }
      } catch (InterruptedException interrupt) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
