package io.panallama.internal.worker;

import io.panallama.embedding.Embedding;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls about a few short texts, which are as long on their way as they are computed. The thread that receives one tokenizes its
 * texts, and the thread that computes them sends the answer; a thread of its own for each would have to win a processor twice
 * from those that compute. Used by the thread that receives, except for {@link #age}.
 */
final class ShortCalls {
  /** The most bytes of a call. They are tokenized in a fraction of a millisecond, and their vectors are written in as much. */
  private static final int LONGEST = 2048;

  /** The most texts of a call. */
  private static final int MOST_TEXTS = 8;

  private final Consumer<byte[]> preparing;
  private final Consumer<Output> sender;
  private final Map<Long, CompletableFuture<List<Embedding>>> running = new ConcurrentHashMap<>();
  private volatile long began;

  /**
   * @param preparing sees the bytes of each call before its texts are tokenized
   * @param sender sends an answer; called by any thread
   */
  ShortCalls(Consumer<byte[]> preparing, Consumer<Output> sender) {
    this.preparing = preparing;
    this.sender = sender;
  }

  /** Takes a call, or returns false if it is of another kind. */
  boolean take(long id, byte[] call, TextBackend texts) {
    if (call.length > LONGEST) {
      return false;
    }
    Input in = new Input(call);
    if (in.constant(Question.class) != Question.EMBED) {
      return false;
    }
    byte[] values = in.rest();
    Input content = new Input(values);
    List<String> given = content.list(Input::text);
    if (given.size() > MOST_TEXTS) {
      return false;
    }
    began = System.nanoTime();
    try {
      preparing.accept(values);
      CompletableFuture<List<Embedding>> result = texts.submit(given, TextCodec.embeddingOptions(content));
      running.put(id, result);
      var _ = result.whenComplete((answer, failure) -> end(id, answer, failure));
    } catch (Throwable refused) {
      sender.accept(WorkerServer.failed(id, refused));
    } finally {
      began = 0;
    }
    return true;
  }

  private void end(long id, @Nullable List<Embedding> answer, @Nullable Throwable failure) {
    CompletableFuture<List<Embedding>> ended = running.remove(id);
    if (ended != null && ended.isCancelled()) {
      return;
    }
    if (answer != null) {
      sender.accept(WorkerServer.result(id).put(answer, TextCodec::write).end());
    } else {
      sender.accept(WorkerServer.failed(id, cause(failure)));
    }
  }

  private static Throwable cause(@Nullable Throwable failure) {
    return switch (failure) {
      case CompletionException wrapped when wrapped.getCause() != null -> wrapped.getCause();
      case null -> new IllegalStateException("The texts were not computed.");
      default -> failure;
    };
  }

  /** The supervisor has given a call up; nothing happens if it is not one of these. */
  void cancel(long id) {
    CompletableFuture<List<Embedding>> result = running.get(id);
    if (result != null) {
      result.cancel(false);
    }
  }

  /** For how long texts have been tokenized, in nanoseconds; 0 if none are. Meanwhile nothing else is received. */
  long age() {
    long since = began;
    return since == 0 ? 0 : Math.max(1, System.nanoTime() - since);
  }
}
