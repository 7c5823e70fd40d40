package io.panallama.internal.cache;

import java.time.Duration;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.ThreadFactory;

/** A thread that runs tasks one after the other, so that the engine thread never waits for file I/O. */
final class BackgroundThread {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");
  private static final Runnable LAST = () -> {};

  private final BlockingDeque<Runnable> tasks = new LinkedBlockingDeque<>();
  private final Thread thread;

  BackgroundThread(ThreadFactory threads) {
    this.thread = threads.newThread(this::run);
    thread.start();
  }

  /** Queues a task behind those already submitted. Any thread. */
  void submit(Runnable task) {
    tasks.add(task);
  }

  /** Queues a task ahead of all waiting ones. Any thread. */
  void submitFirst(Runnable task) {
    tasks.addFirst(task);
  }

  /** Lets the submitted tasks finish and ends the thread; returns false if it is still running after {@code limit}. */
  boolean close(Duration limit) {
    tasks.add(LAST);
    try {
      return thread.join(limit);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void run() {
    try {
      Runnable task;
      while ((task = tasks.take()) != LAST) {
        run(task);
      }
    } catch (InterruptedException nobodyDoes) {
      throw new IllegalStateException(nobodyDoes);
    }
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable failure) {
      LOG.log(System.Logger.Level.ERROR, "A task of " + Thread.currentThread().getName() + " failed.", failure);
    }
  }
}
