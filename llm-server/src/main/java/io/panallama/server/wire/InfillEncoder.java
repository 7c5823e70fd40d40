package io.panallama.server.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Encodes the answer of {@code /infill} in llama-server's own shape. */
public final class InfillEncoder implements AnswerShape {
  private static final byte[] BEFORE = ascii("{\"index\":0,\"content\":\"");
  private static final byte[] AFTER = ascii("\",\"tokens\":[],\"stop\":false}");

  private final String model;

  private InfillEncoder(String model) {
    this.model = model;
  }

  /**
   * @see AnswerShape.Factory#create
   */
  public static InfillEncoder create(String model, ApiRequest request, IntFunction<byte[]> tokenBytes) {
    return new InfillEncoder(model);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public byte @Nullable [] opening() {
    return null;
  }

  @Override
  public byte[] beforeText() {
    return BEFORE;
  }

  @Override
  public byte[] afterText() {
    return AFTER;
  }

  @Override
  public byte[] piece(GenerationEvent event) {
    throw new IllegalArgumentException("An infill has text only, and no " + event + ".");
  }

  @Override
  public byte[] ending(GenerationEvent.Finished end) {
    return last("", end);
  }

  /** llama-server sends no {@code [DONE]} in its own shape. */
  @Override
  public List<byte[]> trailer(List<GenerationEvent.Finished> ends) {
    return List.of();
  }

  @Override
  public byte[] whole(List<WholeAnswer> answers, List<GenerationEvent.Finished> ends) {
    return last(answers.getFirst().text(), ends.getFirst());
  }

  @Override
  public AnswerShape choice(int index) {
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
