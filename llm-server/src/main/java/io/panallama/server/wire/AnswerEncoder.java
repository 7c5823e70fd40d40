package io.panallama.server.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.panallama.chat.ToolCall;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Encodes an answer in OpenAI's shapes.
 *
 * <p>All chunks of an answer are the same but for the text, so what surrounds it is encoded once: a token costs the
 * escaping of its text.
 *
 * <p>Besides OpenAI's fields the end carries {@code timings} under llama-server's names, a {@link FinishDetail} beside
 * {@code finish_reason} where a limit was reached, and {@code discarded_tokens} in the usage where the context was shifted.
 */
public final class AnswerEncoder implements AnswerShape {
  /** The data of the event that ends every complete stream. */
  public static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private static final JsonStringEncoder ESCAPER = JsonStringEncoder.getInstance();

  /** A text that no escaping changes and that occurs nowhere else, for cutting a chunk in two. */
  private static final String MARK = "@TEXT@";

  private final boolean chat;
  private final boolean includeUsage;
  private final ApiRequest request;
  private final IntFunction<byte[]> tokenBytes;
  private final String model;
  private final String id;
  private final long created;
  private final int index;

  /** The prompt, where the text of the answer begins with it. */
  private final String echo;

  /** Of a stream. */
  private final LegacyLogprobs legacyLogprobs;

  private final byte[] beforeText;
  private final byte[] afterText;

  private AnswerEncoder(
      boolean chat,
      String model,
      ApiRequest request,
      IntFunction<byte[]> tokenBytes,
      String id,
      long created,
      int index) {
    this.chat = chat;
    this.model = model;
    this.includeUsage = request.includeUsage();
    this.request = request;
    this.tokenBytes = tokenBytes;
    this.id = id;
    this.created = created;
    this.index = index;
    this.echo = request.echo() ? Echo.of(request.generation(), tokenBytes) : "";
    this.legacyLogprobs = legacyLogprobs();
    String chunk = new String(chunk(MARK), StandardCharsets.UTF_8);
    int text = chunk.lastIndexOf(MARK);
    this.beforeText = chunk.substring(0, text).getBytes(StandardCharsets.UTF_8);
    this.afterText = chunk.substring(text + MARK.length()).getBytes(StandardCharsets.UTF_8);
  }

  private static AnswerEncoder first(boolean chat, String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    String id = (chat ? "chatcmpl-" : "cmpl-") + UUID.randomUUID().toString().replace("-", "");
    return new AnswerEncoder(chat, model, request, tokenBytes, id, Instant.now().getEpochSecond(), 0);
  }

  /** For an answer of {@code /v1/chat/completions}. */
  public static AnswerEncoder chat(String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    return first(true, model, request, tokenBytes);
  }

  /** For an answer of {@code /v1/completions}. */
  public static AnswerEncoder text(String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    return first(false, model, request, tokenBytes);
  }

  @Override
  public AnswerEncoder choice(int newIndex) {
    return new AnswerEncoder(chat, model, request, tokenBytes, id, created, newIndex);
  }

  private LegacyLogprobs legacyLogprobs() {
    return new LegacyLogprobs(request.topLogprobs(), tokenBytes, echo.codePointCount(0, echo.length()));
  }

  /** The role of a chat, or the prompt that is to be repeated. */
  @Override
  public byte @Nullable [] opening() {
    if (chat) {
      return chunk(json -> delta(json, "assistant", ""), List.of(), null);
    }
    return echo.isEmpty() ? null : chunk(echo);
  }

  @Override
  public byte[] beforeText() {
    return beforeText;
  }

  /** A text as it stands in a chunk, between {@link #beforeText} and {@link #afterText}. */
  public static byte[] text(String text) {
    return ESCAPER.quoteAsUTF8(text);
  }

  @Override
  public byte[] afterText() {
    return afterText;
  }

  @Override
  public byte[] ending(GenerationEvent.Finished end) {
    return chunk(json -> delta(json, null, null), List.of(), end);
  }

  /** Text with log-probabilities, and in a chat reasoning and tool calls. */
  @Override
  public byte[] piece(GenerationEvent event) {
    return switch (event) {
      case GenerationEvent.Text piece -> chunk(json -> delta(json, null, piece.text()), piece.logprobs(), null);
      case GenerationEvent.Reasoning piece -> chunk(json -> ChatDelta.reasoning(json, piece));
      case GenerationEvent.ToolCallStarted call -> chunk(json -> ChatDelta.started(json, call));
      case GenerationEvent.ToolCallArguments piece -> chunk(json -> ChatDelta.arguments(json, piece));
      case GenerationEvent.Finished end -> ending(end);
    };
  }

  /** The token counts, if they are wanted, and {@link #DONE}. */
  @Override
  public List<byte[]> trailer(List<GenerationEvent.Finished> ends) {
    if (!includeUsage) {
      return List.of(DONE);
    }
    byte[] usage =
        Json.object(json -> {
          head(json, true);
          json.writeArrayFieldStart("choices");
          json.writeEndArray();
          UsageFields.usage(json, UsageFields.together(ends));
        });
    return List.of(usage, DONE);
  }

  @Override
  public byte[] whole(List<WholeAnswer> answers, List<GenerationEvent.Finished> ends) {
    return Json.object(json -> {
      head(json, false);
      json.writeArrayFieldStart("choices");
      for (int choice = 0; choice < answers.size(); choice++) {
        json.writeStartObject();
        json.writeNumberField("index", choice);
        whole(json, answers.get(choice));
        finish(json, ends.get(choice).reason());
        json.writeEndObject();
      }
      json.writeEndArray();
      UsageFields.usage(json, UsageFields.together(ends));
      UsageFields.timings(json, ends);
    });
  }

  private void whole(JsonGenerator json, WholeAnswer answer) throws IOException {
    if (chat) {
      message(json, answer);
    } else {
      json.writeStringField("text", echo + answer.text());
    }
    logprobs(json, answer.logprobs(), legacyLogprobs());
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

  private void logprobs(JsonGenerator json, List<TokenLogprobs> tokens, LegacyLogprobs legacy) throws IOException {
    if (tokens.isEmpty()) {
      json.writeNullField("logprobs");
    } else if (chat) {
      ChatDelta.logprobs(json, tokens, request.topLogprobs(), tokenBytes);
    } else {
      legacy.write(json, tokens);
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
      json.writeNumberField("index", index);
      delta.writeTo(json);
      logprobs(json, tokens, legacyLogprobs);
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
        UsageFields.timings(json, List.of(end));
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
}
