package io.panallama.search.internal.lucene;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Makes changes durable for many callers at once. One platform thread applies all changes that wait, commits them together,
 * and acknowledges them; what arrives meanwhile is the next group. So a change waits for one commit in progress and its own.
 *
 * <p>Only this thread writes: an interrupt of a thread that writes to a file closes the file, and with it the writer.
 */
final class GroupCommit implements AutoCloseable {
  /** A change to the index. */
  @FunctionalInterface
  interface Change<W> {
    void apply(W writer) throws IOException;
  }

  /** What commits, and takes back what it could not commit. Used by one thread. */
  interface Target<W> {
    /** The writer, which is opened if there is none. */
    W writer() throws IOException;

    /** Makes durable and visible what was applied. */
    void commit() throws IOException;

    /** Forgets what was applied since the last commit, and the writer with it. */
    void rollback();

    /** Ends the use of the writer. */
    void close();

    /** The exception for a failure. */
    SearchException failure(Throwable cause);
  }

  private static final int QUEUE = 256;

  private static final class Task<W> {
    final Change<W> change;
    final CompletableFuture<Void> done = new CompletableFuture<>();

    Task(Change<W> change) {
      this.change = change;
    }
  }

  private final BlockingQueue<Task<?>> queue = new LinkedBlockingQueue<>(QUEUE);
  private final Task<?> end = new Task<>(_ -> {});
  private final Thread thread;
  private volatile boolean closed;

  <W> GroupCommit(String name, Target<W> target) {
    thread = Thread.ofPlatform().name(name).daemon(true).start(() -> run(target));
  }

  /**
   * Makes a change and waits until it is durable and visible.
   *
   * @throws SearchException if it could not be made; nothing of it is left then. With {@link Reason#INTERRUPTED} it may
   *     have been made.
   * @throws IllegalStateException if this is closed
   */
  <W> void make(Change<W> change) {
    requireOpen();
    Task<W> task = new Task<>(change);
    try {
      queue.put(task);
      if (closed && queue.remove(task)) {
        requireOpen();
      }
      task.done.get();
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new SearchException(
          Reason.INTERRUPTED, "The thread was interrupted while it waited for a commit; repeat the change.", interrupt);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof SearchException known) {
        throw new SearchException(known.reason(), String.valueOf(known.getMessage()), known);
      }
      throw new IllegalStateException("The collection is closed.", failed.getCause());
    }
  }

  /** How many changes wait for the next group. */
  int waiting() {
    return queue.size();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("The collection is closed.");
    }
  }

  @SuppressWarnings("unchecked") // The tasks are those for this target.
  private <W> void run(Target<W> target) {
    boolean ends = false;
    while (!ends) {
      List<Task<?>> group = new ArrayList<>();
      try {
        group.add(queue.take());
      } catch (InterruptedException ignored) {
        // Nothing ends this thread but close.
        continue;
      }
      queue.drainTo(group);
      ends = group.remove(end);
      if (!group.isEmpty()) {
        try {
          commit(target, (List<Task<W>>) (List<?>) group);
        } catch (RuntimeException | Error fault) {
          // Such as a heap that is exhausted for a moment: whoever waits is told, and the next group is taken.
          group.forEach(task -> task.done.completeExceptionally(target.failure(fault)));
        }
      }
    }
    target.close();
    List<Task<?>> late = new ArrayList<>();
    queue.drainTo(late);
    late.forEach(task -> task.done.completeExceptionally(new IllegalStateException("closed")));
  }

  private static <W> void commit(Target<W> target, List<Task<W>> group) {
    try {
      W writer = target.writer();
      for (Task<W> task : group) {
        task.change.apply(writer);
      }
      target.commit();
    } catch (Throwable failure) {
      target.rollback();
      if (group.size() > 1) {
        // Only those fail that can't be made by themselves.
        group.forEach(task -> commit(target, List.of(task)));
      } else {
        group.getFirst().done.completeExceptionally(target.failure(failure));
      }
      return;
    }
    group.forEach(task -> task.done.complete(null));
  }

  /** Makes the changes that wait, and ends. Repeating it is harmless. */
  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    while (true) {
      try {
        if (thread.isAlive()) {
          queue.put(end);
          thread.join();
        }
        break;
      } catch (InterruptedException interrupt) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
