package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.search.answer.Citation;
import io.panallama.search.answer.CitationReader;
import io.panallama.search.answer.Sources;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes the events of the items of a response.
 *
 * <p>Every event has the type as its name and in its data, and a number that counts up from 0. Items come one after the other:
 * an event of another kind ends the item that is open.
 */
final class ItemStream {
  private static final String PART = "part";

  private final Shape shape;
  private final UnaryOperator<String> ids;
  private final Json.Fields inDeltas;
  private final Sources sources;
  private final List<ObjectNode> output = new ArrayList<>();
  private @Nullable Open open;
  private int sequence;

  /** An item that is being sent. */
  private static final class Open {
    final String type;
    final String id;
    final StringBuilder text = new StringBuilder();
    final ArrayNode logprobs = Items.array();
    final ArrayNode annotations = Items.array();
    final CitationReader citations;
    String callId = "";
    String name = "";

    Open(String type, String id, CitationReader citations) {
      this.type = type;
      this.id = id;
      this.citations = citations;
    }
  }

  /**
   * A stream without items so far.
   *
   * @param ids makes the id of the next item from its prefix
   */
  ItemStream(Shape shape, UnaryOperator<String> ids) {
    this(shape, ids, json -> {}, Sources.NONE);
  }

  /**
   * A stream without items so far.
   *
   * @param ids makes the id of the next item from its prefix
   * @param inDeltas writes further fields of each delta
   * @param sources what the text may cite
   */
  ItemStream(Shape shape, UnaryOperator<String> ids, Json.Fields inDeltas, Sources sources) {
    this.shape = shape;
    this.ids = ids;
    this.inDeltas = inDeltas;
    this.sources = sources;
  }

  /** The items that have ended. */
  List<ObjectNode> output() {
    return output;
  }

  /** Whether the model has made no item, ended or not. */
  boolean isEmpty() {
    return open == null && output.stream().allMatch(item -> item.path("type").asText().equals(Items.FILE_SEARCH));
  }

  /** The arguments so far of a call that has not ended; null if none is open. */
  @Nullable String openCall() {
    Open item = open;
    return item != null && item.type.equals(Items.CALL) ? item.text.toString() : null;
  }

  /** Whether an item has not ended. */
  boolean isOpen() {
    return open != null;
  }

  /** Text of the answer, with the log-probabilities of its tokens. */
  void text(String text, ArrayNode tokens, Frames out) throws IOException {
    Open item = messageItem(out);
    item.text.append(text);
    item.logprobs.addAll(tokens);
    content(out, "response.output_text.delta", item, "delta", TextNode.valueOf(text), tokens);
    for (Citation citation : item.citations.next(text)) {
      annotation(Items.fileCitation(citation), out);
    }
  }

  /** Something that the text of the open message cites. */
  void annotation(ObjectNode annotation, Frames out) throws IOException {
    Open item = open;
    if (item != null) {
      send(
          out,
          "response.output_text.annotation.added",
          json -> {
            place(json, item);
            json.writeNumberField("content_index", 0);
            json.writeNumberField("annotation_index", item.annotations.size());
            raw(json, "annotation", annotation);
          });
      item.annotations.add(annotation);
    }
  }

  /** A search in files that is done; see {@link Items#fileSearch}. */
  void fileSearch(JsonNode queries, JsonNode results, Frames out) throws IOException {
    finish(Items.COMPLETED, out);
    String id = ids.apply("fs");
    item(out, "added", Items.fileSearch(id, Items.IN_PROGRESS, Items.array(), NullNode.instance));
    for (String state : List.of(Items.IN_PROGRESS, "searching", Items.COMPLETED)) {
      send(
          out,
          "response.file_search_call." + state,
          json -> {
            json.writeStringField("item_id", id);
            json.writeNumberField("output_index", output.size());
          });
    }
    ObjectNode done = Items.fileSearch(id, Items.COMPLETED, queries, results);
    item(out, "done", done);
    output.add(done);
  }

  /** Begins a message unless one is open. */
  void message(Frames out) throws IOException {
    messageItem(out);
  }

  private Open messageItem(Frames out) throws IOException {
    Open before = open;
    if (before != null && before.type.equals(Items.MESSAGE)) {
      return before;
    }
    Open item = begin(Items.MESSAGE, "msg", out);
    item(out, "added", Items.message(item.id, "assistant", Items.IN_PROGRESS, Items.array()));
    content(out, "response.content_part.added", item, PART, Items.outputText("", Items.array()));
    return item;
  }

  /** Text of the reasoning. */
  void reasoning(String text, Frames out) throws IOException {
    Open before = open;
    Open item = before != null && before.type.equals(Items.REASONING) ? before : thinking(out);
    item.text.append(text);
    content(out, "response.reasoning_text.delta", item, "delta", TextNode.valueOf(text));
    summary(out, "text.delta", item, "delta", TextNode.valueOf(text));
  }

  /** Begins a call. */
  void call(String callId, String name, Frames out) throws IOException {
    Open item = begin(Items.CALL, "fc", out);
    item.callId = callId;
    item.name = name;
    item(out, "added", Items.call(item.id, Items.IN_PROGRESS, callId, name, ""));
  }

  /** A piece of the arguments of the call that is open. */
  void arguments(String piece, Frames out) throws IOException {
    Open item = open;
    if (item != null) {
      item.text.append(piece);
      send(
          out,
          "response.function_call_arguments.delta",
          json -> {
            place(json, item);
            json.writeStringField("delta", piece);
          });
    }
  }

  private Open thinking(Frames out) throws IOException {
    Open item = begin(Items.REASONING, "rs", out);
    item(out, "added", Items.reasoning(item.id, Items.IN_PROGRESS, Items.array(), Items.array()));
    content(out, "response.content_part.added", item, PART, Items.reasoningText(""));
    summary(out, "part.added", item, PART, Items.summaryText(""));
    return item;
  }

  /** Ends the open item, and begins another. */
  private Open begin(String type, String prefix, Frames out) throws IOException {
    finish(Items.COMPLETED, out);
    Open item = new Open(type, ids.apply(prefix), sources.reader());
    open = item;
    return item;
  }

  /** Ends the open item, if there is one. */
  void finish(String status, Frames out) throws IOException {
    Open item = open;
    if (item == null) {
      return;
    }
    String text = item.text.toString();
    ObjectNode done =
        switch (item.type) {
          case Items.MESSAGE -> {
            ObjectNode part = Items.outputText(text, item.annotations, item.logprobs);
            content(out, "response.output_text.done", item, "text", TextNode.valueOf(text), item.logprobs);
            content(out, "response.content_part.done", item, PART, part);
            yield Items.message(item.id, "assistant", status, Items.only(part));
          }
          case Items.REASONING -> {
            content(out, "response.reasoning_text.done", item, "text", TextNode.valueOf(text));
            content(out, "response.content_part.done", item, PART, Items.reasoningText(text));
            summary(out, "text.done", item, "text", TextNode.valueOf(text));
            summary(out, "part.done", item, PART, Items.summaryText(text));
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
    item(out, "done", done);
    output.add(done);
    open = null;
  }

  /** Sends an event that has a whole item: that it was {@code added}, or is {@code done}. */
  private void item(Frames out, String what, ObjectNode item) throws IOException {
    send(
        out,
        "response.output_item." + what,
        json -> {
          json.writeNumberField("output_index", output.size());
          raw(json, "item", item);
        });
  }

  /** Sends an event about the only part of an item's content. */
  private void content(Frames out, String type, Open item, String field, JsonNode value) throws IOException {
    part(out, type, item, "content_index", field, value, null);
  }

  private void content(Frames out, String type, Open item, String field, JsonNode value, ArrayNode logprobs)
      throws IOException {
    part(out, type, item, "content_index", field, value, logprobs);
  }

  /** Sends an event about the only part of the reasoning's summary, if there is to be one. */
  private void summary(Frames out, String what, Open item, String field, JsonNode value) throws IOException {
    if (shape.summary()) {
      part(out, "response.reasoning_summary_" + what, item, "summary_index", field, value, null);
    }
  }

  private void part(
      Frames out, String type, Open item, String index, String field, JsonNode value, @Nullable ArrayNode logprobs)
      throws IOException {
    send(
        out,
        type,
        json -> {
          place(json, item);
          json.writeNumberField(index, 0);
          raw(json, field, value);
          if (logprobs != null) {
            raw(json, "logprobs", logprobs);
          }
        });
  }

  /** Sends an event; {@code fields} writes what it has besides its type and number. */
  void send(Frames out, String type, Json.Fields fields) throws IOException {
    byte[] data =
        Json.object(json -> {
          json.writeStringField("type", type);
          json.writeNumberField("sequence_number", sequence);
          fields.writeTo(json);
          if (type.endsWith(".delta")) {
            inDeltas.writeTo(json);
          }
        });
    sequence++;
    out.event(type, data);
  }

  private void place(JsonGenerator json, Open item) throws IOException {
    json.writeStringField("item_id", item.id);
    json.writeNumberField("output_index", output.size());
  }

  /** Writes a field whose value is a tree. */
  static void raw(JsonGenerator json, String name, JsonNode value) throws IOException {
    json.writeFieldName(name);
    json.writeRawValue(value.toString());
  }
}
