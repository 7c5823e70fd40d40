package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}. */
public final class ChatTools {
  private ChatTools() {}

  /**
   * Reads the three fields; without them the model has no tools.
   *
   * @throws ApiException if a part of them is wrong
   */
  public static Tools read(JsonFields body) {
    List<Tool> tools = tools(body);
    ToolChoice choice = choice(body);
    JsonNode parallel = body.any("parallel_tool_calls");
    if (parallel != null && !parallel.isBoolean()) {
      throw JsonFields.wrongType("parallel_tool_calls", parallel, "true or false");
    }
    Tools.Builder builder = Tools.builder().list(tools).choice(choice);
    if (parallel != null) {
      builder.parallelCalls(parallel.booleanValue());
    }
    return builder.build();
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
      tools.add(tool(body.element(array, i, "tools")));
    }
    return tools;
  }

  private static Tool tool(JsonFields fields) {
    requireFunction(fields);
    JsonFields function = fields.object("function");
    if (function == null) {
      throw ApiException.invalid(fields.path("function"), fields.path("function") + " is missing.");
    }
    fields.ignoreUnknown();
    String name = function.string("name");
    if (name == null) {
      throw ApiException.invalid(function.path("name"), function.path("name") + " is missing.");
    }
    String description = function.string("description");
    JsonNode parameters = function.any("parameters");
    if (parameters != null && !parameters.isObject()) {
      throw JsonFields.wrongType(function.path("parameters"), parameters, "a JSON schema");
    }
    boolean strict = function.bool("strict");
    function.ignoreUnknown();
    return new Tool(
        name,
        description == null ? "" : description,
        parameters == null || parameters.isEmpty() ? Tool.NO_PARAMETERS : parameters.toString(),
        strict);
  }

  static void requireFunction(JsonFields fields) {
    String type = fields.string("type");
    if (!"function".equals(type)) {
      throw ApiException.invalid(
          fields.path("type"), fields.path("type") + " must be \"function\", but it is " + shown(type) + ".");
    }
  }

  private static String shown(@Nullable String type) {
    return type == null ? "missing" : "another";
  }

  private static ToolChoice choice(JsonFields body) {
    JsonNode value = body.any("tool_choice");
    if (value == null) {
      return new ToolChoice.Auto();
    }
    if (value.isObject()) {
      return named(body);
    }
    return switch (value.asText()) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      case "required" -> new ToolChoice.Required();
      default ->
          throw JsonFields.wrongType("tool_choice", value, "\"auto\", \"none\", \"required\" or one of the tools");
    };
  }

  private static ToolChoice named(JsonFields body) {
    JsonFields choice = body.object("tool_choice");
    if (choice == null) {
      return new ToolChoice.Auto();
    }
    requireFunction(choice);
    JsonFields function = choice.object("function");
    String name = function == null ? null : function.string("name");
    if (name == null) {
      throw ApiException.invalid("tool_choice.function.name", "tool_choice.function.name is missing.");
    }
    return new ToolChoice.Named(name);
  }
}
