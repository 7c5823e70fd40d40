package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The operator's view of what runs and what waits, and the way to end one of them. Of several models it is about the default one, or
 * about the one that the parameter {@code model} names.
 */
final class SlotRoutes {
  private SlotRoutes() {}

  /**
   * The slots, and behind them what waits for one. A sequence keeps no slot of its own here, so the busy ones come first, the oldest
   * sequence before the others; {@code id_task} is what names a sequence for as long as it lives. Each row tells the memory of all of
   * them, which share one context.
   */
  static Answer list(ClientRequest request, Registry registry) {
    Registry.Ready ready = registry.checkReady().getFirst();
    Optional<Registry.Generating> generating = registry.generating(request.query("model").orElse(null));
    request.ignoreUnknownQuery();
    List<ActiveGeneration> all = generating.map(found -> found.engine().generations()).orElse(List.of());
    EngineStats stats = generating.flatMap(found -> found.engine().stats()).or(ready::stats).orElse(null);
    int contextSize = generating.map(Registry.Generating::model).orElse(ready.model()).contextSize();
    List<ActiveGeneration> running = in(ActiveGeneration.State.RUNNING, all);
    List<ActiveGeneration> waiting = in(ActiveGeneration.State.WAITING, all);
    int slots = stats == null ? 1 : stats.slots();
    int busy = stats == null ? 0 : stats.running();
    List<MemoryUse> memory = stats == null ? List.of() : stats.detail().memory();
    return Answer.json(
        Json.array(json -> {
          for (int slot = 0; slot < Math.max(slots, running.size()); slot++) {
            begin(json, slot, contextSize, slot < Math.max(busy, running.size()), false);
            if (slot < running.size()) {
              write(json, running.get(slot));
            }
            writeMemory(json, memory);
            json.writeEndObject();
          }
          for (int i = 0; i < waiting.size(); i++) {
            begin(json, Math.max(slots, running.size()) + i, contextSize, true, true);
            write(json, waiting.get(i));
            json.writeEndObject();
          }
        }));
  }

  private static List<ActiveGeneration> in(ActiveGeneration.State state, List<ActiveGeneration> all) {
    return all.stream().filter(one -> one.state() == state).toList();
  }

  private static void begin(JsonGenerator json, int id, int contextSize, boolean busy, boolean waits)
      throws IOException {
    json.writeStartObject();
    json.writeNumberField("id", id);
    json.writeNumberField("n_ctx", contextSize);
    json.writeBooleanField("speculative", false);
    // So that who counts idle slots counts none while something waits.
    json.writeBooleanField("is_processing", busy);
    json.writeBooleanField("is_waiting", waits);
  }

  private static void write(JsonGenerator json, ActiveGeneration one) throws IOException {
    json.writeNumberField("id_task", one.id());
    json.writeNumberField("age_ms", one.age().toMillis());
    json.writeNumberField("n_prompt_tokens", one.promptTokens());
    json.writeNumberField("n_prompt_tokens_processed", one.processedTokens() - one.cachedTokens());
    json.writeNumberField("n_prompt_tokens_cache", one.cachedTokens());
    json.writeArrayFieldStart("next_token");
    json.writeStartObject();
    json.writeBooleanField("has_next_token", true);
    json.writeNumberField("n_remain", remaining(one));
    json.writeNumberField("n_decoded", one.generatedTokens());
    json.writeEndObject();
    json.writeEndArray();
    json.writeNumberField("priority", one.priority());
    String key = one.tenant().id();
    json.writeStringField("key", key.isEmpty() ? null : key);
  }

  /** -1 if only the context limits it, as llama-server has it. */
  private static int remaining(ActiveGeneration one) {
    return one.maxTokens() == GenerationOptions.UNLIMITED ? -1 : Math.max(0, one.maxTokens() - one.generatedTokens());
  }

  /** What llama.cpp holds for all slots together, in bytes. */
  private static void writeMemory(JsonGenerator json, List<MemoryUse> memory) throws IOException {
    json.writeArrayFieldStart("memory");
    for (MemoryUse use : memory) {
      json.writeStartObject();
      json.writeStringField("device", use.device());
      json.writeNumberField("model", use.model());
      json.writeNumberField("context", use.context());
      json.writeNumberField("compute", use.compute());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** Ends the sequence that {@code id_task} names. Its client is told that the operator did it. */
  static Answer cancel(ClientRequest request, Registry registry) {
    Optional<Registry.Generating> generating = registry.generating(request.query("model").orElse(null));
    request.ignoreUnknownQuery();
    long id = id(request.rest());
    if (!generating.map(found -> found.engine().cancel(id)).orElse(false)) {
      throw ApiException.invalid(
          404,
          "id_task",
          "not_found",
          "No request with the id_task " + id + " runs or waits; GET /slots lists those that do.");
    }
    return Answer.json(
        Json.object(json -> {
          json.writeNumberField("id_task", id);
          json.writeBooleanField("cancelled", true);
        }));
  }

  private static long id(String text) {
    if (!text.matches("[1-9][0-9]{0,17}")) {
      throw ApiException.invalid(
          "id_task",
          "id_task must be a whole number from 1 on, as GET /slots has it; the path ends with another text.");
    }
    return Long.parseLong(text);
  }
}
