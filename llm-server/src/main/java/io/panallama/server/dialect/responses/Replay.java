package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.StreamSupport;

/** Makes the events of a response that has ended: each text, and the arguments of each call, is one piece. */
final class Replay {
  private Replay() {}

  /**
   * The events of a response.
   *
   * @param document what is kept of it
   */
  static EventLog of(ObjectNode document) {
    EventLog log = new EventLog(Long.MAX_VALUE);
    try {
      write(document, log);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    log.end();
    return log;
  }

  private static void write(ObjectNode document, EventLog log) throws IOException {
    List<JsonNode> output = StreamSupport.stream(document.path("output").spliterator(), false).toList();
    Iterator<String> ids = output.stream().map(item -> item.path("id").asText()).iterator();
    boolean summary = output.stream().anyMatch(item -> !item.path("summary").isEmpty());
    ItemStream items = new ItemStream(new Shape(-1, summary, false), prefix -> ids.next());
    ObjectNode begun = ResponseDocument.begun(document);
    items.send(log, "response.created", json -> ItemStream.raw(json, "response", begun));
    items.send(log, "response.in_progress", json -> ItemStream.raw(json, "response", begun));
    for (JsonNode item : output) {
      write(item, items, log);
      items.finish(item.path("status").asText(Items.COMPLETED), log);
    }
    JsonNode error = document.path("error");
    String status = document.path("status").asText();
    if (status.equals("failed")) {
      items.send(
          log,
          "error",
          json -> {
            json.writeStringField("code", error.path("code").asText());
            json.writeStringField("message", error.path("message").asText());
            json.writeNullField("param");
          });
    }
    String last = status.equals("failed") || status.equals(Items.COMPLETED) ? status : Items.INCOMPLETE;
    items.send(log, "response." + last, json -> ItemStream.raw(json, "response", document));
  }

  private static void write(JsonNode item, ItemStream items, EventLog log) throws IOException {
    JsonNode part = item.path("content").path(0);
    switch (item.path("type").asText()) {
      case Items.REASONING -> items.reasoning(part.path("text").asText(), log);
      case Items.CALL -> {
        items.call(item.path("call_id").asText(), item.path("name").asText(), log);
        items.arguments(item.path("arguments").asText(), log);
      }
      case Items.FILE_SEARCH -> items.fileSearch(item.path("queries"), item.path("results"), log);
      default -> {
        ArrayNode tokens = part.path("logprobs") instanceof ArrayNode given ? given : Items.array();
        if (part.path("text").asText().isEmpty()) {
          items.message(log);
        } else {
          items.text(part.path("text").asText(), tokens, log);
        }
        for (JsonNode annotation : part.path("annotations")) {
          items.annotation((ObjectNode) annotation, log);
        }
      }
    }
  }
}
