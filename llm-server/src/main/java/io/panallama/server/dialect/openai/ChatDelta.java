package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.chat.ToolCall;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.search.answer.Citation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Writes the parts of a chat answer other than plain text, in OpenAI's shapes: reasoning, tool calls, log-probabilities. */
final class ChatDelta {
  private ChatDelta() {}

  /** The form of tool calls. */
  enum Calls {
    /** A stream has the name first, then the arguments in pieces. */
    PIECES,
    /** The end of a stream has all calls, as Mistral's API gives them: its clients read no pieces. The counts of tokens come unasked. */
    WHOLE,
    /** The form that OpenAI had before there were several calls in an answer. */
    OLDER
  }

  static void reasoning(JsonGenerator json, GenerationEvent.Reasoning piece) throws IOException {
    json.writeStringField("reasoning_content", piece.text());
  }

  static void started(JsonGenerator json, GenerationEvent.ToolCallStarted call, Calls form) throws IOException {
    if (form == Calls.OLDER) {
      function(json, "function_call", call.name(), "");
      return;
    }
    json.writeArrayFieldStart("tool_calls");
    json.writeStartObject();
    json.writeNumberField("index", call.index());
    call(json, call.id(), call.name(), "");
    json.writeEndObject();
    json.writeEndArray();
  }

  static void arguments(JsonGenerator json, GenerationEvent.ToolCallArguments piece, Calls form) throws IOException {
    if (form == Calls.OLDER) {
      function(json, "function_call", null, piece.json());
      return;
    }
    json.writeArrayFieldStart("tool_calls");
    json.writeStartObject();
    json.writeNumberField("index", piece.index());
    function(json, "function", null, piece.json());
    json.writeEndObject();
    json.writeEndArray();
  }

  static void whole(JsonGenerator json, List<ToolCallPieces.Whole> calls) throws IOException {
    json.writeArrayFieldStart("tool_calls");
    for (ToolCallPieces.Whole whole : calls) {
      json.writeStartObject();
      json.writeNumberField("index", whole.index());
      call(json, whole.call().id(), whole.call().name(), whole.call().arguments());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static void toolCalls(JsonGenerator json, List<ToolCall> calls, Calls form) throws IOException {
    if (form == Calls.OLDER) {
      function(json, "function_call", calls.getFirst().name(), calls.getFirst().arguments());
      return;
    }
    json.writeArrayFieldStart("tool_calls");
    for (ToolCall call : calls) {
      json.writeStartObject();
      call(json, call.id(), call.name(), call.arguments());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void call(JsonGenerator json, String id, String name, String arguments) throws IOException {
    json.writeStringField("id", id);
    json.writeStringField("type", "function");
    function(json, "function", name, arguments);
  }

  private static void function(JsonGenerator json, String field, @Nullable String name, String arguments)
      throws IOException {
    json.writeObjectFieldStart(field);
    if (name != null) {
      json.writeStringField("name", name);
    }
    json.writeStringField("arguments", arguments);
    json.writeEndObject();
  }

  /** What the text cites, at offsets in code points. */
  static void annotations(JsonGenerator json, List<Citation> citations) throws IOException {
    json.writeArrayFieldStart("annotations");
    for (Citation citation : citations) {
      json.writeStartObject();
      json.writeStringField("type", "file_citation");
      json.writeObjectFieldStart("file_citation");
      json.writeNumberField("index", citation.codePoint());
      json.writeStringField("file_id", citation.source().id());
      json.writeStringField("filename", citation.source().name());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /**
   * @param bytes the bytes of a token
   * @param top how many alternatives to give of those that are there
   */
  static void logprobs(JsonGenerator json, List<TokenLogprobs> tokens, int top, IntFunction<byte[]> bytes)
      throws IOException {
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("content");
    for (TokenLogprobs token : tokens) {
      json.writeStartObject();
      token(json, token.chosen(), bytes);
      json.writeArrayFieldStart("top_logprobs");
      for (TokenLogprob alternative : token.top().subList(0, Math.min(top, token.top().size()))) {
        json.writeStartObject();
        token(json, alternative, bytes);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNullField("refusal");
    json.writeEndObject();
  }

  /** A token may be part of a character, in which case only its bytes are exact. */
  private static void token(JsonGenerator json, TokenLogprob token, IntFunction<byte[]> bytes) throws IOException {
    byte[] text = bytes.apply(token.token());
    json.writeStringField("token", new String(text, StandardCharsets.UTF_8));
    json.writeNumberField("logprob", token.logprob());
    json.writeArrayFieldStart("bytes");
    for (byte one : text) {
      json.writeNumber(Byte.toUnsignedInt(one));
    }
    json.writeEndArray();
  }
}
