package io.panallama.load;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Receives one answer from the HTTP client: timestamps the bytes, parses them, and records when text arrived.
 *
 * <p>The client delivers on one thread at a time; the thread that waits for the answer reads it afterwards, or
 * after {@link #close}.
 */
final class AnswerReader implements HttpResponse.BodySubscriber<Void>, SseParser.Sink {
  /** The most bytes of an error's body that a message needs. */
  private static final int MAX_ERROR_BYTES = 16 << 10;

  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private final LoadClock clock;
  private final Sender.Manner manner;
  private final CompletableFuture<Void> body = new CompletableFuture<>();
  private final SseParser parser = new SseParser(this);
  private final ChunkParser chunks;
  private final ByteArrayOutputStream errorBody = new ByteArrayOutputStream();
  private Flow.@Nullable Subscription subscription;
  private boolean isStream;
  private boolean closed;
  private int status;
  private long[] events;
  private int eventCount;
  private long end;
  private boolean done;
  private boolean dropped;
  private String malformed = "";

  /**
   * @param expectedEvents the expected number of events with text, so that the array need not grow
   */
  AnswerReader(LoadClock clock, Sender.Manner manner, int expectedEvents) {
    this.clock = clock;
    this.manner = manner;
    this.chunks = new ChunkParser(manner.keepText());
    this.events = new long[Math.clamp(expectedEvents, 16, 1 << 16)];
  }

  /** The body handler; takes the status and the content type. */
  synchronized AnswerReader begin(HttpResponse.ResponseInfo info) {
    status = info.statusCode();
    String type = info.headers().firstValue("content-type").orElse("text/event-stream");
    isStream = status == 200 && type.startsWith("text/event-stream");
    return this;
  }

  @Override
  public CompletionStage<Void> getBody() {
    return body;
  }

  @Override
  public synchronized void onSubscribe(Flow.Subscription newSubscription) {
    subscription = newSubscription;
    newSubscription.request(Long.MAX_VALUE);
  }

  @Override
  public synchronized void onNext(List<ByteBuffer> buffers) {
    long now = clock.now();
    if (closed) {
      return;
    }
    for (ByteBuffer buffer : buffers) {
      if (!isStream) {
        byte[] bytes = new byte[Math.min(buffer.remaining(), MAX_ERROR_BYTES - errorBody.size())];
        buffer.get(bytes);
        errorBody.writeBytes(bytes);
        continue;
      }
      try {
        parser.feed(buffer, now);
      } catch (IllegalStateException tooLarge) {
        malformed = String.valueOf(tooLarge.getMessage());
        leave();
        return;
      }
    }
  }

  @Override
  public void event(String type, byte[] data, int length, long arrivedNanos) {
    if (done || dropped) {
      return;
    }
    if (Arrays.equals(data, 0, length, DONE, 0, DONE.length)) {
      done = true;
      end = arrivedNanos;
      return;
    }
    boolean hasText;
    try {
      hasText = chunks.read(data, length);
    } catch (IOException noJson) {
      malformed = "an event is no JSON object: " + new String(data, 0, Math.min(length, 80), StandardCharsets.UTF_8);
      return;
    }
    if (hasText) {
      if (eventCount == events.length) {
        events = Arrays.copyOf(events, 2 * eventCount);
      }
      events[eventCount++] = arrivedNanos;
      manner.onEvent().accept(eventCount);
      if (eventCount == manner.dropAfter()) {
        dropped = true;
        leave();
      }
    }
  }

  /** In HTTP/1.1 the client closes the connection of a subscription that is cancelled. */
  private void leave() {
    if (subscription != null) {
      subscription.cancel();
    }
    body.complete(null);
  }

  @Override
  public void onError(Throwable failure) {
    body.completeExceptionally(failure);
  }

  @Override
  public void onComplete() {
    body.complete(null);
  }

  /**
   * Closes the reader and returns what has arrived as a record.
   *
   * @param answers the number of answers that were asked for
   */
  synchronized RequestRecord close(
      Turn turn, int answers, long sent, boolean resent, @Nullable Outcome failure, String failureDetail) {
    closed = true;
    Outcome outcome = failure == null ? outcome() : failure;
    return new RequestRecord(
        manner.index(),
        turn.number(),
        manner.group(),
        manner.intended(),
        sent,
        done ? end : clock.now(),
        Arrays.copyOf(events, eventCount),
        resent,
        outcome,
        failure == null ? detail(outcome) : failureDetail,
        status,
        chunks.promptTokens(),
        chunks.completionTokens(),
        chunks.cachedTokens(),
        answers * turn.answerTokens(),
        chunks.finishReason(),
        chunks.queuedMillis(),
        chunks.text());
  }

  /** Whether the headers of an answer have arrived. */
  synchronized boolean hasBegun() {
    return status != 0;
  }

  private Outcome outcome() {
    if (dropped) {
      return Outcome.DROPPED;
    }
    if (status != 200) {
      return Outcome.STATUS;
    }
    if (!isStream || !malformed.isEmpty()) {
      return Outcome.INVALID;
    }
    if (!chunks.error().isEmpty()) {
      return Outcome.SSE_ERROR;
    }
    return done ? Outcome.OK : Outcome.TRUNCATED;
  }

  private String detail(Outcome outcome) {
    return switch (outcome) {
      case STATUS -> ErrorBody.message(errorBody.toByteArray());
      case INVALID ->
          malformed.isEmpty() ? "no event stream: " + ErrorBody.message(errorBody.toByteArray()) : malformed;
      case SSE_ERROR -> chunks.error();
      case TRUNCATED -> "no [DONE]";
      default -> "";
    };
  }
}
