package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.search.answer.Citation;
import java.util.UUID;

/** Makes the items that requests and responses consist of, in the form in which they are sent and kept. */
final class Items {
  static final String MESSAGE = "message";
  static final String REASONING = "reasoning";
  static final String CALL = "function_call";
  static final String CALL_OUTPUT = "function_call_output";
  static final String FILE_SEARCH = "file_search_call";

  static final String COMPLETED = "completed";
  static final String INCOMPLETE = "incomplete";
  static final String IN_PROGRESS = "in_progress";

  private Items() {}

  /** A fresh id, such as {@code msg_...}. */
  static String id(String prefix) {
    return prefix + "_" + UUID.randomUUID().toString().replace("-", "");
  }

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  /** A message with the parts of its content. */
  static ObjectNode message(String id, String role, String status, ArrayNode content) {
    ObjectNode item = item(id, MESSAGE, status);
    item.put("role", role);
    item.set("content", content);
    return item;
  }

  /** Text of the user, or of an application. */
  static ObjectNode inputText(String text) {
    return object().put("type", "input_text").put("text", text);
  }

  /** Text of the model that cites nothing. */
  static ObjectNode outputText(String text, ArrayNode logprobs) {
    return outputText(text, array(), logprobs);
  }

  /** Text of the model. */
  static ObjectNode outputText(String text, ArrayNode annotations, ArrayNode logprobs) {
    ObjectNode part = object().put("type", "output_text");
    part.set("annotations", annotations);
    part.set("logprobs", logprobs);
    return part.put("text", text);
  }

  static ObjectNode refusal(String text) {
    return object().put("type", "refusal").put("refusal", text);
  }

  static ObjectNode reasoningText(String text) {
    return object().put("type", "reasoning_text").put("text", text);
  }

  static ObjectNode summaryText(String text) {
    return object().put("type", "summary_text").put("text", text);
  }

  /** The model's thinking: the whole of it as content, and again as its summary if that is wanted. */
  static ObjectNode reasoning(String id, String status, ArrayNode summary, ArrayNode content) {
    ObjectNode item = item(id, REASONING, status);
    item.set("summary", summary);
    item.set("content", content);
    return item.putNull("encrypted_content");
  }

  static ObjectNode call(String id, String status, String callId, String name, String arguments) {
    return item(id, CALL, status).put("call_id", callId).put("name", name).put("arguments", arguments);
  }

  static ObjectNode callOutput(String id, String callId, String output) {
    return item(id, CALL_OUTPUT, COMPLETED).put("call_id", callId).put("output", output);
  }

  /**
   * A search in files.
   *
   * @param queries what was searched for
   * @param results the passages that were found; JSON null if they are not to be told
   */
  static ObjectNode fileSearch(String id, String status, JsonNode queries, JsonNode results) {
    ObjectNode item = item(id, FILE_SEARCH, status);
    item.set("queries", queries);
    item.set("results", results);
    return item;
  }

  /** What a text cites, at an offset in code points. */
  static ObjectNode fileCitation(Citation citation) {
    return object()
        .put("type", "file_citation")
        .put("index", citation.codePoint())
        .put("file_id", citation.source().id())
        .put("filename", citation.source().name());
  }

  private static ObjectNode item(String id, String type, String status) {
    return object().put("id", id).put("type", type).put("status", status);
  }

  /** An array of one element. */
  static ArrayNode only(ObjectNode element) {
    return array().add(element);
  }
}
