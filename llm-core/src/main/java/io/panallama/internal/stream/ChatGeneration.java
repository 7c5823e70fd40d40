package io.panallama.internal.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ToolCall;
import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.Usage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A generation whose text is parsed by its chat format into text, reasoning and tool calls, on the reader's thread.
 *
 * <p>llama.cpp's parsers read the whole answer at each call, so the time spent in them is bounded: after a call there
 * is none for {@link #REST} times as long as it took, and the text that arrives meanwhile waits for the next call.
 */
public final class ChatGeneration extends WrappedGeneration {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** At most a twentieth of the time goes into parsing. */
  private static final int REST = 19;

  private final ChatParser parser;
  private final TokenEnds tokenEnds;
  private final boolean forced;
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private final StringBuilder unread = new StringBuilder();

  /** The answer as far as it was given to the parser. */
  private final StringBuilder parsed = new StringBuilder();

  /** The texts of the thinking: one for each time that nothing else came in between. */
  private final List<StringBuilder> thoughts = new ArrayList<>();

  private boolean thinking;

  private List<TokenLogprobs> logprobs = new ArrayList<>();
  private long dueNanos = System.nanoTime();

  /** The tool calls so far, by index. */
  private final TreeMap<Integer, Call> calls = new TreeMap<>();

  /** Whether the parser has found anything in the answer. */
  private boolean read;

  private @Nullable GenerationException failure;

  /** What was reported of a tool call. */
  private static final class Call {
    private boolean named;
    private final StringBuilder arguments = new StringBuilder();
    private final StringControls controls = new StringControls();

    /** Adds a piece of the arguments, and returns it as JSON. */
    private String add(String piece) {
      String json = controls.escaped(piece);
      arguments.append(json);
      return json;
    }

    /** Some parsers take half a call for a whole one, so the arguments are checked again. */
    private boolean isWhole() {
      return named && ToolCall.isWhole(arguments.toString());
    }
  }

  /**
   * A generation that is parsed.
   *
   * @param tokenEnds tells where the tokens of {@code generation} end, so that those of the thinking can be counted
   * @param forced whether the answer has to be a tool call or in a format
   */
  public ChatGeneration(Generation generation, ChatParser parser, TokenEnds tokenEnds, boolean forced) {
    super(generation);
    this.parser = parser;
    this.tokenEnds = tokenEnds;
    this.forced = forced;
  }

  /** Parses once, at the end: the caller needs no intermediate events. Results of earlier calls come first. */
  @Override
  public Completion await() {
    beginReading();
    try {
      CompletionBuilder answer = new CompletionBuilder();
      while (true) {
        while (!events.isEmpty()) {
          Optional<Completion> completion = answer.add(events.remove());
          if (completion.isPresent()) {
            return completion.get();
          }
        }
        if (failure != null) {
          throw again(failure);
        }
        // Throws if the end was already read, or if the generation is closed or has failed.
        Completion raw = generation.await();
        if (!raw.promptLogprobs().isEmpty()) {
          events.add(new GenerationEvent.PromptLogprobs(raw.promptLogprobs()));
        }
        unread.append(raw.text());
        logprobs.addAll(raw.logprobs());
        finish(new GenerationEvent.Finished(raw.reason(), raw.usage(), raw.timings(), raw.stopText()));
      }
    } finally {
      endReading();
    }
  }

  @Override
  protected Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
    while (true) {
      if (isClosed()) {
        // Throws the exception that tells the reader that there are no more events.
        return generation.poll(Duration.ZERO);
      }
      if (!events.isEmpty()) {
        return Optional.of(events.remove());
      }
      if (failure != null) {
        throw again(failure);
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
      case GenerationEvent.PromptLogprobs prompt -> events.add(prompt);
      case GenerationEvent.Finished end -> finish(end);
      default -> throw new IllegalStateException("A generation without a parser gave " + event);
    }
  }

  private void readMore() {
    long begin = System.nanoTime();
    // A failure does not count here: text that can't be parsed yet may become parsable as it grows.
    add(update(false).deltas());
    long end = System.nanoTime();
    dueNanos = end + REST * (end - begin);
  }

  private ChatParser.Update update(boolean last) {
    String text = unread.toString();
    unread.setLength(0);
    parsed.append(text);
    return parser.update(text, last);
  }

  /**
   * Parses the remaining text. Only a model that ended its turn itself must have written a complete answer; a limit, a
   * cancellation or a stop text may cut it off anywhere, even within JSON or a tool call. {@link FinishReason#TOOL_CALLS}
   * therefore promises that every call has a name and a complete JSON object.
   */
  private void finish(GenerationEvent.Finished end) {
    ChatParser.Update update = update(true);
    // A stop text of the chat template may also end the turn, but then everything before it is complete.
    boolean mayCall = end.reason() == FinishReason.STOP || end.reason() == FinishReason.STOP_TEXT;
    boolean readable = update.failure() == null;
    if (!readable) {
      ChatParser.Update beginning = update(false);
      if (end.reason() != FinishReason.STOP) {
        update = beginning;
      } else if (!read && !forced && beginning.deltas() == null) {
        finishUnread(end);
        return;
      }
    }
    add(update.deltas());
    parser.close();
    if (end.reason() == FinishReason.STOP) {
      // Only where the model itself ended its turn is a call without arguments known to be complete.
      completeEmptyCalls(Integer.MAX_VALUE);
    }
    boolean whole = calls.values().stream().allMatch(Call::isWhole);
    if (end.reason() == FinishReason.STOP && !(readable && whole)) {
      String why = update.failure() == null ? "The arguments of a tool call are not complete JSON" : update.failure();
      failure = new GenerationException(GenerationException.Reason.MALFORMED_OUTPUT, why + ".", null);
      return;
    }
    boolean called = mayCall && readable && whole && !calls.isEmpty();
    FinishReason reason = called ? FinishReason.TOOL_CALLS : end.reason();
    int thought = tokenEnds.of(parsed.toString(), thoughts.stream().map(StringBuilder::toString).toList());
    Usage usage = end.usage().withReasoningTokens(thought);
    events.add(new GenerationEvent.Finished(reason, usage, end.timings(), end.stopText()));
  }

  /** What a model wrote by itself and in no format of its template is text, as it is. */
  private void finishUnread(GenerationEvent.Finished end) {
    parser.close();
    events.add(new GenerationEvent.Text(parsed.toString(), logprobs));
    logprobs = new ArrayList<>();
    events.add(end);
  }

  /**
   * How many tokens the answer has up to where its first call is whole, whatever pieces it was read in; empty if there is no such
   * call so far. A call without arguments is whole where the next one begins.
   *
   * @param parsers makes parsers that have read nothing
   */
  OptionalInt tokensOfFirstCall(Supplier<ChatParser> parsers) {
    String answer = parsed.toString();
    int before = 0;
    int found = tokenEnds.endedAt(answer.length());
    if (found == 0 || !hasCall(parsers, answer, found)) {
      return OptionalInt.empty();
    }
    while (found - before > 1) {
      int middle = (before + found) >>> 1;
      if (hasCall(parsers, answer, middle)) {
        found = middle;
      } else {
        before = middle;
      }
    }
    return OptionalInt.of(found);
  }

  /** Whether the first tokens of an answer have a whole call. */
  private boolean hasCall(Supplier<ChatParser> parsers, String answer, int tokens) {
    Call first = new Call();
    try (ChatParser parser = parsers.get()) {
      String deltas = parser.update(answer.substring(0, tokenEnds.end(tokens - 1)), false).deltas();
      for (JsonNode delta : deltas == null ? JSON.createArrayNode() : JSON.readTree(deltas)) {
        if (delta.path("index").asInt() > 0) {
          return true;
        }
        first.named |= delta.has("name");
        first.add(delta.path("arguments").asText());
      }
    } catch (JsonProcessingException impossible) {
      throw noJson(impossible);
    }
    return first.isWhole();
  }

  private static IllegalStateException noJson(JsonProcessingException cause) {
    return new IllegalStateException("The parser of the answer gave no JSON", cause);
  }

  /**
   * Some formats write a call without arguments as its name alone; readers expect a JSON object, and before the next call begins.
   *
   * @param before the index of the first call that is not complete yet
   */
  private void completeEmptyCalls(int before) {
    calls
        .headMap(before)
        .forEach((index, call) -> {
          if (call.arguments.isEmpty()) {
            call.arguments.append("{}");
            events.add(new GenerationEvent.ToolCallArguments(index, "{}"));
          }
        });
  }

  private Call call(int index) {
    return calls.computeIfAbsent(index, ignored -> new Call());
  }

  private void add(@Nullable String deltas) {
    List<TokenLogprobs> tokens = logprobs;
    logprobs = new ArrayList<>();
    try {
      for (JsonNode delta : deltas == null ? JSON.createArrayNode() : JSON.readTree(deltas)) {
        GenerationEvent event = event(delta, tokens);
        read = true;
        think(event);
        switch (event) {
          case GenerationEvent.Text _ -> tokens = List.of();
          case GenerationEvent.ToolCallStarted started -> {
            completeEmptyCalls(started.index());
            call(started.index()).named = true;
          }
          default -> {}
        }
        events.add(event);
      }
    } catch (JsonProcessingException impossible) {
      throw noJson(impossible);
    }
    if (!tokens.isEmpty()) {
      events.add(new GenerationEvent.Text("", tokens));
    }
  }

  private void think(GenerationEvent event) {
    if (event instanceof GenerationEvent.Reasoning(String text)) {
      if (!thinking) {
        thoughts.add(new StringBuilder());
      }
      thoughts.getLast().append(text);
      thinking = true;
    } else {
      thinking = false;
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
      return new GenerationEvent.ToolCallStarted(index, delta.path("id").asText(), delta.get("name").asText());
    }
    return new GenerationEvent.ToolCallArguments(index, call(index).add(delta.path("arguments").asText()));
  }

  @Override
  public void close() {
    super.close();
    parser.close();
  }
}
