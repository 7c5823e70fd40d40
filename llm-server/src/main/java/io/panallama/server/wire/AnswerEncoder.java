package io.panallama.server.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.panallama.FinishReason;
import io.panallama.GenerationEvent;
import io.panallama.Timings;
import io.panallama.TokenLogprobs;
import io.panallama.ToolCall;
import io.panallama.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Encodes one answer in OpenAI's shape, whole or as the chunks of a stream.
 *
 * <p>All chunks of an answer are the same but for the text, so what surrounds it is encoded once: a token costs the
 * escaping of its text.
 *
 * <p>Besides OpenAI's fields the end carries {@code timings} under llama-server's names, a {@link FinishDetail} beside
 * {@code finish_reason} where a limit was reached, and {@code discarded_tokens} in the usage where the context was shifted.
 */
public final class AnswerEncoder {
  /** The data of the event that ends every complete stream. */
  public static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private static final JsonStringEncoder ESCAPER = JsonStringEncoder.getInstance();

  /** A text that no escaping changes and that occurs nowhere else, for cutting a chunk in two. */
  private static final String MARK = "@TEXT@";

  private final boolean chat;
  private final boolean includeUsage;
  private final int topLogprobs;
  private final IntFunction<byte[]> tokenBytes;
  private final String model;
  private final String id;
  private final long created = Instant.now().getEpochSecond();
  private final byte[] beforeText;
  private final byte[] afterText;

  private AnswerEncoder(boolean chat, String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    this.chat = chat;
    this.model = model;
    this.includeUsage = request.includeUsage();
    this.topLogprobs = request.topLogprobs();
    this.tokenBytes = tokenBytes;
    this.id = (chat ? "chatcmpl-" : "cmpl-") + UUID.randomUUID().toString().replace("-", "");
    String chunk = new String(chunk(MARK), StandardCharsets.UTF_8);
    int text = chunk.lastIndexOf(MARK);
    this.beforeText = chunk.substring(0, text).getBytes(StandardCharsets.UTF_8);
    this.afterText = chunk.substring(text + MARK.length()).getBytes(StandardCharsets.UTF_8);
  }

  /** For an answer of {@code /v1/chat/completions}. */
  public static AnswerEncoder chat(String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    return new AnswerEncoder(true, model, request, tokenBytes);
  }

  /** For an answer of {@code /v1/completions}. */
  public static AnswerEncoder text(String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    return new AnswerEncoder(false, model, request, tokenBytes);
  }

  /** The first chunk of a chat stream, which gives the role; null where the shape has none. */
  public byte @Nullable [] opening() {
    return chat ? chunk(json -> delta(json, "assistant", ""), List.of(), null) : null;
  }

  /** What stands before the text in every chunk. */
  public byte[] beforeText() {
    return beforeText;
  }

  /** A text as it stands in a chunk, between {@link #beforeText} and {@link #afterText}. */
  public static byte[] text(String text) {
    return ESCAPER.quoteAsUTF8(text);
  }

  /** What stands after the text in every chunk. */
  public byte[] afterText() {
    return afterText;
  }

  /** The chunk that gives the reason of the end. */
  public byte[] ending(GenerationEvent.Finished end) {
    return chunk(json -> delta(json, null, null), List.of(), end);
  }

  /** The chunk of any other event of a chat: text with log-probabilities, reasoning, a tool call. */
  public byte[] piece(GenerationEvent event) {
    return switch (event) {
      case GenerationEvent.Text piece -> chunk(json -> delta(json, null, piece.text()), piece.logprobs(), null);
      case GenerationEvent.Reasoning piece -> chunk(json -> ChatDelta.reasoning(json, piece));
      case GenerationEvent.ToolCallStarted call -> chunk(json -> ChatDelta.started(json, call));
      case GenerationEvent.ToolCallArguments piece -> chunk(json -> ChatDelta.arguments(json, piece));
      case GenerationEvent.Finished end -> ending(end);
    };
  }

  /** The chunk of token counts that may follow. */
  public byte[] usage(GenerationEvent.Finished end) {
    return Json.object(json -> {
      head(json, true);
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      usage(json, end.usage());
    });
  }

  /** The whole answer. */
  public byte[] whole(WholeAnswer answer, GenerationEvent.Finished end) {
    return Json.object(json -> {
      head(json, false);
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", 0);
      if (chat) {
        message(json, answer);
      } else {
        json.writeStringField("text", answer.text());
      }
      logprobs(json, answer.logprobs());
      finish(json, end.reason());
      json.writeEndObject();
      json.writeEndArray();
      usage(json, end.usage());
      timings(json, end);
    });
  }

  private static void message(JsonGenerator json, WholeAnswer answer) throws IOException {
    List<ToolCall> calls = answer.toolCalls();
    json.writeObjectFieldStart("message");
    json.writeStringField("role", "assistant");
    json.writeStringField("content", answer.text().isEmpty() && !calls.isEmpty() ? null : answer.text());
    if (!answer.reasoning().isEmpty()) {
      json.writeStringField("reasoning_content", answer.reasoning());
    }
    if (!calls.isEmpty()) {
      ChatDelta.toolCalls(json, calls);
    }
    json.writeNullField("refusal");
    json.writeEndObject();
  }

  private void logprobs(JsonGenerator json, List<TokenLogprobs> tokens) throws IOException {
    if (tokens.isEmpty()) {
      json.writeNullField("logprobs");
    } else {
      ChatDelta.logprobs(json, tokens, topLogprobs, tokenBytes);
    }
  }

  private byte[] chunk(String text) {
    return chunk(json -> delta(json, null, text), List.of(), null);
  }

  private byte[] chunk(Json.Fields delta) {
    Json.Fields inside =
        json -> {
          json.writeObjectFieldStart("delta");
          delta.writeTo(json);
          json.writeEndObject();
        };
    return chunk(inside, List.of(), null);
  }

  private byte[] chunk(Json.Fields delta, List<TokenLogprobs> tokens, GenerationEvent.@Nullable Finished end) {
    return Json.object(json -> {
      head(json, true);
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", 0);
      delta.writeTo(json);
      logprobs(json, tokens);
      if (end == null) {
        json.writeNullField("finish_reason");
      } else {
        finish(json, end.reason());
      }
      json.writeEndObject();
      json.writeEndArray();
      if (includeUsage) {
        json.writeNullField("usage");
      }
      if (end != null) {
        timings(json, end);
      }
    });
  }

  private void delta(JsonGenerator json, @Nullable String role, @Nullable String text) throws IOException {
    if (!chat) {
      json.writeStringField("text", text == null ? "" : text);
      return;
    }
    json.writeObjectFieldStart("delta");
    if (role != null) {
      json.writeStringField("role", role);
    }
    if (text != null) {
      json.writeStringField("content", text);
    }
    json.writeEndObject();
  }

  private void head(JsonGenerator json, boolean chunk) throws IOException {
    String chatObject = chunk ? "chat.completion.chunk" : "chat.completion";
    json.writeStringField("id", id);
    json.writeStringField("object", chat ? chatObject : "text_completion");
    json.writeNumberField("created", created);
    json.writeStringField("model", model);
  }

  private static void finish(JsonGenerator json, FinishReason reason) throws IOException {
    json.writeStringField("finish_reason", wireName(reason));
    Optional<String> detail = FinishDetail.of(reason);
    if (detail.isPresent()) {
      json.writeStringField(FinishDetail.FIELD, detail.get());
    }
  }

  private static String wireName(FinishReason reason) {
    return switch (reason) {
      case STOP, STOP_TEXT -> "stop";
      case TOOL_CALLS -> "tool_calls";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "length";
      case CANCELLED -> throw new IllegalArgumentException("A cancelled generation has no answer.");
    };
  }

  private static void usage(JsonGenerator json, Usage usage) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", usage.promptTokens());
    json.writeNumberField("completion_tokens", usage.completionTokens());
    json.writeNumberField("total_tokens", usage.totalTokens());
    json.writeObjectFieldStart("prompt_tokens_details");
    json.writeNumberField("cached_tokens", usage.cachedTokens());
    json.writeEndObject();
    if (usage.discardedTokens() > 0) {
      json.writeNumberField("discarded_tokens", usage.discardedTokens());
    }
    json.writeEndObject();
  }

  private static void timings(JsonGenerator json, GenerationEvent.Finished end) throws IOException {
    Usage usage = end.usage();
    Timings timings = end.timings();
    // A request that ended in the queue has a prompt, but no prefill.
    int computed = timings.prefill().isZero() ? 0 : usage.promptTokens() - usage.cachedTokens();
    // The first token comes out of the prefill, so the decode time is that of the others.
    int decoded = Math.max(usage.completionTokens() - 1, 0);
    json.writeObjectFieldStart("timings");
    json.writeNumberField("queued_ms", millis(timings.queued()));
    json.writeNumberField("cache_n", usage.cachedTokens());
    json.writeNumberField("prompt_n", computed);
    json.writeNumberField("prompt_ms", millis(timings.prefill()));
    json.writeNumberField("prompt_per_second", rate(computed, timings.prefill()));
    json.writeNumberField("predicted_n", usage.completionTokens());
    json.writeNumberField("predicted_ms", millis(timings.decode()));
    json.writeNumberField("predicted_per_second", rate(decoded, timings.decode()));
    json.writeEndObject();
  }

  private static double millis(Duration time) {
    return Math.round(time.toNanos() / 1e3) / 1e3;
  }

  private static double rate(int tokens, Duration time) {
    return time.isZero() ? 0 : Math.round(tokens * 1e11 / time.toNanos()) / 1e2;
  }
}
