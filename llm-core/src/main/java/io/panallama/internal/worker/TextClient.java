package io.panallama.internal.worker;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What callers ask of a worker that computes texts. While a worker is being replaced, they wait for the next one, which
 * computes again what the last one had. A caller that is interrupted gives its texts up. Thread-safe.
 */
public final class TextClient {
  private final InFlight inFlight;
  private final Status status;
  private final int queueLimit;

  /** Those of all calls. */
  private final AtomicInteger texts = new AtomicInteger();

  TextClient(InFlight inFlight, Status status, int queueLimit) {
    this.inFlight = inFlight;
    this.status = status;
    this.queueLimit = queueLimit;
  }

  public List<Embedding> embed(List<String> given, EmbeddingOptions options) {
    return ask(
        Question.EMBED,
        given.size(),
        out -> TextCodec.write(out.put(given, Output::put), options),
        in -> in.list(TextCodec::embedding));
  }

  public List<Embedding> embedTokens(List<int[]> given, EmbeddingOptions options) {
    return ask(
        Question.EMBED_TOKENS,
        given.size(),
        out -> TextCodec.write(out.put(given, Output::put), options),
        in -> in.list(TextCodec::embedding));
  }

  public List<TokenVectors> tokenVectors(List<String> given, EmbeddingOptions options) {
    return ask(
        Question.TOKEN_VECTORS,
        given.size(),
        out -> TextCodec.write(out.put(given, Output::put), options),
        in -> in.list(TextCodec::tokenVectors));
  }

  public List<TokenVectors> tokenVectorsOf(List<int[]> given, EmbeddingOptions options) {
    return ask(
        Question.TOKEN_VECTORS_OF,
        given.size(),
        out -> TextCodec.write(out.put(given, Output::put), options),
        in -> in.list(TextCodec::tokenVectors));
  }

  public Ranking rank(String query, List<String> documents, RerankOptions options) {
    return ask(
        Question.RANK,
        documents.size(),
        out -> TextCodec.write(out.put(query).put(documents, Output::put), options),
        TextCodec::ranking);
  }

  public List<Classification> classify(List<String> given, ClassifyOptions options) {
    return ask(
        Question.CLASSIFY,
        given.size(),
        out -> TextCodec.write(out.put(given, Output::put), options),
        in -> in.list(TextCodec::classification));
  }

  /** The tokens of a text, without those that the vocabulary puts around it. */
  public int countTokens(String text) {
    return ask(Question.COUNT_TEXT, 0, out -> out.put(text), Input::integer);
  }

  /** How many texts are not answered yet. */
  public int waiting() {
    return texts.get();
  }

  private <T> T ask(Question question, int count, Consumer<Output> values, Function<Input, T> answer) {
    status.requireOpen();
    enter(count);
    try {
      Call call = inFlight.call(question, values);
      if (call.content().length > SocketWire.LONGEST_FRAME / 2) {
        throw new InvalidRequestException(
            "texts",
            InvalidRequestException.name("texts")
                + " have more than 512 MiB, which can't be handed to another process at once; send fewer.");
      }
      inFlight.add(call);
      return answer.apply(await(call));
    } catch (GenerationException ended) {
      throw ofTexts(ended);
    } catch (EngineBusyException busy) {
      throw EngineBusyException.embedding(waiting(), busy.queueLimit(), busy.retryAfter());
    } finally {
      texts.addAndGet(-count);
    }
  }

  /** Counts texts that wait; more than may ever wait are left to the worker, which says so. */
  private void enter(int count) {
    int now = texts.getAndAdd(count);
    if (count <= queueLimit && count > queueLimit - now) {
      texts.addAndGet(-count);
      throw EngineBusyException.embedding(now, queueLimit, Duration.ofSeconds(1));
    }
  }

  private Input await(Call call) {
    CompletableFuture<Input> answer = call.answer();
    try {
      return answer.get();
    } catch (InterruptedException interrupted) {
      inFlight.cancel(call);
      Thread.currentThread().interrupt();
      throw new EmbeddingException(
          EmbeddingException.Reason.INTERRUPTED, "Interrupted while the texts were computed.", interrupted);
    } catch (ExecutionException failed) {
      throw rethrown(failed.getCause());
    } catch (CancellationException impossible) {
      throw new IllegalStateException("A call that its caller waits for was given up.", impossible);
    }
  }

  /** The exception with the stack of this call. */
  private static RuntimeException rethrown(@Nullable Throwable cause) {
    return switch (cause) {
      case EmbeddingException failure ->
          new EmbeddingException(failure.reason(), String.valueOf(failure.getMessage()), failure);
      case RuntimeException failure -> failure;
      case null, default -> new IllegalStateException("The texts were not computed", cause);
    };
  }

  /** What an engine says of a generation, as it is said of texts. */
  private static RuntimeException ofTexts(GenerationException ended) {
    String message = String.valueOf(ended.getMessage());
    return switch (ended.reason()) {
      case ENGINE_KILLED -> new EmbeddingException(EmbeddingException.Reason.ENGINE_KILLED, message, ended);
      case ENGINE_RESTARTING -> new EmbeddingException(EmbeddingException.Reason.ENGINE_RESTARTING, message, ended);
      case ENGINE_CLOSED -> new EngineClosedException();
      case ENGINE_FAILED -> new EngineFailedException(ended.getCause() == null ? ended : ended.getCause());
      default -> ended;
    };
  }
}
