package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.ChatTools;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.SchemaFields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code tools} and {@code tool_choice}. */
final class ToolFields {
  private static final String CHOICES = "\"auto\", \"any\", \"tool\", \"none\"";

  private ToolFields() {}

  /**
   * The tools; without them the model has none.
   *
   * @throws ApiException if a part of them is wrong
   * @throws InvalidRequestException if the core refuses them
   */
  static Tools read(JsonFields body) {
    List<Tool> list = tools(body);
    Tools.Builder tools = Tools.builder().list(list);
    JsonNode choice = body.any("tool_choice");
    if (choice != null && choice.isTextual()) {
      choose(body, list, choice("tool_choice", choice.textValue(), null), tools);
    } else {
      choose(body, list, tools);
    }
    return tools.build();
  }

  private static List<Tool> tools(JsonFields body) {
    JsonNode array = body.any("tools");
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("tools", array, "an array of tools");
    }
    List<Tool> tools = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      Tool tool = tool(body.element(array, i, "tools"));
      if (tool != null) {
        tools.add(tool);
      }
    }
    return tools;
  }

  /** Null for a tool that the client does not define: Anthropic's servers run it, or its models were trained for it. */
  private static @Nullable Tool tool(JsonFields fields) {
    String type = fields.string("type");
    String name = fields.string("name");
    if (type != null && !type.equals("custom")) {
      fields
          .ignored()
          .unsupported(
              fields.path("type"),
              fields.path("type")
                  + " is \""
                  + JsonFields.shorten(type)
                  + "\", a tool of Anthropic's own; only tools with an input_schema are known here.");
      return null;
    }
    if (name == null) {
      throw ApiException.invalid(fields.path("name"), fields.path("name") + " is missing.");
    }
    String description = fields.string("description");
    JsonNode schema = fields.any("input_schema");
    boolean strict = fields.flag("strict");
    fields.accept("cache_control", "defer_loading", "eager_input_streaming", "input_examples", "allowed_callers");
    fields.ignoreUnknown();
    return SchemaFields.tool(
        name, fields.path("name"), description, schema, fields.path("input_schema"), strict, fields.ignored());
  }

  private static void choose(JsonFields body, List<Tool> list, ToolChoice choice, Tools.Builder tools) {
    ChatTools.requireKnown(body, list, choice, "Only tools with an input_schema are known here.");
    tools.choice(choice);
  }

  private static void choose(JsonFields body, List<Tool> list, Tools.Builder tools) {
    JsonFields choice = body.object("tool_choice");
    if (choice == null) {
      return;
    }
    String type = choice.string("type");
    if (type == null) {
      throw ApiException.invalid(
          choice.path("type"), choice.path("type") + " is missing; it must be one of " + CHOICES + ".");
    }
    choose(body, list, choice(choice.path("type"), type, choice.string("name")), tools);
    if (choice.bool("disable_parallel_tool_use")) {
      tools.parallelCalls(false);
    }
    choice.ignoreUnknown();
  }

  private static ToolChoice choice(String path, String type, @Nullable String name) {
    return switch (type) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      case "any" -> new ToolChoice.Required();
      case "tool" -> {
        if (name == null) {
          throw ApiException.invalid("tool_choice.name", "tool_choice.name is missing; it names the tool to call.");
        }
        yield new ToolChoice.Named(name);
      }
      default ->
          throw ApiException.invalid(
              path, path + " is \"" + JsonFields.shorten(type) + "\"; it must be one of " + CHOICES + ".");
    };
  }
}
