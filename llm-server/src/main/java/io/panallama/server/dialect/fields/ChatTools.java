package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}, and {@code functions} and {@code function_call}, which
 * are OpenAI's older names for them.
 */
public final class ChatTools {
  private ChatTools() {}

  /**
   * Reads the three fields; without them the model has no tools.
   *
   * @throws ApiException if a part of them is wrong
   */
  public static Tools read(JsonFields body) {
    if (isOlder(body)) {
      return Tools.builder().list(functions(body)).choice(functionCall(body)).parallelCalls(false).build();
    }
    List<Tool> tools = tools(body);
    ToolChoice choice = choice(body);
    Tools.Builder builder = Tools.builder().list(tools).choice(choice);
    readParallel(body, choice, builder);
    return builder.build();
  }

  /**
   * Reads {@code parallel_tool_calls}. A function that is chosen by its name is called exactly once, whatever the field says, as OpenAI
   * does it: a model that may not do anything else repeats the call.
   *
   * @throws ApiException if it is not a boolean
   */
  public static void readParallel(JsonFields body, ToolChoice choice, Tools.Builder builder) {
    JsonNode parallel = body.any("parallel_tool_calls");
    if (parallel != null && !parallel.isBoolean()) {
      throw JsonFields.wrongType("parallel_tool_calls", parallel, "true or false");
    }
    if (choice instanceof ToolChoice.Named) {
      builder.parallelCalls(false);
    } else if (parallel != null) {
      builder.parallelCalls(parallel.booleanValue());
    }
  }

  /** Whether the body has tools under OpenAI's older names only, so that the answer calls them under those, too. */
  static boolean isOlder(JsonFields body) {
    JsonNode functions = body.any("functions");
    return functions != null && !functions.isEmpty() && body.any("tools") == null;
  }

  private static List<Tool> functions(JsonFields body) {
    JsonNode array = body.any("functions");
    if (array == null || !array.isArray()) {
      throw ApiException.invalid(400, "functions", "invalid_type", "functions must be an array of functions.");
    }
    List<Tool> tools = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      tools.add(function(body.element(array, i, "functions")));
    }
    return tools;
  }

  private static ToolChoice functionCall(JsonFields body) {
    JsonNode value = body.any("function_call");
    if (value == null) {
      return new ToolChoice.Auto();
    }
    if (value.isObject()) {
      JsonFields named = body.object("function_call");
      String name = named == null ? null : named.string("name");
      if (name == null) {
        throw ApiException.invalid("function_call.name", "function_call.name is missing.");
      }
      return new ToolChoice.Named(name);
    }
    return switch (value.asText()) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      default -> throw JsonFields.wrongType("function_call", value, "\"auto\", \"none\" or one of the functions");
    };
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
    SchemaFields.requireDistinct(tools, "tools[%d].function.name");
    return tools;
  }

  private static Tool tool(JsonFields fields) {
    requireFunction(fields);
    JsonFields function = fields.object("function");
    if (function == null) {
      // As in OpenAI's Responses.
      if (fields.has("name")) {
        return function(fields);
      }
      throw ApiException.invalid(fields.path("function"), fields.path("function") + " is missing.");
    }
    fields.ignoreUnknown();
    return function(function);
  }

  private static Tool function(JsonFields function) {
    String name = function.string("name");
    if (name == null) {
      throw ApiException.invalid(function.path("name"), function.path("name") + " is missing.");
    }
    String description = function.string("description");
    JsonNode parameters = function.any("parameters");
    boolean strict = function.bool("strict");
    function.ignoreUnknown();
    return SchemaFields.tool(
        name, function.path("name"), description, parameters, function.path("parameters"), strict, function.ignored());
  }

  static void requireFunction(JsonFields fields) {
    String type = fields.string("type");
    if (type != null && !"function".equals(type)) {
      throw ApiException.invalid(
          fields.path("type"),
          fields.path("type") + " is \"" + JsonFields.shorten(type) + "\"; it must be \"function\".");
    }
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
      case "required", "any" -> new ToolChoice.Required();
      default ->
          throw JsonFields.wrongType("tool_choice", value, "\"auto\", \"none\", \"required\" or one of the tools");
    };
  }

  private static ToolChoice named(JsonFields body) {
    JsonFields choice = body.object("tool_choice");
    if (choice == null) {
      return new ToolChoice.Auto();
    }
    String type = choice.string("type");
    if ("auto".equals(type)) {
      return new ToolChoice.Auto();
    }
    if ("none".equals(type)) {
      return new ToolChoice.None();
    }
    if ("required".equals(type) || "any".equals(type)) {
      return new ToolChoice.Required();
    }
    requireFunction(choice);
    JsonFields function = choice.object("function");
    // Without "function" as in OpenAI's Responses.
    String name = function == null ? choice.string("name") : function.string("name");
    if (name == null) {
      throw ApiException.invalid("tool_choice.function.name", "tool_choice.function.name is missing.");
    }
    return new ToolChoice.Named(name);
  }
}
