package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a response, whole or as its events.
 *
 * <p>Every event has the type as its name and in its data, and a number that counts up from 0. Items come one after the other:
 * an event of another kind ends the item that is open. The last event has the whole response.
 */
final class ResponsesWriter implements EventWriter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ResponseDocument response;
  private final Shape shape;
  private final Logprobs logprobs;
  private final Keeper keeper;
  private final Telemetry telemetry;

  private final List<ObjectNode> output = new ArrayList<>();
  private @Nullable Open open;
  private int sequence;

  /** Log-probabilities of tokens without text, which go with the next piece of it. */
  private final List<TokenLogprobs> pending = new ArrayList<>();

  private long thought;
  private long said;

  /** Keeps a response when it has ended. */
  @FunctionalInterface
  interface Keeper {
    /** Keeps this document, with the items that the model made. */
    void keep(ObjectNode document, List<ObjectNode> output);
  }

  /** An item that is being sent. */
  private static final class Open {
    final String type;
    final String id;
    final StringBuilder text = new StringBuilder();
    final ArrayNode logprobs = Items.array();
    String callId = "";
    String name = "";

    Open(String type, String id) {
      this.type = type;
      this.id = id;
    }
  }

  ResponsesWriter(
      ResponseDocument response, Shape shape, Logprobs logprobs, Telemetry.Wanted telemetry, Keeper keeper) {
    this.telemetry = new Telemetry(telemetry);
    this.response = response;
    this.shape = shape;
    this.logprobs = logprobs;
    this.keeper = keeper;
  }

  @Override
  public byte[] whole(List<Completion> answers) {
    Completion answer = answers.getFirst();
    List<ObjectNode> items = OutputItems.of(answer, shape, logprobs);
    ObjectNode document = document(answer, items);
    keeper.keep(document, items);
    document.set("timings", timings(UsageFields.end(answer)));
    return OutputItems.bytes(document);
  }

  /** The response of a whole answer with these items. */
  ObjectNode document(Completion answer, List<ObjectNode> items) {
    long calls = answer.toolCalls().stream().mapToLong(call -> call.name().length() + call.arguments().length()).sum();
    int reasoning =
        ResponseDocument.reasoningTokens(answer.usage(), answer.reasoning().length(), answer.text().length() + calls);
    return response.ended(answer.reason(), items, answer.usage(), reasoning);
  }

  @Override
  public void begin(Frames out) throws IOException {
    ObjectNode document = response.inProgress();
    send(out, "response.created", json -> raw(json, "response", document));
    send(out, "response.in_progress", json -> raw(json, "response", document));
  }

  @Override
  public boolean wantsPromptProgress() {
    return telemetry.wantsPrompt();
  }

  @Override
  public void promptProgress(PromptProgress state, Frames out) throws IOException {
    if (telemetry.take(state)) {
      ObjectNode document = response.inProgress();
      send(
          out,
          "response.in_progress",
          json -> {
            raw(json, "response", document);
            telemetry.progress(json);
          });
    }
  }

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    telemetry.take(event);
    switch (event) {
      case GenerationEvent.Text piece -> text(piece, out);
      case GenerationEvent.Reasoning piece -> reasoning(piece, out);
      case GenerationEvent.ToolCallStarted call -> {
        Open item = begin(Items.CALL, "fc", out);
        item.callId = call.id();
        item.name = call.name();
        said += call.name().length();
        added(Items.call(item.id, Items.IN_PROGRESS, call.id(), call.name(), ""), out);
      }
      case GenerationEvent.ToolCallArguments piece -> {
        Open item = open;
        if (item != null) {
          item.text.append(piece.json());
          said += piece.json().length();
          send(
              out,
              "response.function_call_arguments.delta",
              json -> {
                place(json, item);
                json.writeStringField("delta", piece.json());
              });
        }
      }
      case GenerationEvent.Finished _ -> {}
    }
  }

  private void text(GenerationEvent.Text piece, Frames out) throws IOException {
    pending.addAll(piece.logprobs());
    if (piece.text().isEmpty()) {
      return;
    }
    said += piece.text().length();
    Open item = message(out);
    item.text.append(piece.text());
    ArrayNode tokens = logprobs.of(pending);
    pending.clear();
    item.logprobs.addAll(tokens);
    send(
        out,
        "response.output_text.delta",
        json -> {
          part(json, item, "content_index");
          json.writeStringField("delta", piece.text());
          raw(json, "logprobs", tokens);
        });
  }

  private Open message(Frames out) throws IOException {
    Open before = open;
    if (before != null && before.type.equals(Items.MESSAGE)) {
      return before;
    }
    Open item = begin(Items.MESSAGE, "msg", out);
    added(Items.message(item.id, "assistant", Items.IN_PROGRESS, Items.array()), out);
    send(
        out,
        "response.content_part.added",
        json -> {
          part(json, item, "content_index");
          raw(json, "part", Items.outputText("", Items.array()));
        });
    return item;
  }

  private void reasoning(GenerationEvent.Reasoning piece, Frames out) throws IOException {
    if (piece.text().isEmpty()) {
      return;
    }
    Open before = open;
    Open item = before != null && before.type.equals(Items.REASONING) ? before : thinking(out);
    thought += piece.text().length();
    item.text.append(piece.text());
    send(
        out,
        "response.reasoning_text.delta",
        json -> {
          part(json, item, "content_index");
          json.writeStringField("delta", piece.text());
        });
    if (shape.summary()) {
      send(
          out,
          "response.reasoning_summary_text.delta",
          json -> {
            part(json, item, "summary_index");
            json.writeStringField("delta", piece.text());
          });
    }
  }

  private Open thinking(Frames out) throws IOException {
    Open item = begin(Items.REASONING, "rs", out);
    added(Items.reasoning(item.id, Items.IN_PROGRESS, Items.array(), Items.array()), out);
    send(
        out,
        "response.content_part.added",
        json -> {
          part(json, item, "content_index");
          raw(json, "part", Items.reasoningText(""));
        });
    if (shape.summary()) {
      send(
          out,
          "response.reasoning_summary_part.added",
          json -> {
            part(json, item, "summary_index");
            raw(json, "part", Items.summaryText(""));
          });
    }
    return item;
  }

  /** Ends the open item, and begins another. */
  private Open begin(String type, String prefix, Frames out) throws IOException {
    finish(Items.COMPLETED, out);
    Open item = new Open(type, Items.id(prefix));
    open = item;
    return item;
  }

  private void added(ObjectNode node, Frames out) throws IOException {
    send(
        out,
        "response.output_item.added",
        json -> {
          json.writeNumberField("output_index", output.size());
          raw(json, "item", node);
        });
  }

  /** Ends the open item, if there is one. */
  private void finish(String status, Frames out) throws IOException {
    Open item = open;
    if (item == null) {
      return;
    }
    String text = item.text.toString();
    ObjectNode done =
        switch (item.type) {
          case Items.MESSAGE -> {
            ObjectNode part = Items.outputText(text, item.logprobs);
            send(
                out,
                "response.output_text.done",
                json -> {
                  part(json, item, "content_index");
                  json.writeStringField("text", text);
                  raw(json, "logprobs", item.logprobs);
                });
            partDone(item, part, out);
            yield Items.message(item.id, "assistant", status, Items.only(part));
          }
          case Items.REASONING -> {
            send(
                out,
                "response.reasoning_text.done",
                json -> {
                  part(json, item, "content_index");
                  json.writeStringField("text", text);
                });
            partDone(item, Items.reasoningText(text), out);
            if (shape.summary()) {
              summaryDone(item, text, out);
            }
            yield OutputItems.reasoning(item.id, status, text, shape);
          }
          default -> {
            send(
                out,
                "response.function_call_arguments.done",
                json -> {
                  place(json, item);
                  json.writeStringField("name", item.name);
                  json.writeStringField("arguments", text);
                });
            yield Items.call(item.id, status, item.callId, item.name, text);
          }
        };
    send(
        out,
        "response.output_item.done",
        json -> {
          json.writeNumberField("output_index", output.size());
          raw(json, "item", done);
        });
    output.add(done);
    open = null;
  }

  private void partDone(Open item, ObjectNode part, Frames out) throws IOException {
    send(
        out,
        "response.content_part.done",
        json -> {
          part(json, item, "content_index");
          raw(json, "part", part);
        });
  }

  private void summaryDone(Open item, String text, Frames out) throws IOException {
    send(
        out,
        "response.reasoning_summary_text.done",
        json -> {
          part(json, item, "summary_index");
          json.writeStringField("text", text);
        });
    send(
        out,
        "response.reasoning_summary_part.done",
        json -> {
          part(json, item, "summary_index");
          raw(json, "part", Items.summaryText(text));
        });
  }

  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException {
    GenerationEvent.Finished end = ends.getFirst();
    if (open == null && output.isEmpty()) {
      message(out);
    }
    finish(isCut(end.reason()) ? Items.INCOMPLETE : Items.COMPLETED, out);
    int reasoning = ResponseDocument.reasoningTokens(end.usage(), thought, said);
    ObjectNode document = response.ended(end.reason(), output, end.usage(), reasoning);
    keeper.keep(document, output);
    boolean limited = ResponseDocument.limit(end.reason()).isPresent();
    send(
        out,
        limited ? "response.incomplete" : "response.completed",
        json -> {
          raw(json, "response", document);
          raw(json, "timings", timings(end));
        });
  }

  /** Whether the open item lacks its end: at a limit any does, at a stop text a call whose arguments are not complete. */
  private boolean isCut(FinishReason reason) {
    Open last = open;
    if (last == null || reason == FinishReason.TOOL_CALLS) {
      return false;
    }
    return ResponseDocument.limit(reason).isPresent()
        || last.type.equals(Items.CALL) && !isObject(last.text.toString());
  }

  private static boolean isObject(String json) {
    try {
      return JSON.readTree(json).isObject();
    } catch (IOException incomplete) {
      return false;
    }
  }

  /** OpenAI sends both events: one with the error, one with the response. */
  @Override
  public void failed(ApiException error, byte[] document, Frames out) throws IOException {
    send(
        out,
        "error",
        json -> {
          json.writeStringField("code", error.code());
          json.writeStringField("message", error.text());
          json.writeStringField("param", error.param());
        });
    ObjectNode failed = response.failed(error, output);
    keeper.keep(failed, List.of());
    send(out, "response.failed", json -> raw(json, "response", failed));
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

  private void send(Frames out, String type, Json.Fields fields) throws IOException {
    byte[] data =
        Json.object(json -> {
          json.writeStringField("type", type);
          json.writeNumberField("sequence_number", sequence);
          fields.writeTo(json);
          if (type.endsWith(".delta")) {
            telemetry.timings(json);
          }
        });
    sequence++;
    out.event(type, data);
  }

  private void place(JsonGenerator json, Open item) throws IOException {
    json.writeStringField("item_id", item.id);
    json.writeNumberField("output_index", output.size());
  }

  /** Every item has one part. */
  private void part(JsonGenerator json, Open item, String index) throws IOException {
    place(json, item);
    json.writeNumberField(index, 0);
  }

  private static void raw(JsonGenerator json, String name, JsonNode value) throws IOException {
    json.writeFieldName(name);
    json.writeRawValue(value.toString());
  }
}
