package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Usage;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampler;
import io.panallama.server.dialect.ApiException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the object of a response, in each of its states. */
final class ResponseDocument {
  private final String id = Items.id("resp");
  private final long createdAt = Instant.now().getEpochSecond();
  private final String model;
  private final ObjectNode echo;

  /**
   * A response that has just been created.
   *
   * @param echo the fields that it repeats of its request
   * @param request has the sampling that is in force
   */
  ResponseDocument(ObjectNode echo, GenerationRequest request, String model) {
    this.model = model;
    this.echo = echo.deepCopy();
    float temperature = 1;
    float topP = 1;
    for (Sampler stage : request.options().sampling().chain()) {
      switch (stage) {
        case Sampler.Temperature one -> temperature = one.t();
        case Sampler.DynamicTemperature one -> temperature = one.t();
        case Sampler.Greedy _ -> temperature = 0;
        case Sampler.TopP one -> topP = one.p();
        default -> {}
      }
    }
    this.echo.put("temperature", temperature);
    this.echo.put("top_p", topP);
  }

  String id() {
    return id;
  }

  /** While it is being made. */
  ObjectNode inProgress() {
    return document(Items.IN_PROGRESS, List.of(), null);
  }

  /** What a response looked like while it was being made. */
  static ObjectNode begun(ObjectNode document) {
    ObjectNode begun = document.deepCopy().put("status", Items.IN_PROGRESS);
    for (String later : List.of("completed_at", "error", "incomplete_details", "usage")) {
      begun.putNull(later);
    }
    begun.putArray("output");
    return begun;
  }

  /** When the generation has ended by itself or at a limit. */
  ObjectNode ended(FinishReason reason, List<ObjectNode> output, Usage usage) {
    Optional<String> limit = limit(reason);
    ObjectNode document = document(limit.isPresent() ? Items.INCOMPLETE : Items.COMPLETED, output, null);
    if (limit.isPresent()) {
      ObjectNode details = Items.object().put("reason", "max_output_tokens");
      document.set("incomplete_details", details.put("finish_detail", limit.get()));
    } else {
      document.put("completed_at", Instant.now().getEpochSecond());
    }
    document.set("usage", usage(usage));
    return document;
  }

  /** When it was cancelled. */
  ObjectNode cancelled() {
    return document("cancelled", List.of(), null);
  }

  /** When the server failed to make it. */
  ObjectNode failed(ApiException error, List<ObjectNode> output) {
    String code = error.code();
    ObjectNode described =
        Items.object().put("code", code == null ? "server_error" : code).put("message", error.text());
    return document("failed", output, described);
  }

  /** Which limit ended an answer; empty if none did. */
  static Optional<String> limit(FinishReason reason) {
    return switch (reason) {
      case LENGTH -> Optional.of("max_tokens");
      case CONTEXT_FULL -> Optional.of("context_full");
      case TIME_LIMIT -> Optional.of("time_limit");
      case STOP, STOP_TEXT, TOOL_CALLS, CANCELLED -> Optional.empty();
    };
  }

  private ObjectNode document(String status, List<ObjectNode> output, @Nullable JsonNode error) {
    ObjectNode document = Items.object();
    document.put("id", id).put("object", "response").put("created_at", createdAt).put("status", status);
    document.putNull("completed_at");
    document.set("error", error);
    document.putNull("incomplete_details");
    document.put("model", model);
    ArrayNode items = document.putArray("output");
    items.addAll(output);
    document.setAll(echo);
    document.putNull("usage");
    return document;
  }

  private static ObjectNode usage(Usage usage) {
    ObjectNode json = Items.object().put("input_tokens", usage.promptTokens());
    json.putObject("input_tokens_details").put("cached_tokens", usage.cachedTokens()).put("cache_write_tokens", 0);
    json.put("output_tokens", usage.completionTokens());
    json.putObject("output_tokens_details").put("reasoning_tokens", usage.reasoningTokens());
    json.put("total_tokens", usage.totalTokens());
    if (usage.discardedTokens() > 0) {
      json.put("discarded_tokens", usage.discardedTokens());
    }
    return json;
  }
}
