package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.PartTexts;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A content block of a message, a tool result or a system prompt. For one thread. */
final class ContentBlock {
  /** Blocks about what Anthropic's servers did for an earlier answer, and thoughts that only they can read. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "redacted_thinking",
          "server_tool_use",
          "web_search_tool_result",
          "web_fetch_tool_result",
          "code_execution_tool_result",
          "bash_code_execution_tool_result",
          "text_editor_code_execution_tool_result",
          "tool_search_tool_result",
          "mcp_tool_use",
          "mcp_tool_result",
          "tool_reference",
          "container_upload",
          "browser_state",
          "compaction");

  private final JsonFields fields;
  private final String type;

  ContentBlock(JsonFields fields) {
    this.fields = fields;
    String given = fields.string("type");
    if (given == null) {
      throw ApiException.invalid(fields.path("type"), fields.path("type") + " is missing.");
    }
    this.type = given;
  }

  JsonFields fields() {
    return fields;
  }

  String type() {
    return type;
  }

  boolean isToolResult() {
    return type.equals("tool_result");
  }

  /** Whether the block has nothing that a model of this server could read. */
  boolean isLeftOut() {
    return LEFT_OUT.contains(type);
  }

  /** The thoughts of a thinking block. */
  String thinking() {
    String thinking = fields.string("thinking");
    fields.accept("signature", "cache_control");
    fields.ignoreUnknown();
    return thinking == null ? "" : thinking;
  }

  /**
   * The text of the block; empty if it is left out.
   *
   * @throws ApiException if it has none, such as an image
   */
  String text() {
    if (isLeftOut()) {
      fields
          .ignored()
          .unsupported(
              fields.path("type"), fields.path("type") + " is \"" + type + "\", which no model can read here.");
      return "";
    }
    fields.accept("cache_control", "citations");
    return switch (type) {
      case "text" -> {
        String text = required("text");
        fields.ignoreUnknown();
        yield text;
      }
      case "document" -> document();
      case "search_result" -> {
        String text = titled(blocks(fields, "content"), fields.string("title"), fields.string("source"));
        fields.ignoreUnknown();
        yield text;
      }
      case "image" -> throw unsupported("An image");
      default -> throw unsupported("A content block of type \"" + JsonFields.shorten(type) + "\" here");
    };
  }

  private ApiException unsupported(String what) {
    return ApiException.unsupported(fields.path("type"), what);
  }

  private String document() {
    JsonFields source = fields.object("source");
    if (source == null) {
      throw ApiException.invalid(fields.path("source"), fields.path("source") + " is missing.");
    }
    String kind = source.string("type");
    String text =
        switch (kind == null ? "" : kind) {
          case "text" -> source.string("data");
          case "content" -> blocks(source, "content");
          default ->
              throw ApiException.unsupported(
                  source.path("type"), "A document that is not given as text or as content blocks");
        };
    source.accept("media_type");
    source.ignoreUnknown();
    String titled = titled(text == null ? "" : text, fields.string("title"), fields.string("context"));
    fields.ignoreUnknown();
    return titled;
  }

  private static String titled(String text, @Nullable String first, @Nullable String second) {
    List<String> lines = new ArrayList<>();
    if (first != null && !first.isEmpty()) {
      lines.add(first);
    }
    if (second != null && !second.isEmpty()) {
      lines.add(second);
    }
    lines.add(text);
    return String.join("\n", lines);
  }

  /** A string, or text blocks. */
  private static String blocks(JsonFields fields, String name) {
    JsonNode content = fields.any(name);
    String path = fields.path(name);
    if (content == null) {
      return "";
    }
    if (!content.isArray()) {
      return JsonFields.string(content, path);
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < content.size(); i++) {
      texts.add(new ContentBlock(fields.element(content, i, path)).text());
    }
    return PartTexts.lines(texts);
  }

  private String required(String name) {
    String text = fields.string(name);
    if (text == null) {
      throw ApiException.invalid(fields.path(name), fields.path(name) + " is missing.");
    }
    return text;
  }
}
