package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes the answer of {@code /infill} in llama-server's own shape. */
final class InfillWriter implements EventWriter {
  private static final byte[] BEFORE = ascii("{\"index\":0,\"content\":\"");
  private static final byte[] AFTER = ascii("\",\"tokens\":[],\"stop\":false}");

  private final String model;

  InfillWriter(String model) {
    this.model = model;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void begin(Frames out) {}

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    switch (event) {
      case GenerationEvent.Text piece -> {
        if (!piece.text().isEmpty()) {
          out.data(BEFORE, Json.escape(piece.text()), AFTER);
        }
      }
      case GenerationEvent.Finished end -> out.data(last("", end));
      case GenerationEvent other ->
          throw new IllegalArgumentException("An infill has only text, but got " + other + ".");
    }
  }

  /** llama-server sends no {@code [DONE]} in its own shape. */
  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) {}

  @Override
  public byte[] whole(List<Completion> answers) {
    Completion answer = answers.getFirst();
    return last(answer.text(), UsageFields.end(answer));
  }

  @Override
  public EventWriter choice(int index) {
    throw new IllegalArgumentException("An infill has one choice.");
  }

  private byte[] last(String content, GenerationEvent.Finished end) {
    return Json.object(json -> last(json, content, end));
  }

  private void last(JsonGenerator json, String content, GenerationEvent.Finished end) throws IOException {
    boolean full = end.reason() == FinishReason.CONTEXT_FULL || end.usage().discardedTokens() > 0;
    json.writeNumberField("index", 0);
    json.writeStringField("content", content);
    json.writeArrayFieldStart("tokens");
    json.writeEndArray();
    json.writeBooleanField("stop", true);
    json.writeStringField("model", model);
    json.writeNumberField("tokens_predicted", end.usage().completionTokens());
    json.writeNumberField("tokens_evaluated", end.usage().promptTokens());
    json.writeBooleanField("truncated", full);
    json.writeStringField("stop_type", stopType(end.reason()));
    json.writeNumberField("tokens_cached", end.usage().cachedTokens());
    UsageFields.timings(json, List.of(end));
  }

  private static String stopType(FinishReason reason) {
    return switch (reason) {
      case STOP -> "eos";
      case STOP_TEXT -> "word";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "limit";
      case TOOL_CALLS, CANCELLED -> throw new IllegalArgumentException("An infill does not end by " + reason + ".");
    };
  }
}
