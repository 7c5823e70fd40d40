package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.PartTexts;
import io.panallama.server.keys.KeyIdentity;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code input} into items of one form: each with a type and an id, content as parts, arguments and outputs as texts.
 * References are replaced by the items that they stand for.
 */
final class InputItems {
  private static final String INPUT = "input";

  /** Types of OpenAI's API for things that this server hasn't: they belong to tools that OpenAI runs itself, or to its client. */
  private static final Set<String> FOREIGN =
      Set.of(
          "apply_patch_call",
          "apply_patch_call_output",
          "code_interpreter_call",
          "compaction",
          "computer_call",
          "computer_call_output",
          "image_generation_call",
          "local_shell_call",
          "local_shell_call_output",
          "mcp_approval_request",
          "mcp_approval_response",
          "mcp_call",
          "mcp_list_tools",
          "shell_call",
          "shell_call_output",
          "web_search_call");

  private final ResponseStore store;
  private final KeyIdentity owner;
  private final List<ObjectNode> items = new ArrayList<>();

  private InputItems(ResponseStore store, KeyIdentity owner) {
    this.store = store;
    this.owner = owner;
  }

  /**
   * The items of a body; none if it has no {@code input}.
   *
   * @param store has the items that are referred to
   * @param owner the key of the request
   * @throws ApiException if an item is wrong, or asks for what the server hasn't
   */
  static List<ObjectNode> read(JsonFields body, ResponseStore store, KeyIdentity owner) {
    JsonNode input = body.any(INPUT);
    InputItems read = new InputItems(store, owner);
    if (input == null) {
      return List.of();
    }
    if (input.isTextual()) {
      ArrayNode content = Items.only(Items.inputText(JsonFields.string(input, INPUT)));
      return List.of(Items.message(Items.id("msg"), "user", Items.COMPLETED, content));
    }
    if (!input.isArray()) {
      throw JsonFields.wrongType(INPUT, input, "a string or an array of items");
    }
    for (int i = 0; i < input.size(); i++) {
      read.item(body.element(input, i, INPUT));
    }
    return read.items;
  }

  /** The error for a body whose input says nothing. */
  static ApiException nothing(JsonFields body) {
    JsonNode input = body.any(INPUT);
    String why =
        input == null || input.isEmpty()
            ? (input == null ? "input is missing" : "input is empty") + "; a text or at least one item is needed."
            : "input has only items that are left out, because they belong to tools that this server doesn't have; at"
                + " least one message, function_call, function_call_output or reasoning is needed.";
    return ApiException.invalid(400, INPUT, "missing_required_parameter", why);
  }

  private void item(JsonFields fields) {
    String type = fields.string("type");
    boolean reference = type == null && fields.any("role") == null && fields.any("id") != null;
    switch (type == null ? reference ? "item_reference" : Items.MESSAGE : type) {
      case Items.MESSAGE -> items.add(message(fields));
      case Items.CALL -> items.add(call(fields));
      case "custom_tool_call" -> items.add(customCall(fields));
      case Items.CALL_OUTPUT, "custom_tool_call_output" -> items.add(output(fields));
      case Items.REASONING -> items.add(reasoning(fields));
      case Items.FILE_SEARCH -> items.add(fileSearch(fields));
      case "item_reference" -> items.add(referred(fields));
      default -> foreign(fields, String.valueOf(type));
    }
  }

  private static ObjectNode message(JsonFields fields) {
    String role = fields.choice("role", List.of("user", "system", "developer", "assistant"));
    if (role == null) {
      throw missing(fields, "role");
    }
    fields.accept("status", "phase");
    ArrayNode content = content(fields, role);
    ObjectNode item = Items.message(id(fields, "msg"), role, Items.COMPLETED, content);
    fields.ignoreUnknown();
    return item;
  }

  private static ArrayNode content(JsonFields fields, String role) {
    boolean own = role.equals("assistant");
    JsonNode content = fields.any("content");
    if (content == null) {
      if (own) {
        return Items.array();
      }
      throw missing(fields, "content");
    }
    String path = fields.path("content");
    if (content.isTextual()) {
      return Items.only(text(JsonFields.string(content, path), own));
    }
    if (!content.isArray()) {
      throw JsonFields.wrongType(path, content, "a string or an array of parts");
    }
    ArrayNode parts = Items.array();
    for (int i = 0; i < content.size(); i++) {
      parts.add(part(fields.element(content, i, path), own));
    }
    return parts;
  }

  private static ObjectNode text(String text, boolean own) {
    return own ? Items.outputText(text, Items.array()) : Items.inputText(text);
  }

  private static ObjectNode part(JsonFields fields, boolean own) {
    String type = fields.string("type");
    // What comes with the parts of an answer, and goes back with the history.
    fields.accept("annotations", "logprobs", "parsed", "prompt_cache_breakpoint");
    ObjectNode part =
        switch (type == null ? "" : type) {
          case "input_text", "output_text", "text" -> text(required(fields, "text"), own);
          case "refusal" -> own ? Items.refusal(required(fields, "refusal")) : text(required(fields, "refusal"), false);
          case "" -> throw missing(fields, "type");
          default -> throw onlyText(fields, type);
        };
    fields.ignoreUnknown();
    return part;
  }

  private static ApiException onlyText(JsonFields fields, @Nullable String type) {
    return ApiException.invalid(
        400,
        fields.path("type"),
        "unsupported_parameter",
        "A part of type \""
            + JsonFields.shorten(String.valueOf(type))
            + "\" is not supported by this version; parts of type input_text, output_text and refusal are.");
  }

  private static ObjectNode call(JsonFields fields) {
    String callId = required(fields, "call_id");
    String name = required(fields, "name");
    JsonNode arguments = fields.any("arguments");
    String json = arguments == null ? "" : arguments.isTextual() ? arguments.textValue() : arguments.toString();
    fields.accept("status", "parsed_arguments");
    ObjectNode item = Items.call(id(fields, "fc"), Items.COMPLETED, callId, name, json.isBlank() ? "{}" : json);
    fields.ignoreUnknown();
    return item;
  }

  /** A call whose argument is a text, as the model sees it: a function with the argument {@code input}. */
  private static ObjectNode customCall(JsonFields fields) {
    String callId = required(fields, "call_id");
    String name = required(fields, "name");
    String json = "{\"input\": " + JsonFields.quoted(required(fields, INPUT)) + "}";
    fields.accept("status");
    ObjectNode item = Items.call(id(fields, "fc"), Items.COMPLETED, callId, name, json);
    fields.ignoreUnknown();
    return item;
  }

  private static ObjectNode output(JsonFields fields) {
    String callId = required(fields, "call_id");
    JsonNode output = fields.any("output");
    String text = output == null ? "" : outputText(fields, output);
    fields.accept("status");
    ObjectNode item = Items.callOutput(id(fields, "fco"), callId, text);
    fields.ignoreUnknown();
    return item;
  }

  /** A text, or its parts on lines of their own; anything else is taken as JSON. */
  private static String outputText(JsonFields fields, JsonNode output) {
    String path = fields.path("output");
    if (output.isTextual()) {
      return JsonFields.string(output, path);
    }
    if (output.isArray() && output.isEmpty()) {
      return "";
    }
    boolean parts = output.isArray() && output.get(0).isObject() && output.get(0).has("type");
    if (!parts) {
      return output.toString();
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < output.size(); i++) {
      texts.add(part(fields.element(output, i, path), false).path("text").textValue());
    }
    return PartTexts.lines(texts);
  }

  private static ObjectNode reasoning(JsonFields fields) {
    ArrayNode summary = thoughts(fields, "summary");
    ArrayNode content = thoughts(fields, "content");
    fields.accept("status", "encrypted_content");
    ObjectNode item = Items.reasoning(id(fields, "rs"), Items.COMPLETED, summary, content);
    fields.ignoreUnknown();
    return item;
  }

  /** A search for an earlier answer, which is not part of the conversation. */
  private static ObjectNode fileSearch(JsonFields fields) {
    ArrayNode queries = Items.array();
    Objects.requireNonNullElse(fields.strings("queries"), List.<String>of()).forEach(queries::add);
    JsonNode results = fields.any("results");
    if (results != null && !results.isArray()) {
      throw JsonFields.wrongType(fields.path("results"), results, "an array of passages");
    }
    fields.accept("status");
    JsonNode kept = results == null ? NullNode.instance : results;
    ObjectNode item = Items.fileSearch(id(fields, "fs"), Items.COMPLETED, queries, kept);
    fields.ignoreUnknown();
    return item;
  }

  private static ArrayNode thoughts(JsonFields fields, String name) {
    JsonNode given = fields.any(name);
    String path = fields.path(name);
    ArrayNode parts = Items.array();
    if (given == null) {
      return parts;
    }
    if (!given.isArray()) {
      throw JsonFields.wrongType(path, given, "an array of texts");
    }
    for (int i = 0; i < given.size(); i++) {
      JsonFields part = fields.element(given, i, path);
      part.accept("type");
      String text = required(part, "text");
      parts.add(name.equals("summary") ? Items.summaryText(text) : Items.reasoningText(text));
      part.ignoreUnknown();
    }
    return parts;
  }

  private ObjectNode referred(JsonFields fields) {
    String id = required(fields, "id");
    fields.ignoreUnknown();
    return store
        .item(id, owner)
        .orElseThrow(() ->
            ApiException.invalid(
                404,
                fields.path("id"),
                "item_not_found",
                "Item with id '"
                    + id
                    + "' not found. Items of responses with store set to false are not kept, and others until newer"
                    + " ones take their room; send the item itself."));
  }

  private static void foreign(JsonFields fields, String type) {
    if (!FOREIGN.contains(type)) {
      throw ApiException.invalid(
          fields.path("type"),
          fields.path("type")
              + " is \""
              + JsonFields.shorten(type)
              + "\"; known types of items are message, reasoning, function_call,"
              + " function_call_output, file_search_call and item_reference.");
    }
    String path = fields.path("type").replaceAll("\\.type$", "");
    fields
        .ignored()
        .unsupported(
            path, path + " is of type \"" + type + "\", which belongs to a tool that this server doesn't have.");
  }

  private static String id(JsonFields fields, String prefix) {
    String id = fields.string("id");
    return id == null || id.isEmpty() ? Items.id(prefix) : id;
  }

  private static String required(JsonFields fields, String name) {
    String value = fields.string(name);
    if (value == null) {
      throw missing(fields, name);
    }
    return value;
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
  }
}
