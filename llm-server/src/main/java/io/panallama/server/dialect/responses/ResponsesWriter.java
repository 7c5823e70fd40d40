package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.FileSearch;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a response, whole or as its events.
 *
 * <p>The first events and the last one have the response; between them are those of its items, see {@link ItemStream}.
 */
final class ResponsesWriter implements EventWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ResponseDocument response;
  private final Shape shape;
  private final Logprobs logprobs;
  private final FileSearch files;
  private final Keeper keeper;
  private final Telemetry telemetry;

  private final ItemStream items;

  /** Log-probabilities of tokens without text, which go with the next piece of it. */
  private final List<TokenLogprobs> pending = new ArrayList<>();

  /** Keeps a response when it has ended. */
  @FunctionalInterface
  interface Keeper {
    /** Keeps this document, with the items that the model made. */
    void keep(ObjectNode document, List<ObjectNode> output);
  }

  ResponsesWriter(
      ResponseDocument response,
      Shape shape,
      Logprobs logprobs,
      Telemetry.Wanted telemetry,
      FileSearch files,
      Keeper keeper) {
    this.telemetry = new Telemetry(telemetry);
    this.response = response;
    this.shape = shape;
    this.logprobs = logprobs;
    this.files = files;
    this.keeper = keeper;
    items = new ItemStream(shape, Items::id, this.telemetry::timings, files.found().sources());
  }

  @Override
  public String id() {
    return response.id();
  }

  @Override
  public byte[] whole(List<Completion> answers) {
    Completion answer = answers.getFirst();
    List<ObjectNode> whole = new ArrayList<>();
    if (files.isWanted()) {
      whole.add(Items.fileSearch(Items.id("fs"), Items.COMPLETED, queries(), results()));
    }
    whole.addAll(OutputItems.of(answer, shape, logprobs, files.found().sources()));
    ObjectNode document = document(answer, whole);
    keeper.keep(document, whole);
    document.set("timings", timings(UsageFields.end(answer)));
    return OutputItems.bytes(document);
  }

  private ArrayNode queries() {
    ArrayNode queries = Items.array();
    files.found().queries().forEach(queries::add);
    return queries;
  }

  private JsonNode results() {
    return shape.searchResults() ? SearchResults.of(files.found().results()) : NullNode.instance;
  }

  /** The response of a whole answer with these items. */
  private ObjectNode document(Completion answer, List<ObjectNode> output) {
    return response.ended(answer.reason(), output, answer.usage());
  }

  @Override
  public void begin(Frames out) throws IOException {
    ObjectNode document = response.inProgress();
    items.send(out, "response.created", json -> ItemStream.raw(json, "response", document));
    items.send(out, "response.in_progress", json -> ItemStream.raw(json, "response", document));
    if (files.isWanted()) {
      items.fileSearch(queries(), results(), out);
    }
  }

  @Override
  public boolean wantsPromptProgress() {
    return telemetry.wantsPrompt();
  }

  @Override
  public void promptProgress(PromptProgress state, Frames out) throws IOException {
    if (telemetry.take(state)) {
      ObjectNode document = response.inProgress();
      items.send(
          out,
          "response.in_progress",
          json -> {
            ItemStream.raw(json, "response", document);
            telemetry.progress(json);
          });
    }
  }

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    telemetry.take(event);
    switch (event) {
      case GenerationEvent.Text piece -> {
        pending.addAll(piece.logprobs());
        if (!piece.text().isEmpty()) {
          ArrayNode tokens = logprobs.of(pending);
          pending.clear();
          items.text(piece.text(), tokens, out);
        }
      }
      case GenerationEvent.Reasoning piece -> {
        if (!piece.text().isEmpty()) {
          items.reasoning(piece.text(), out);
        }
      }
      case GenerationEvent.ToolCallStarted call -> items.call(call.id(), call.name(), out);
      case GenerationEvent.ToolCallArguments piece -> items.arguments(piece.json(), out);
      case GenerationEvent.PromptLogprobs _, GenerationEvent.Finished _ -> {}
    }
  }

  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException {
    GenerationEvent.Finished end = ends.getFirst();
    if (items.isEmpty()) {
      items.message(out);
    }
    items.finish(isCut(end.reason()) ? Items.INCOMPLETE : Items.COMPLETED, out);
    ObjectNode document = response.ended(end.reason(), items.output(), end.usage());
    keeper.keep(document, items.output());
    boolean limited = ResponseDocument.limit(end.reason()).isPresent();
    items.send(
        out,
        limited ? "response.incomplete" : "response.completed",
        json -> {
          ItemStream.raw(json, "response", document);
          ItemStream.raw(json, "timings", timings(end));
        });
  }

  /** Whether the open item lacks its end: a call whose arguments are not complete, and at a limit any other item. */
  private boolean isCut(FinishReason reason) {
    String call = items.openCall();
    return call == null ? items.isOpen() && ResponseDocument.limit(reason).isPresent() : !ToolCall.isWhole(call);
  }

  /** Ends the stream of a response that was cancelled; nothing of it is kept. */
  void cancelled(Frames out) throws IOException {
    items.finish(Items.INCOMPLETE, out);
    ObjectNode document = response.cancelled();
    keeper.keep(document, List.of());
    items.send(out, "response.incomplete", json -> ItemStream.raw(json, "response", document));
  }

  /** OpenAI sends both events: one with the error, one with the response. */
  @Override
  public void failed(ApiException error, byte[] document, Frames out) throws IOException {
    items.send(
        out,
        "error",
        json -> {
          json.writeStringField("code", error.code());
          json.writeStringField("message", error.text());
          json.writeStringField("param", error.param());
        });
    ObjectNode failed = response.failed(error, items.output());
    keeper.keep(failed, List.of());
    items.send(out, "response.failed", json -> ItemStream.raw(json, "response", failed));
  }

  @Override
  public EventWriter choice(int index) {
    throw new IllegalArgumentException("A response has one choice.");
  }

  private static JsonNode timings(GenerationEvent.Finished end) {
    try {
      return JSON.readTree(Json.object(json -> UsageFields.timings(json, List.of(end)))).path("timings");
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }
}
