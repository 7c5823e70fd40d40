package io.panallama.internal.embed;

import io.panallama.error.EmbeddingException;
import io.panallama.error.EmbeddingException.Reason;
import io.panallama.error.EngineBusyException;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.engine.EngineThreads;
import io.panallama.internal.engine.Lifecycle;
import io.panallama.observe.EngineState;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An embedder's thread as its callers see it. Thread-safe. */
public final class EmbeddingFront implements AutoCloseable {
  private final EmbeddingQueue queue;
  private final Lifecycle life = new Lifecycle();

  private EmbeddingFront(EmbeddingQueue queue) {
    this.queue = queue;
  }

  /**
   * Starts the thread.
   *
   * @param decoders makes the decoder, on that thread, which closes it
   */
  public static EmbeddingFront start(EmbeddingSettings settings, Supplier<Decoder> decoders) {
    EmbeddingFront front = new EmbeddingFront(new EmbeddingQueue(settings.queueLimit()));
    EmbeddingLoop loop = new EmbeddingLoop(settings, decoders, front.queue, front.life);
    front.life.start(EngineThreads.unstarted(front.life, loop::run, settings.name()));
    return front;
  }

  /**
   * Computes a job and waits for its vectors.
   *
   * @throws EngineBusyException if too many texts wait
   * @throws EmbeddingException if it is not computed, or the thread is interrupted while it waits
   * @throws RuntimeException as {@link Lifecycle#requireRunning}
   */
  public float[][] compute(EmbeddingJob job) {
    CompletableFuture<float[][]> result = submit(job);
    try {
      return result.get();
    } catch (InterruptedException interrupted) {
      result.cancel(false);
      Thread.currentThread().interrupt();
      throw new EmbeddingException(Reason.INTERRUPTED, "Interrupted while the texts were computed.", interrupted);
    } catch (ExecutionException failed) {
      throw rethrown(failed.getCause());
    }
  }

  /**
   * Has a job computed, without waiting for its vectors.
   *
   * @return completed by the thread that computes, which also runs what depends on it; cancelling it gives up what no batch has
   *     taken yet
   * @throws EngineBusyException if too many texts wait
   * @throws RuntimeException as {@link Lifecycle#requireRunning}
   */
  public CompletableFuture<float[][]> submit(EmbeddingJob job) {
    life.requireRunning();
    queue.add(job);
    var _ =
        job.result()
            .whenComplete((_, failure) -> {
              if (failure != null) {
                queue.remove(job);
              }
            });
    life.wake();
    return job.result();
  }

  /** The exception with the stack of this call, because one of the computing thread says nothing to its caller. */
  private static RuntimeException rethrown(@Nullable Throwable cause) {
    return switch (cause) {
      case EmbeddingException failure ->
          new EmbeddingException(failure.reason(), String.valueOf(failure.getMessage()), failure);
      case RuntimeException failure -> failure;
      case null, default -> new IllegalStateException("The texts were not computed", cause);
    };
  }

  /**
   * Does nothing while the thread runs.
   *
   * @throws RuntimeException as {@link Lifecycle#requireRunning}
   */
  public void requireRunning() {
    life.requireRunning();
  }

  /** How many texts wait. */
  public int waiting() {
    return queue.waiting();
  }

  public EngineState state() {
    return life.state();
  }

  /** The error that ended the thread; null unless it has failed. */
  public @Nullable Throwable failure() {
    return life.failure();
  }

  /** Ends the thread and waits for it; jobs that are not complete fail. Repeating it is harmless. */
  @Override
  public void close() {
    life.requestClose();
    life.awaitEnd();
  }
}
