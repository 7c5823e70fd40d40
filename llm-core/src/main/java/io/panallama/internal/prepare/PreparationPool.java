package io.panallama.internal.prepare;

import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs preparations of virtual threads on a few platform threads, small ones before many large ones; see {@link Lanes}.
 * A caller on a platform thread does its own work: it has no carrier to hold. What runs ends early when its caller, if it
 * is a virtual thread, is interrupted, or when the pool is closed.
 *
 * <p>Lifetime: from the constructor to {@link #close}. Threads start when there is work and end after ten seconds
 * without any. Thread-safe.
 */
public final class PreparationPool implements AutoCloseable {
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final int maxWorkers;
  private final int limit;
  private final ThreadFactory threads;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition ended = lock.newCondition();

  /** For the thread that {@linkplain #attend attends} when all workers are busy. */
  private final Condition spare = lock.newCondition();

  private final Supplier<? extends RuntimeException> closedFailure;
  private final Supplier<? extends Interruption> interruptions;

  /** What a worker gets that is to wait at the source. */
  private final Job<?> toSource;

  // Guarded by the lock.
  private final Lanes<Job<?>> lanes;

  /** On the pool's threads and on those of callers. */
  private final Set<Job<?>> running = new HashSet<>();

  private int workers;
  private int idle;
  private boolean closed;

  /** Where the workers get tasks; null if only callers have some. */
  private @Nullable TaskSource source;

  /** Whether a thread waits at the source. */
  private boolean attended;

  /** Whether no worker can attend. */
  private boolean spareWanted;

  /**
   * @param processors the processors of this machine; there is one thread for each, and at least two
   * @param limit how many small and how many large preparations may wait
   * @param threads makes the platform threads, which must be daemons
   * @param closedFailure what callers get once the pool is closed
   * @param interruptions one for each preparation
   */
  public PreparationPool(
      int processors,
      int limit,
      ThreadFactory threads,
      Supplier<? extends RuntimeException> closedFailure,
      Supplier<? extends Interruption> interruptions) {
    this.maxWorkers = Math.max(2, processors);
    this.limit = limit;
    this.threads = threads;
    this.closedFailure = closedFailure;
    this.interruptions = interruptions;
    this.lanes = new Lanes<>(maxWorkers, limit);
    this.toSource = new Job<>(false, _ -> Boolean.TRUE, _ -> {}, Interruption.NONE);
  }

  /**
   * Makes a pool with threads of its own.
   *
   * @param owner names the threads
   * @param stackBytes what each may use of stack, of which only what is used takes memory; 0 for the JVM's default
   */
  public static PreparationPool of(
      String owner,
      long stackBytes,
      int processors,
      int limit,
      Supplier<? extends RuntimeException> closedFailure,
      Supplier<? extends Interruption> interruptions) {
    ThreadFactory threads =
        Thread.ofPlatform().daemon(true).name("panallama-prepare-" + owner + "-", 1).stackSize(stackBytes).factory();
    return new PreparationPool(processors, limit, threads, closedFailure, interruptions);
  }

  /**
   * Does the work and waits for its result, on the calling thread if that is a platform thread.
   *
   * @param large whether it may take long; see {@link Lanes}
   * @param discard gets the result if the caller was interrupted while it was made
   * @throws EngineBusyException if too many preparations wait already
   * @throws RuntimeException the failure given to the constructor, if the pool is closed before the work is done
   * @throws GenerationException if the thread is interrupted while it waits; the work is then not begun, or ends early
   */
  public <T> T run(boolean large, Preparation<T> preparation, Consumer<T> discard) {
    Job<?> task = Job.current();
    if (task != null) {
      return part(task, preparation);
    }
    Job<T> job = new Job<>(large, preparation, discard, interruptions.get());
    if (Thread.currentThread().isVirtual()) {
      submit(job);
    } else {
      runHere(job);
    }
    try {
      return job.result.get();
    } catch (InterruptedException left) {
      leave(job);
      Thread.currentThread().interrupt();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while the request was prepared.", left);
    } catch (ExecutionException failed) {
      throw rethrown(failed.getCause());
    }
  }

  /** Does what a task of the source consists of, on the thread of the task. */
  private static <T> T part(Job<?> task, Preparation<T> preparation) {
    try {
      return task.part(preparation);
    } catch (Throwable failed) {
      throw rethrown(failed);
    }
  }

  /**
   * Has the threads take turns at a source of tasks, so that a task needs no change of threads: the one that finds it does it,
   * and another waits for the next. While all are busy, the calling thread waits there, and what it finds waits for one of them.
   * The lanes decide as ever which task is next and how many large ones there are at once.
   *
   * <p>Returns at the end of the source. There can be only one at a time.
   */
  public void attend(TaskSource tasks) {
    lock.lock();
    try {
      source = tasks;
      spareWanted = true;
    } finally {
      lock.unlock();
    }
    while (awaitTurn(tasks)) {
      TaskSource.Task task = tasks.next();
      if (task != null) {
        offer(task);
      }
      lock.lock();
      try {
        if (task == null) {
          endSource();
        } else {
          passOn();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Waits until all workers are busy and the source is not attended; false at its end. */
  private boolean awaitTurn(TaskSource tasks) {
    lock.lock();
    try {
      while (source == tasks && !spareWanted) {
        spare.awaitUninterruptibly();
      }
      boolean goesOn = source == tasks;
      attended |= goesOn;
      spareWanted = false;
      return goesOn;
    } finally {
      lock.unlock();
    }
  }

  /** Has a worker do a task that the spare thread has found. */
  private void offer(TaskSource.Task task) {
    try {
      submit(Job.of(task, interruptions.get()));
    } catch (Throwable refused) {
      task.refused().accept(refused);
    }
  }

  /** Has another thread attend, because this one has something else to do. Under the lock. */
  private void passOn() {
    attended = false;
    if (idle > lanes.ready()) {
      work.signal();
    } else if (!startWorker()) {
      spareWanted = true;
      spare.signal();
    }
  }

  /** Under the lock. */
  private void endSource() {
    source = null;
    attended = false;
    spareWanted = false;
    spare.signalAll();
  }

  /**
   * A worker waits at the source.
   *
   * @return the task that it is to do; null at the end of the source
   */
  private @Nullable Job<?> find() {
    TaskSource tasks = currentSource();
    while (tasks != null) {
      TaskSource.Task task = tasks.next();
      Throwable refusal = null;
      Job<?> mine = null;
      lock.lock();
      try {
        if (task == null) {
          endSource();
          return null;
        }
        if (closed) {
          refusal = closedFailure.get();
        } else if (!lanes.offer(Job.of(task, interruptions.get()), task.large())) {
          refusal = EngineBusyException.preparing(limit);
        }
        mine = lanes.take();
        if (mine != null) {
          running.add(mine);
          passOn();
        }
      } finally {
        lock.unlock();
      }
      if (refusal != null) {
        task.refused().accept(refusal);
      }
      if (mine != null) {
        return mine;
      }
    }
    return null;
  }

  private @Nullable TaskSource currentSource() {
    lock.lock();
    try {
      return source;
    } finally {
      lock.unlock();
    }
  }

  private static RuntimeException rethrown(@Nullable Throwable cause) {
    return switch (cause) {
      case RuntimeException failure -> failure;
      case Error error -> throw error;
      case null, default -> new IllegalStateException("A preparation failed", cause);
    };
  }

  /** Does the work of a caller on its own thread. */
  private void runHere(Job<?> job) {
    lock.lock();
    try {
      if (closed) {
        throw closedFailure.get();
      }
      running.add(job);
    } finally {
      lock.unlock();
    }
    try {
      job.run();
    } finally {
      lock.lock();
      try {
        running.remove(job);
      } finally {
        lock.unlock();
      }
    }
  }

  private void submit(Job<?> job) {
    lock.lock();
    try {
      if (closed) {
        throw closedFailure.get();
      }
      if (!lanes.offer(job, job.large)) {
        throw EngineBusyException.preparing(limit);
      }
      if (lanes.ready() > idle && workers < maxWorkers) {
        start(job);
      }
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void start(Job<?> job) {
    try {
      startThread();
    } catch (Throwable none) {
      // The workers there are will do; without any, no one would.
      if (workers == 0) {
        lanes.remove(job, job.large);
        throw none;
      }
    }
  }

  /** Starts a worker if there may be one more. */
  private boolean startWorker() {
    if (workers == maxWorkers) {
      return false;
    }
    try {
      startThread();
      return true;
    } catch (Throwable none) {
      // The calling thread does it, or a worker that is there.
      return false;
    }
  }

  private void startThread() {
    threads.newThread(this::serve).start();
    workers++;
    ProcessEnd.add(this);
  }

  private void leave(Job<?> job) {
    lock.lock();
    try {
      lanes.remove(job, job.large);
    } finally {
      lock.unlock();
    }
    job.leave();
  }

  /** A worker's life. */
  private void serve() {
    Job<?> job = next(null);
    while (job != null) {
      if (job == toSource) {
        Job<?> found = find();
        job = found == null ? next(null) : found;
      } else {
        job.run();
        job = next(job);
      }
    }
  }

  /**
   * @param last the job that this worker has done; null if none
   * @return the next one, or {@link #toSource}; null if the worker is to end
   */
  private @Nullable Job<?> next(@Nullable Job<?> last) {
    lock.lock();
    try {
      if (last != null) {
        running.remove(last);
        lanes.finished(last.large);
      }
      long left = IDLE_NANOS;
      while (true) {
        Job<?> job = lanes.take();
        if (job != null) {
          running.add(job);
          if (source != null && !attended) {
            passOn();
          }
          return job;
        }
        if (source != null && !attended) {
          attended = true;
          spareWanted = false;
          return toSource;
        }
        // Who is at the source needs another one at once when it finds something.
        boolean needed = source != null && idle == 0;
        if (closed || left <= 0 && !needed) {
          retire();
          return null;
        }
        left = left <= 0 ? IDLE_NANOS : left;
        idle++;
        try {
          left = work.awaitNanos(left);
        } finally {
          idle--;
        }
      }
    } catch (InterruptedException stray) {
      // No one has a reason to interrupt these threads; one that is interrupted ends.
      retire();
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** A worker ends. Under the lock. */
  private void retire() {
    workers--;
    if (workers == 0) {
      ProcessEnd.remove(this);
      ended.signalAll();
    }
  }

  /** How many jobs wait that could run if there were more workers. */
  int waiting() {
    lock.lock();
    try {
      return lanes.ready();
    } finally {
      lock.unlock();
    }
  }

  /** How many threads there are. */
  int workers() {
    lock.lock();
    try {
      return workers;
    } finally {
      lock.unlock();
    }
  }

  /** Fails what waits and what is being done, which ends early; this does not wait for it. */
  @Override
  public void close() {
    List<Job<?>> abandoned;
    lock.lock();
    try {
      closed = true;
      abandoned = new ArrayList<>(running);
      lanes.clear().forEach(abandoned::add);
      work.signalAll();
    } finally {
      lock.unlock();
    }
    abandoned.forEach(job -> {
      job.result.completeExceptionally(closedFailure.get());
      job.interruption.request();
    });
  }

  /** Waits until all threads have ended after {@link #close}; false if {@code timeout} passed first. */
  boolean awaitEnd(Duration timeout) {
    lock.lock();
    try {
      long left = timeout.toNanos();
      while (workers > 0) {
        if (left <= 0) {
          return false;
        }
        left = ended.awaitNanos(left);
      }
      return true;
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }
}
