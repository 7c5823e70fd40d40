package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.server.dialect.ApiException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}, and {@code functions} and {@code function_call}, which
 * are OpenAI's older names for them.
 */
public final class ChatTools {
  /** The type of a choice that leaves some of the tools. */
  public static final String ALLOWED_TOOLS = "allowed_tools";

  /** Which tools most dialects have. */
  public static final String FUNCTIONS_ONLY = "This server has tools of type \"function\" only.";

  private ChatTools() {}

  /**
   * Reads the three fields; without them the model has no tools.
   *
   * @throws ApiException if a part of them is wrong
   */
  public static Tools read(JsonFields body) {
    return read(body, false, false);
  }

  /**
   * Reads the three fields of a dialect that may have {@link FileSearchTool}, too, which is left to that class.
   *
   * @param searches whether that is to be used: then the model need not call a function, even if it has to use a tool
   * @throws ApiException if a part of them is wrong
   */
  static Tools readBesideSearch(JsonFields body, boolean searches) {
    return read(body, true, searches);
  }

  /** The choice between functions that is left if files are searched, which is a tool that is used already. */
  public static ToolChoice beside(boolean searches, ToolChoice choice) {
    return searches && choice instanceof ToolChoice.Required ? new ToolChoice.Auto() : choice;
  }

  private static Tools read(JsonFields body, boolean leavesSearch, boolean searches) {
    List<Tool> functions = functions(body);
    ToolChoice call = functionCall(body, functions);
    if (isOlder(body)) {
      return Tools.builder().list(functions).choice(call).parallelCalls(false).build();
    }
    if (!functions.isEmpty()) {
      body.ignored().unsupported("functions", "functions is the older name of tools, which the body has, too.");
    }
    List<Tool> tools = tools(body, leavesSearch);
    JsonNode given = body.any("tool_choice");
    JsonFields choice = given != null && given.isObject() ? body.object("tool_choice") : null;
    Tools.Builder builder;
    if (choice != null && ALLOWED_TOOLS.equals(choice.string("type"))) {
      builder = allowed(choice, tools, searches);
    } else {
      ToolChoice chosen = beside(searches, choice(body, tools, leavesSearch));
      requireKnown(body, tools, chosen, FUNCTIONS_ONLY);
      builder = Tools.builder().list(tools).choice(chosen);
    }
    readParallel(body, builder.build().choice(), builder);
    if (body.any("function_call") != null && !call.equals(builder.build().choice())) {
      body.contradicts("function_call", "tool_choice");
    }
    return builder.build();
  }

  /**
   * Requires a tool to call where one has to be called. What the body lists may be none that is known here.
   *
   * @param known which tools are known, as a sentence
   * @throws ApiException if all of the body's tools were ignored
   */
  public static void requireKnown(JsonFields body, List<Tool> tools, ToolChoice choice, String known) {
    boolean needed = choice instanceof ToolChoice.Required || choice instanceof ToolChoice.Named;
    JsonNode array = body.any("tools");
    if (needed && tools.isEmpty() && array != null && !array.isEmpty()) {
      throw ApiException.invalid(
          "tool_choice",
          "tool_choice requires a tool, and those in tools were ignored because of their types. " + known);
    }
  }

  /**
   * Reads a choice of the type {@value #ALLOWED_TOOLS}: the model sees these of the tools. Its fields stand in the choice itself, as in
   * OpenAI's Responses, or in an object of that name inside of it, as in chats.
   *
   * @param searches whether files are searched, too
   * @throws ApiException if it is wrong, or names a function that is not among the tools
   */
  public static Tools.Builder allowed(JsonFields choice, List<Tool> tools, boolean searches) {
    JsonFields inner = choice.object(ALLOWED_TOOLS);
    choice.accept("type");
    JsonFields fields = inner == null ? choice : inner;
    String mode = fields.choice("mode", List.of("auto", "required"));
    JsonNode array = fields.any("tools");
    String path = fields.path("tools");
    if (array == null) {
      throw missing(fields, "tools");
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(path, array, "an array of tools");
    }
    Set<String> names = new HashSet<>();
    for (int i = 0; i < array.size(); i++) {
      JsonFields one = fields.element(array, i, path);
      String type = one.string("type");
      if (type == null || type.equals("function")) {
        names.add(name(one, tools));
      } else if (!type.equals(FileSearchTool.TYPE)) {
        one.ignored()
            .unsupported(
                path + "[" + i + "]",
                path + "[" + i + "] is of type \"" + JsonFields.shorten(type) + "\"; this server has functions only.");
      }
    }
    fields.ignoreUnknown();
    choice.ignoreUnknown();
    return Tools.builder()
        .list(tools.stream().filter(tool -> names.contains(tool.name())).toList())
        .choice(beside(searches, "required".equals(mode) ? new ToolChoice.Required() : new ToolChoice.Auto()));
  }

  private static String name(JsonFields one, List<Tool> tools) {
    JsonFields inner = one.object("function");
    JsonFields named = inner == null ? one : inner;
    String name = named.string("name");
    if (name == null) {
      throw missing(named, "name");
    }
    if (tools.stream().noneMatch(tool -> tool.name().equals(name))) {
      throw ApiException.invalid(
          named.path("name"),
          named.path("name") + " is \"" + JsonFields.shorten(name) + "\", which is none of the functions in tools.");
    }
    one.ignoreUnknown();
    return name;
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
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
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("functions", array, "an array of functions");
    }
    Map<Integer, Tool> tools = new LinkedHashMap<>();
    for (int i = 0; i < array.size(); i++) {
      tools.put(i, function(body.element(array, i, "functions")));
    }
    SchemaFields.requireDistinct(tools, "functions[%d].name");
    return List.copyOf(tools.values());
  }

  private static ToolChoice functionCall(JsonFields body, List<Tool> functions) {
    JsonNode value = body.any("function_call");
    if (value == null) {
      return new ToolChoice.Auto();
    }
    if (value.isObject()) {
      JsonFields named = body.object("function_call");
      String name = named == null ? null : named.string("name");
      if (named == null || name == null) {
        throw ApiException.invalid("function_call.name", "function_call.name is missing.");
      }
      named.ignoreUnknown();
      if (functions.stream().noneMatch(function -> function.name().equals(name))) {
        throw ApiException.invalid(
            "function_call", "function_call names \"" + JsonFields.shorten(name) + "\", which is not in functions.");
      }
      return new ToolChoice.Named(name);
    }
    return switch (value.asText()) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      default ->
          throw unknownChoice(
              "function_call", value, "\"auto\", \"none\" or one of the functions", functions, "{\"name\": ", "}");
    };
  }

  private static List<Tool> tools(JsonFields body, boolean leavesSearch) {
    JsonNode array = body.any("tools");
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("tools", array, "an array of tools");
    }
    Map<Integer, Tool> tools = new LinkedHashMap<>();
    for (int i = 0; i < array.size(); i++) {
      if (leavesSearch && FileSearchTool.isOne(array.get(i))) {
        continue;
      }
      JsonFields fields = body.element(array, i, "tools");
      if (isFunction(fields)) {
        tools.put(i, tool(fields));
      }
    }
    SchemaFields.requireDistinct(tools, "tools[%d].function.name");
    return List.copyOf(tools.values());
  }

  /** Whether a tool is a function. Others, which OpenAI runs itself or whose input is no JSON, are named as ignored. */
  private static boolean isFunction(JsonFields fields) {
    String type = fields.string("type");
    if (type == null || type.equals("function")) {
      return true;
    }
    fields
        .ignored()
        .unsupported(
            fields.path("type"),
            fields.path("type")
                + " is \""
                + JsonFields.shorten(type)
                + "\"; this server has tools of type \"function\" only.");
    return false;
  }

  private static Tool tool(JsonFields fields) {
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
    boolean strict = function.flag("strict");
    function.ignoreUnknown();
    return SchemaFields.tool(
        name, function.path("name"), description, parameters, function.path("parameters"), strict, function.ignored());
  }

  static void requireFunction(JsonFields fields) {
    String type = fields.string("type");
    if (type != null && !"function".equals(type)) {
      throw ApiException.invalid(
          fields.path("type"),
          fields.path("type") + " is \"" + JsonFields.shorten(type) + "\"; it must be \"function\" or \"custom\".");
    }
  }

  /** The error for a word that is no choice. One that is a tool's name has to stand in an object. */
  public static ApiException unknownChoice(
      String field, JsonNode value, String words, List<Tool> tools, String objectBegin, String objectEnd) {
    boolean named = tools.stream().anyMatch(tool -> tool.name().equals(value.asText()));
    String form = named ? ", as " + objectBegin + JsonFields.quoted(value.asText()) + objectEnd : "";
    return JsonFields.noneOf(field, value, words + form);
  }

  private static ToolChoice choice(JsonFields body, List<Tool> tools, boolean leavesSearch) {
    JsonNode value = body.any("tool_choice");
    if (value == null) {
      return new ToolChoice.Auto();
    }
    if (value.isObject()) {
      return leavesSearch && FileSearchTool.isOne(value) ? new ToolChoice.Auto() : named(body);
    }
    return switch (value.asText()) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      case "required", "any" -> new ToolChoice.Required();
      default ->
          throw unknownChoice(
              "tool_choice",
              value,
              "\"auto\", \"none\", \"required\" or one of the tools",
              tools,
              "{\"type\": \"function\", \"function\": {\"name\": ",
              "}}");
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
    if (type != null && !type.equals("function")) {
      throw ApiException.invalid(
          "tool_choice.type",
          "tool_choice.type is \""
              + JsonFields.shorten(type)
              + "\"; it must be one of \"function\", \"allowed_tools\", \"auto\", \"none\", \"required\".");
    }
    JsonFields function = choice.object("function");
    // Without "function" as in OpenAI's Responses.
    String name = function == null ? choice.string("name") : function.string("name");
    if (name == null) {
      throw ApiException.invalid("tool_choice.function.name", "tool_choice.function.name is missing.");
    }
    return new ToolChoice.Named(name);
  }
}
