package io.panallama.server.dialect.ollama;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Writes an answer in the shape of {@code /api/chat} or {@code /api/generate}. A tool call is written once it is complete, since its
 * arguments are an object.
 */
final class OllamaWriter implements EventWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final boolean chat;
  private final String model;
  private final int topLogprobs;
  private final IntFunction<byte[]> tokenBytes;

  /** Collects the calls of a stream. */
  private final CompletionBuilder answer = new CompletionBuilder();

  /**
   * A writer of one answer.
   *
   * @param chat whether it has the shape of {@code /api/chat}
   * @param topLogprobs how many alternatives to give with each token's log-probability; -1 for no log-probabilities
   * @param tokenBytes gives the bytes of a token of the model
   */
  OllamaWriter(boolean chat, String model, int topLogprobs, IntFunction<byte[]> tokenBytes) {
    this.chat = chat;
    this.model = model;
    this.topLogprobs = topLogprobs;
    this.tokenBytes = tokenBytes;
  }

  /** The answer to a request that only loads the model, which is loaded already. */
  static byte[] loaded(boolean chat, String model) {
    OllamaWriter writer = new OllamaWriter(chat, model, -1, token -> new byte[0]);
    return Json.object(json -> {
      writer.head(json);
      writer.content(json, "", "", List.of());
      json.writeBooleanField("done", true);
      json.writeStringField("done_reason", "load");
    });
  }

  @Override
  public void begin(Frames out) {}

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    switch (event) {
      case GenerationEvent.Text piece -> {
        if (!piece.text().isEmpty() || !piece.logprobs().isEmpty()) {
          chunk(out, piece.text(), "", List.of(), piece.logprobs());
        }
      }
      case GenerationEvent.Reasoning piece -> {
        if (!piece.text().isEmpty()) {
          chunk(out, "", piece.text(), List.of(), List.of());
        }
      }
      case GenerationEvent.PromptLogprobs _ -> {}
      case GenerationEvent.ToolCallStarted _, GenerationEvent.ToolCallArguments _ -> answer.add(event);
      case GenerationEvent.Finished end -> {
        Completion whole = answer.add(end).orElseThrow();
        List<ToolCall> calls = calls(whole);
        if (!calls.isEmpty()) {
          chunk(out, "", "", calls, List.of());
        }
        out.data(
            Json.object(json -> {
              head(json);
              content(json, "", "", List.of());
              end(json, end);
            }));
      }
    }
  }

  private void chunk(Frames out, String text, String thinking, List<ToolCall> calls, List<TokenLogprobs> logprobs)
      throws IOException {
    out.data(
        Json.object(json -> {
          head(json);
          content(json, text, thinking, calls);
          logprobs(json, logprobs);
          json.writeBooleanField("done", false);
        }));
  }

  /** The last line is that of the end of the one choice. */
  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) {}

  @Override
  public byte[] whole(List<Completion> answers) {
    Completion whole = answers.getFirst();
    return Json.object(json -> {
      head(json);
      content(json, whole.text(), whole.reasoning(), calls(whole));
      logprobs(json, whole.logprobs());
      end(json, UsageFields.end(whole));
    });
  }

  @Override
  public EventWriter choice(int index) {
    throw new IllegalArgumentException("An answer of this API has one choice.");
  }

  private void head(JsonGenerator json) throws IOException {
    json.writeStringField("model", model);
    json.writeStringField("created_at", Instant.now().toString());
  }

  private void content(JsonGenerator json, String text, String thinking, List<ToolCall> calls) throws IOException {
    if (!chat) {
      json.writeStringField("response", text);
      if (!thinking.isEmpty()) {
        json.writeStringField("thinking", thinking);
      }
      return;
    }
    json.writeObjectFieldStart("message");
    json.writeStringField("role", "assistant");
    json.writeStringField("content", text);
    if (!thinking.isEmpty()) {
      json.writeStringField("thinking", thinking);
    }
    if (!calls.isEmpty()) {
      json.writeArrayFieldStart("tool_calls");
      for (int i = 0; i < calls.size(); i++) {
        ToolCall call = calls.get(i);
        json.writeStartObject();
        json.writeStringField("id", call.id());
        json.writeObjectFieldStart("function");
        json.writeNumberField("index", i);
        json.writeStringField("name", call.name());
        json.writeFieldName("arguments");
        json.writeRawValue(call.arguments());
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }

  /** The calls whose arguments are an object; one that was cut off is no call. */
  private static List<ToolCall> calls(Completion answer) {
    return answer.reason() == FinishReason.TOOL_CALLS
        ? answer.toolCalls()
        : answer.toolCalls().stream().filter(call -> isObject(call.arguments())).toList();
  }

  private static boolean isObject(String arguments) {
    try {
      return JSON.readTree(arguments).isObject();
    } catch (JsonProcessingException cutOff) {
      return false;
    }
  }

  private void logprobs(JsonGenerator json, List<TokenLogprobs> tokens) throws IOException {
    if (tokens.isEmpty() || topLogprobs < 0) {
      return;
    }
    json.writeArrayFieldStart("logprobs");
    for (TokenLogprobs token : tokens) {
      json.writeStartObject();
      logprob(json, token.chosen());
      json.writeArrayFieldStart("top_logprobs");
      for (TokenLogprob other : token.top().subList(0, Math.min(topLogprobs, token.top().size()))) {
        json.writeStartObject();
        logprob(json, other);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void logprob(JsonGenerator json, TokenLogprob token) throws IOException {
    byte[] bytes = tokenBytes.apply(token.token());
    json.writeStringField("token", new String(bytes, StandardCharsets.UTF_8));
    json.writeNumberField("logprob", token.logprob());
    json.writeArrayFieldStart("bytes");
    for (byte one : bytes) {
      json.writeNumber(one & 0xFF);
    }
    json.writeEndArray();
  }

  private static void end(JsonGenerator json, GenerationEvent.Finished end) throws IOException {
    json.writeBooleanField("done", true);
    json.writeStringField("done_reason", reason(end.reason()));
    json.writeNumberField("total_duration", end.timings().total().toNanos());
    // The models are loaded before the first request.
    json.writeNumberField("load_duration", 0);
    json.writeNumberField("prompt_eval_count", end.usage().promptTokens());
    json.writeNumberField("prompt_eval_duration", end.timings().prefill().toNanos());
    json.writeNumberField("eval_count", end.usage().completionTokens());
    json.writeNumberField("eval_duration", end.timings().decode().toNanos());
  }

  private static String reason(FinishReason reason) {
    return switch (reason) {
      case STOP, STOP_TEXT, TOOL_CALLS -> "stop";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "length";
      case CANCELLED -> throw new IllegalArgumentException("A cancelled generation has no answer.");
    };
  }
}
