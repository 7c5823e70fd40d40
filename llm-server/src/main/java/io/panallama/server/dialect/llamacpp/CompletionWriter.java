package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.GenerationRequest;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * Writes answers in llama-server's own shape. Several answers are an array; a stream numbers its chunks by {@code index} and has
 * no {@code [DONE]}.
 */
final class CompletionWriter implements EventWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** llama-server's number of no slot: here a sequence has none for itself. */
  private static final int NO_SLOT = -1;

  private final CompletionOptions wanted;
  private final GenerationRequest request;
  private final List<String> prompts;
  private final String model;
  private final IntFunction<byte[]> tokenBytes;
  private final int index;

  /** What a stream has written so far. */
  private boolean newLine;

  private int predicted;
  private OptionalInt evaluated = OptionalInt.empty();
  private final Telemetry telemetry;

  private CompletionWriter(
      CompletionOptions wanted,
      GenerationRequest request,
      List<String> prompts,
      String model,
      IntFunction<byte[]> tokenBytes,
      int index) {
    this.wanted = wanted;
    this.request = request;
    this.prompts = prompts;
    this.model = model;
    this.tokenBytes = tokenBytes;
    this.index = index;
    this.telemetry = new Telemetry(wanted.common().telemetry());
  }

  /**
   * The writer of answer 0.
   *
   * @param request the first request; the others have the same options
   * @param prompts the prompts as texts; empty if the answers don't have them
   */
  static CompletionWriter of(
      CompletionOptions wanted,
      GenerationRequest request,
      List<String> prompts,
      String model,
      IntFunction<byte[]> tokenBytes) {
    return new CompletionWriter(wanted, request, prompts, model, tokenBytes, 0);
  }

  @Override
  public EventWriter choice(int other) {
    return new CompletionWriter(wanted, request, prompts, model, tokenBytes, other);
  }

  @Override
  public void promptTokens(int tokens) {
    evaluated = OptionalInt.of(tokens);
  }

  @Override
  public void begin(Frames out) {}

  @Override
  public boolean wantsPromptProgress() {
    return telemetry.wantsPrompt();
  }

  @Override
  public void promptProgress(PromptProgress state, Frames out) throws IOException {
    if (telemetry.take(state)) {
      out.data(
          Json.object(json -> {
            chunk(json, new GenerationEvent.Text("", List.of()));
            telemetry.progress(json);
          }));
    }
  }

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    telemetry.take(event);
    switch (event) {
      case GenerationEvent.Text piece -> {
        newLine |= piece.text().contains("\n");
        predicted += piece.logprobs().size();
        if (!piece.text().isEmpty() || !piece.logprobs().isEmpty()) {
          out.data(Json.object(json -> chunk(json, piece)));
        }
      }
      case GenerationEvent.Finished end ->
          out.data(filtered(Json.object(json -> last(json, "", List.of(), newLine, end))));
      case GenerationEvent other ->
          throw new IllegalArgumentException("A completion has only text, but got " + other + ".");
    }
  }

  private void chunk(JsonGenerator json, GenerationEvent.Text piece) throws IOException {
    json.writeNumberField("index", index);
    json.writeStringField("content", piece.text());
    tokens(json, piece.logprobs());
    json.writeBooleanField("stop", false);
    json.writeNumberField("id_slot", NO_SLOT);
    json.writeNumberField("tokens_predicted", predicted);
    if (evaluated.isPresent()) {
      json.writeNumberField("tokens_evaluated", evaluated.getAsInt());
    }
    telemetry.timings(json);
    probabilities(json, piece.logprobs());
  }

  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) {}

  @Override
  public byte[] whole(List<Completion> answers) {
    if (answers.size() == 1) {
      return whole(answers.getFirst(), 0);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < answers.size(); i++) {
      all.write(i == 0 ? '[' : ',');
      all.writeBytes(whole(answers.get(i), i));
    }
    all.write(']');
    return all.toByteArray();
  }

  private byte[] whole(Completion answer, int number) {
    CompletionWriter writer = new CompletionWriter(wanted, request, prompts, model, tokenBytes, number);
    boolean lines = answer.text().contains("\n");
    return filtered(
        Json.object(json -> {
          writer.last(
              json,
              answer.text(),
              wanted.tokens() ? answer.logprobs() : List.of(),
              lines,
              new GenerationEvent.Finished(answer.reason(), answer.usage(), answer.timings(), answer.stopText()));
          writer.probabilities(json, answer.logprobs());
        }));
  }

  private void last(
      JsonGenerator json, String content, List<TokenLogprobs> tokens, boolean lines, GenerationEvent.Finished end)
      throws IOException {
    boolean full = end.reason() == FinishReason.CONTEXT_FULL || end.usage().discardedTokens() > 0;
    json.writeNumberField("index", index);
    json.writeStringField("content", content);
    tokens(json, tokens);
    json.writeNumberField("id_slot", NO_SLOT);
    json.writeBooleanField("stop", true);
    json.writeStringField("model", model);
    json.writeNumberField("tokens_predicted", end.usage().completionTokens());
    json.writeNumberField("tokens_evaluated", end.usage().promptTokens());
    json.writeObjectFieldStart("generation_settings");
    GenerationSettings.write(json, request.options(), wanted);
    json.writeEndObject();
    if (!prompts.isEmpty()) {
      json.writeStringField("prompt", prompts.get(index / wanted.common().choices()));
    }
    json.writeBooleanField("has_new_line", lines);
    json.writeBooleanField("truncated", full);
    json.writeStringField("stop_type", stopType(end.reason()));
    json.writeStringField("stopping_word", end.stopText());
    json.writeNumberField("tokens_cached", end.usage().cachedTokens());
    UsageFields.timings(json, List.of(end));
  }

  private static String stopType(FinishReason reason) {
    return switch (reason) {
      case STOP -> "eos";
      case STOP_TEXT -> "word";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "limit";
      case TOOL_CALLS, CANCELLED -> throw new IllegalArgumentException("A completion does not end by " + reason + ".");
    };
  }

  private static void tokens(JsonGenerator json, List<TokenLogprobs> tokens) throws IOException {
    json.writeArrayFieldStart("tokens");
    for (TokenLogprobs token : tokens) {
      json.writeNumber(token.chosen().token());
    }
    json.writeEndArray();
  }

  private void probabilities(JsonGenerator json, List<TokenLogprobs> tokens) throws IOException {
    if (wanted.probabilities() == 0 || tokens.isEmpty()) {
      return;
    }
    json.writeArrayFieldStart("completion_probabilities");
    for (TokenLogprobs token : tokens) {
      json.writeStartObject();
      token(json, token.chosen());
      json.writeArrayFieldStart(wanted.afterSampling() ? "top_probs" : "top_logprobs");
      for (TokenLogprob one : token.top().subList(0, Math.min(wanted.probabilities(), token.top().size()))) {
        json.writeStartObject();
        token(json, one);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void token(JsonGenerator json, TokenLogprob token) throws IOException {
    byte[] bytes = tokenBytes.apply(token.token());
    json.writeNumberField("id", token.token());
    json.writeStringField("token", new String(bytes, StandardCharsets.UTF_8));
    json.writeArrayFieldStart("bytes");
    for (byte one : bytes) {
      json.writeNumber(Byte.toUnsignedInt(one));
    }
    json.writeEndArray();
    if (wanted.afterSampling()) {
      json.writeNumberField("prob", (float) Math.exp(token.logprob()));
    } else {
      // JSON has no infinity; llama-server writes the lowest number, too.
      json.writeNumberField("logprob", Math.max(token.logprob(), -Float.MAX_VALUE));
    }
  }

  /** The fields that are wanted; a path with slashes is the name of the value at its end. */
  private byte[] filtered(byte[] document) {
    if (wanted.fields().isEmpty()) {
      return document;
    }
    try {
      JsonNode all = JSON.readTree(document);
      ObjectNode some = JSON.createObjectNode();
      for (String path : wanted.fields()) {
        JsonNode value = all;
        for (String name : path.split("/", -1)) {
          value = value.path(name);
        }
        if (!value.isMissingNode()) {
          some.set(path, value);
        }
      }
      return JSON.writeValueAsBytes(some);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }
}
