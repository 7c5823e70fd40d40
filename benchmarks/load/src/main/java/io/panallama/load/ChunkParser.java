package io.panallama.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Reads the needed fields of a chunk of a streamed answer, token by token of the JSON and without a tree: whether it has
 * text, and the figures at the end of an answer. Understands {@code /v1/chat/completions} and {@code /v1/completions}.
 *
 * <p>Not safe for use by several threads at a time.
 */
final class ChunkParser {
  static final int UNKNOWN = -1;

  private static final JsonFactory FACTORY = new JsonFactory();

  private final StringBuilder text = new StringBuilder();
  private final boolean keepText;
  private boolean hasText;
  private String finishReason = "";
  private String error = "";
  private int promptTokens = UNKNOWN;
  private int completionTokens = UNKNOWN;
  private int endedTokens = UNKNOWN;
  private boolean hasChoice;
  private int chunkTokens = UNKNOWN;
  private int cachedTokens = UNKNOWN;
  private double queuedMillis = UNKNOWN;

  /**
   * @param keepText whether to keep the {@link #text}
   */
  ChunkParser(boolean keepText) {
    this.keepText = keepText;
  }

  /**
   * Reads one chunk.
   *
   * @return whether it has text of the answer: content, reasoning, or a part of a tool call
   * @throws IOException if it is not a JSON object
   */
  boolean read(byte[] data, int length) throws IOException {
    hasText = false;
    hasChoice = false;
    chunkTokens = UNKNOWN;
    try (JsonParser json = FACTORY.createParser(data, 0, length)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new JsonParseException(json, "not a JSON object");
      }
      fields(json, this::chunkField);
    }
    count();
    return hasText;
  }

  /**
   * Counts the tokens of {@code usage}. A chunk without choices has those of a whole answer, and llama-server sends one for
   * each answer of a request for several; with choices, the count is the one so far.
   */
  private void count() {
    if (chunkTokens == UNKNOWN) {
      return;
    }
    if (hasChoice) {
      completionTokens = chunkTokens;
    } else {
      endedTokens = Math.max(0, endedTokens) + chunkTokens;
    }
  }

  private interface Field {
    void read(String name, JsonParser json) throws IOException;
  }

  /** Reads the fields of the object that was just entered; the parser stands on each value. */
  private static void fields(JsonParser json, Field field) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      field.read(name, json);
    }
  }

  private void chunkField(String name, JsonParser json) throws IOException {
    switch (name) {
      case "choices" -> choices(json);
      case "usage" -> object(json, this::usageField);
      case "timings" -> object(json, this::timingField);
      case "error" -> error(json);
      default -> json.skipChildren();
    }
  }

  private static void object(JsonParser json, Field field) throws IOException {
    if (json.currentToken() == JsonToken.START_OBJECT) {
      fields(json, field);
    } else {
      json.skipChildren();
    }
  }

  private void choices(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      json.skipChildren();
      return;
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      hasChoice = true;
      object(json, this::choiceField);
    }
  }

  private void choiceField(String name, JsonParser json) throws IOException {
    switch (name) {
      case "delta" -> object(json, this::deltaField);
      case "text" -> text(json, true);
      case "finish_reason" -> {
        if (json.currentToken() == JsonToken.VALUE_STRING) {
          finishReason = json.getText();
        }
      }
      default -> json.skipChildren();
    }
  }

  private void deltaField(String name, JsonParser json) throws IOException {
    switch (name) {
      case "content" -> text(json, true);
      case "reasoning_content", "reasoning" -> text(json, false);
      case "tool_calls" -> {
        if (json.currentToken() == JsonToken.START_ARRAY) {
          // An empty array is a field that some servers always send.
          while (json.nextToken() != JsonToken.END_ARRAY) {
            hasText = true;
            json.skipChildren();
          }
        }
        json.skipChildren();
      }
      default -> json.skipChildren();
    }
  }

  private void text(JsonParser json, boolean keep) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_STRING && json.getTextLength() > 0) {
      hasText = true;
      if (keepText && keep) {
        text.append(json.getText());
      }
    }
    json.skipChildren();
  }

  private void usageField(String name, JsonParser json) throws IOException {
    switch (name) {
      case "prompt_tokens" -> promptTokens = json.getValueAsInt(UNKNOWN);
      case "completion_tokens" -> chunkTokens = json.getValueAsInt(UNKNOWN);
      case "prompt_tokens_details" ->
          object(
              json,
              (detail, inner) -> {
                if (detail.equals("cached_tokens")) {
                  cachedTokens = inner.getValueAsInt(UNKNOWN);
                }
                inner.skipChildren();
              });
      default -> json.skipChildren();
    }
  }

  private void timingField(String name, JsonParser json) throws IOException {
    if (name.equals("queued_ms")) {
      queuedMillis = json.getValueAsDouble(UNKNOWN);
    }
    json.skipChildren();
  }

  private void error(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    error = "an error without a message";
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      error = json.getText();
    }
    object(
        json,
        (name, inner) -> {
          if (name.equals("message") && inner.currentToken() == JsonToken.VALUE_STRING) {
            error = inner.getText();
          }
          inner.skipChildren();
        });
  }

  /** The text of all chunks so far, without reasoning; empty unless it is kept. */
  String text() {
    return text.toString();
  }

  /** The finish reason, empty if there was none. */
  String finishReason() {
    return finishReason;
  }

  /** The message of an error that a chunk carried; empty if none did. */
  String error() {
    return error;
  }

  /** Prompt tokens from {@code usage}; like the next two, {@link #UNKNOWN} if the server did not give them. */
  int promptTokens() {
    return promptTokens;
  }

  int completionTokens() {
    return endedTokens == UNKNOWN ? completionTokens : endedTokens;
  }

  int cachedTokens() {
    return cachedTokens;
  }

  /** The wait for a slot that the server reports ({@code timings.queued_ms}); {@link #UNKNOWN} if it reports none. */
  double queuedMillis() {
    return queuedMillis;
  }
}
