package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.Usage;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes an answer in the shape of Anthropic's messages: as content blocks, which a stream opens and closes one after another.
 *
 * <p>Thoughts are not signed, since no one else's server has to trust them.
 */
final class MessageWriter implements EventWriter {
  private static final String START = "content_block_start";
  private static final String DELTA = "content_block_delta";

  /** What an open content block holds. */
  private enum Kind {
    TEXT,
    THINKING,
    TOOL_USE
  }

  private final String model;
  private final List<String> stops;
  private final String id = "msg_" + UUID.randomUUID().toString().replace("-", "");
  private int promptTokens;
  private int cachedTokens;

  /** Whether the stream has its first frame. */
  private boolean begun;

  /** The block that is open in a stream; null if none is. */
  private @Nullable Kind open;

  /** The index of the open block, or of the next one. */
  private int block;

  /** The index of the call whose block was opened last. */
  private int call = -1;

  /** Half of a character at the end of a piece of a call's arguments; empty text if there is none. */
  private String half = "";

  /**
   * A writer of one answer.
   *
   * @param stops the request's own stop sequences
   */
  MessageWriter(String model, List<String> stops) {
    this.model = model;
    this.stops = List.copyOf(stops);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public void promptTokens(int tokens) {
    promptTokens = tokens;
  }

  /** The first frame counts the tokens that the cache had, which is known when the prompt is begun. */
  @Override
  public void begin(Frames out) {}

  @Override
  public void promptProgress(PromptProgress state, Frames out) throws IOException {
    cachedTokens = state.cached();
    start(out);
  }

  private void start(Frames out) throws IOException {
    if (begun) {
      return;
    }
    begun = true;
    send(
        out,
        "message_start",
        json -> {
          json.writeObjectFieldStart("message");
          head(json);
          json.writeArrayFieldStart("content");
          json.writeEndArray();
          stop(json, null);
          usage(json, new Usage(promptTokens, cachedTokens, 0, 0));
          json.writeEndObject();
        });
    send(out, "ping", json -> {});
  }

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    start(out);
    switch (event) {
      case GenerationEvent.Text piece -> {
        if (!piece.text().isEmpty()) {
          open(Kind.TEXT, out);
          delta(out, "text_delta", "text", piece.text());
        }
      }
      case GenerationEvent.Reasoning piece -> {
        if (!piece.text().isEmpty()) {
          open(Kind.THINKING, out);
          delta(out, "thinking_delta", "thinking", piece.text());
        }
      }
      case GenerationEvent.ToolCallStarted started -> {
        close(out);
        call = started.index();
        start(
            out,
            Kind.TOOL_USE,
            json -> {
              json.writeStringField("id", CallIds.wire(started.id()));
              json.writeStringField("name", started.name());
              json.writeObjectFieldStart("input");
              json.writeEndObject();
            });
      }
      case GenerationEvent.ToolCallArguments piece -> arguments(piece, out);
      case GenerationEvent.PromptLogprobs _ -> {}
      case GenerationEvent.Finished _ -> close(out);
    }
  }

  /** The arguments of a call whose block is closed can only be the empty object that its block began with. */
  private void arguments(GenerationEvent.ToolCallArguments piece, Frames out) throws IOException {
    if (piece.index() != call || open != Kind.TOOL_USE) {
      return;
    }
    String json = half + piece.json();
    boolean cut = !json.isEmpty() && Character.isHighSurrogate(json.charAt(json.length() - 1));
    half = cut ? json.substring(json.length() - 1) : "";
    String whole = cut ? json.substring(0, json.length() - 1) : json;
    if (!whole.isEmpty()) {
      delta(out, "input_json_delta", "partial_json", whole);
    }
  }

  /** Opens a block of this kind unless one is open. */
  private void open(Kind kind, Frames out) throws IOException {
    if (open == kind) {
      return;
    }
    close(out);
    start(
        out,
        kind,
        json -> {
          json.writeStringField(kind == Kind.TEXT ? "text" : "thinking", "");
          if (kind == Kind.THINKING) {
            json.writeStringField("signature", "");
          }
        });
  }

  private void start(Frames out, Kind kind, Json.Fields fields) throws IOException {
    open = kind;
    send(
        out,
        START,
        json -> {
          json.writeNumberField("index", block);
          json.writeObjectFieldStart("content_block");
          json.writeStringField(
              "type",
              switch (kind) {
                case TEXT -> "text";
                case THINKING -> "thinking";
                case TOOL_USE -> "tool_use";
              });
          fields.writeTo(json);
          json.writeEndObject();
        });
  }

  private void delta(Frames out, String type, String name, String text) throws IOException {
    send(
        out,
        DELTA,
        json -> {
          json.writeNumberField("index", block);
          json.writeObjectFieldStart("delta");
          json.writeStringField("type", type);
          json.writeStringField(name, text);
          json.writeEndObject();
        });
  }

  private void close(Frames out) throws IOException {
    if (open == null) {
      return;
    }
    if (open == Kind.THINKING) {
      // Clients wait for the signature as the end of the thoughts.
      delta(out, "signature_delta", "signature", "");
    }
    half = "";
    open = null;
    send(out, "content_block_stop", json -> json.writeNumberField("index", block));
    block++;
  }

  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException {
    GenerationEvent.Finished end = ends.getFirst();
    send(
        out,
        "message_delta",
        json -> {
          json.writeObjectFieldStart("delta");
          stop(json, end);
          json.writeEndObject();
          usage(json, end.usage());
        });
    send(out, "message_stop", json -> {});
  }

  private static void send(Frames out, String type, Json.Fields fields) throws IOException {
    out.event(
        type,
        Json.object(json -> {
          json.writeStringField("type", type);
          fields.writeTo(json);
        }));
  }

  @Override
  public byte[] whole(List<Completion> answers) {
    Completion answer = answers.getFirst();
    GenerationEvent.Finished end = UsageFields.end(answer);
    return Json.object(json -> {
      head(json);
      json.writeArrayFieldStart("content");
      content(json, answer);
      json.writeEndArray();
      stop(json, end);
      usage(json, end.usage());
    });
  }

  private static void content(JsonGenerator json, Completion answer) throws IOException {
    if (!answer.reasoning().isEmpty()) {
      json.writeStartObject();
      json.writeStringField("type", "thinking");
      json.writeStringField("thinking", answer.reasoning());
      json.writeStringField("signature", "");
      json.writeEndObject();
    }
    if (!answer.text().isEmpty()) {
      json.writeStartObject();
      json.writeStringField("type", "text");
      json.writeStringField("text", answer.text());
      json.writeEndObject();
    }
    for (ToolCall call : answer.toolCalls()) {
      if (answer.reason() == FinishReason.TOOL_CALLS || ToolCall.isWhole(call.arguments())) {
        json.writeStartObject();
        json.writeStringField("type", "tool_use");
        json.writeStringField("id", CallIds.wire(call.id()));
        json.writeStringField("name", call.name());
        json.writeFieldName("input");
        json.writeRawValue(call.arguments());
        json.writeEndObject();
      }
    }
  }

  private void head(JsonGenerator json) throws IOException {
    json.writeStringField("id", id);
    json.writeStringField("type", "message");
    json.writeStringField("role", "assistant");
    json.writeStringField("model", model);
  }

  private void stop(JsonGenerator json, GenerationEvent.@Nullable Finished end) throws IOException {
    String reason = end == null ? null : reason(end);
    json.writeStringField("stop_reason", reason);
    json.writeStringField("stop_sequence", "stop_sequence".equals(reason) && end != null ? end.stopText() : null);
  }

  private String reason(GenerationEvent.Finished end) {
    return switch (end.reason()) {
      case STOP -> "end_turn";
      // The chat template may have stop texts of its own.
      case STOP_TEXT -> stops.contains(end.stopText()) ? "stop_sequence" : "end_turn";
      case TOOL_CALLS -> "tool_use";
      case LENGTH, TIME_LIMIT -> "max_tokens";
      case CONTEXT_FULL -> "model_context_window_exceeded";
      case CANCELLED -> throw new IllegalArgumentException("A cancelled generation has no answer.");
    };
  }

  /** Anthropic counts the tokens that were read from a cache apart from the others. */
  private static void usage(JsonGenerator json, Usage usage) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("input_tokens", usage.promptTokens() - usage.cachedTokens());
    json.writeNumberField("cache_creation_input_tokens", 0);
    json.writeNumberField("cache_read_input_tokens", usage.cachedTokens());
    json.writeNumberField("output_tokens", usage.completionTokens());
    json.writeEndObject();
  }

  @Override
  public EventWriter choice(int index) {
    throw new IllegalArgumentException("A message has one choice.");
  }
}
