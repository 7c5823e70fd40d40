package io.panallama.internal.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.internal.llama.ChatParserHandle;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A generation whose text is read as its chat format: text, reasoning and tool calls apart. All on the reader's thread.
 *
 * <p>llama.cpp's parsers read all of the text again each time, so what that may cost is bounded: after a reading that took a
 * while there is none for {@link #REST} times as long, and what comes meanwhile waits for the next one.
 */
public final class ChatGeneration implements Generation {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** At most a twentieth of the time goes into reading. */
  private static final int REST = 19;

  private final Generation generation;
  private final ChatParserHandle parser;
  private final AtomicBoolean reading = new AtomicBoolean();
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private final StringBuilder unread = new StringBuilder();
  private List<TokenLogprobs> logprobs = new ArrayList<>();
  private long dueNanos = System.nanoTime();
  private boolean calledTools;
  private @Nullable GenerationException failure;
  private volatile boolean closed;

  public ChatGeneration(Generation generation, ChatParserHandle parser) {
    this.generation = generation;
    this.parser = parser;
  }

  @Override
  public long id() {
    return generation.id();
  }

  @Override
  public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
    lockReading();
    try {
      return read(System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout));
    } finally {
      reading.set(false);
    }
  }

  /** Nobody waits for the single piece here: the text is read once, at its end. */
  @Override
  public Completion await() {
    lockReading();
    try {
      CompletionBuilder answer = new CompletionBuilder();
      if (failure != null) {
        throw failed(failure);
      }
      Completion raw = generation.await();
      unread.append(raw.text());
      finish(new GenerationEvent.Finished(raw.reason(), raw.usage(), raw.timings()));
      Optional<Completion> completion = Optional.empty();
      while (completion.isEmpty()) {
        completion = answer.add(events.remove());
      }
      return completion.get();
    } finally {
      reading.set(false);
    }
  }

  private void lockReading() {
    if (!reading.compareAndSet(false, true)) {
      throw new IllegalStateException("Another thread is reading this generation; one at a time may.");
    }
  }

  private Optional<GenerationEvent> read(long deadline) throws InterruptedException {
    while (true) {
      if (closed) {
        // Tells the reader that there is no more.
        return generation.poll(Duration.ZERO);
      }
      if (!events.isEmpty()) {
        return Optional.of(events.remove());
      }
      if (failure != null) {
        throw failed(failure);
      }
      long now = System.nanoTime();
      boolean waits = !unread.isEmpty() || !logprobs.isEmpty();
      if (waits && dueNanos - now <= 0) {
        readMore();
        continue;
      }
      long left = Math.max(0, deadline - now);
      Optional<GenerationEvent> event =
          generation.poll(Duration.ofNanos(waits ? Math.min(left, dueNanos - now) : left));
      if (event.isPresent()) {
        take(event.get());
      } else if (left == 0) {
        return Optional.empty();
      }
    }
  }

  private void take(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Text piece -> {
        unread.append(piece.text());
        logprobs.addAll(piece.logprobs());
      }
      case GenerationEvent.Finished end -> finish(end);
      default -> throw new IllegalStateException("A generation without a parser gave " + event);
    }
  }

  private void readMore() {
    long begin = System.nanoTime();
    // Text that can't be read yet may be readable once there is more of it.
    add(update(false).deltas());
    long end = System.nanoTime();
    dueNanos = end + REST * (end - begin);
  }

  private ChatParserHandle.Update update(boolean last) {
    String text = unread.toString();
    unread.setLength(0);
    return parser.update(text, last);
  }

  private void finish(GenerationEvent.Finished end) {
    boolean complete = end.reason() == FinishReason.STOP || end.reason() == FinishReason.STOP_TEXT;
    ChatParserHandle.Update update = update(true);
    if (update.failure() != null && !complete) {
      // Cut off somewhere; what can be made of it is what the reader gets.
      update = update(false);
    }
    add(update.deltas());
    parser.close();
    if (update.failure() != null && complete) {
      failure = new GenerationException(GenerationException.Reason.MALFORMED_OUTPUT, update.failure() + ".", null);
      return;
    }
    FinishReason reason = complete && calledTools ? FinishReason.TOOL_CALLS : end.reason();
    events.add(new GenerationEvent.Finished(reason, end.usage(), end.timings()));
  }

  private static GenerationException failed(GenerationException failure) {
    return new GenerationException(failure.reason(), String.valueOf(failure.getMessage()), failure);
  }

  private void add(@Nullable String deltas) {
    List<TokenLogprobs> tokens = logprobs;
    logprobs = new ArrayList<>();
    try {
      for (JsonNode delta : deltas == null ? JSON.createArrayNode() : JSON.readTree(deltas)) {
        GenerationEvent event = event(delta, tokens);
        if (event instanceof GenerationEvent.Text) {
          tokens = List.of();
        }
        events.add(event);
      }
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("The parser of the answer gave no JSON", impossible);
    }
    if (!tokens.isEmpty()) {
      events.add(new GenerationEvent.Text("", tokens));
    }
  }

  private GenerationEvent event(JsonNode delta, List<TokenLogprobs> tokens) {
    if (delta.has("content")) {
      return new GenerationEvent.Text(delta.get("content").asText(), tokens);
    }
    if (delta.has("reasoning")) {
      return new GenerationEvent.Reasoning(delta.get("reasoning").asText());
    }
    int index = delta.path("index").asInt();
    if (delta.has("name")) {
      calledTools = true;
      return new GenerationEvent.ToolCallStarted(index, delta.path("id").asText(), delta.get("name").asText());
    }
    return new GenerationEvent.ToolCallArguments(index, delta.path("arguments").asText());
  }

  @Override
  public void cancel() {
    generation.cancel();
  }

  @Override
  public void close() {
    closed = true;
    generation.close();
    parser.close();
  }

  @Override
  public String toString() {
    return generation.toString();
  }
}
