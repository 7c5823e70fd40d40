package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.ChatTools;
import io.panallama.server.dialect.fields.FileSearchTool;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.SchemaFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}. Functions are tools, and so is the search in files; tools of
 * other types, which OpenAI runs itself, are named as ignored.
 *
 * @param tools those that the model sees
 * @param search the tool that searches files, if it is to be used
 * @param sent the tools that are not ignored, as the client sent them
 * @param choice the choice as the client sent it
 */
record ResponseTools(Tools tools, Optional<FileSearchTool> search, ArrayNode sent, JsonNode choice) {
  private static final String TOOLS = "tools";
  private static final String CHOICE = "tool_choice";
  private static final String FUNCTION = "function";
  private static final String KNOWN = "This server has tools of type \"function\" and \"file_search\".";

  /**
   * Reads the three fields.
   *
   * @throws ApiException if one is wrong
   */
  static ResponseTools read(JsonFields body) {
    Optional<FileSearchTool> search = FileSearchTool.read(body);
    ArrayNode sent = Items.array();
    List<Tool> tools = tools(body, sent);
    JsonNode given = body.any(CHOICE);
    Tools.Builder builder = chosen(body, given, tools, search.isPresent());
    ChatTools.readParallel(body, builder.build().choice(), builder);
    return new ResponseTools(builder.build(), search, sent, given == null ? TextNode.valueOf("auto") : given);
  }

  private static List<Tool> tools(JsonFields body, ArrayNode sent) {
    JsonNode array = body.any(TOOLS);
    List<Tool> tools = new ArrayList<>();
    if (array == null) {
      return tools;
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType(TOOLS, array, "an array of tools");
    }
    for (int i = 0; i < array.size(); i++) {
      JsonFields fields = body.element(array, i, TOOLS);
      String type = fields.string("type");
      if (type == null) {
        throw missing(fields, "type");
      }
      if (type.equals(FUNCTION)) {
        tools.add(tool(fields));
        sent.add(array.get(i));
      } else if (type.equals(FileSearchTool.TYPE)) {
        sent.add(array.get(i));
      } else {
        String path = TOOLS + "[" + i + "]";
        body.ignored()
            .unsupported(
                path, path + " is of type \"" + type + "\"; this server has tools of type function and file_search.");
      }
    }
    return tools;
  }

  /** A function, whose fields stand in the tool itself or, as in chats, in an object inside of it. */
  private static Tool tool(JsonFields fields) {
    JsonFields inner = fields.object(FUNCTION);
    JsonFields function = inner == null ? fields : inner;
    String name = function.string("name");
    if (name == null) {
      throw missing(function, "name");
    }
    String description = function.string("description");
    JsonNode parameters = function.any("parameters");
    boolean strict = function.flag("strict");
    fields.ignoreUnknown();
    function.ignoreUnknown();
    return SchemaFields.tool(
        name, function.path("name"), description, parameters, function.path("parameters"), strict, function.ignored());
  }

  private static Tools.Builder chosen(JsonFields body, @Nullable JsonNode given, List<Tool> tools, boolean searches) {
    Tools.Builder all = Tools.builder().list(tools);
    if (given == null) {
      return all;
    }
    if (!given.isObject()) {
      ToolChoice mode = ChatTools.beside(searches, mode(given, tools));
      ChatTools.requireKnown(body, tools, mode, KNOWN);
      return all.choice(mode);
    }
    JsonFields choice = body.object(CHOICE);
    if (choice == null) {
      return all;
    }
    String type = choice.string("type");
    if (type == null) {
      throw ApiException.invalid(
          400,
          choice.path("type"),
          "missing_required_parameter",
          choice.path("type") + " is missing; it must be one of \"function\", \"file_search\", \"allowed_tools\".");
    }
    return switch (type) {
      case FUNCTION -> {
        ToolChoice named = new ToolChoice.Named(name(choice));
        ChatTools.requireKnown(body, tools, named, KNOWN);
        yield all.choice(named);
      }
      case FileSearchTool.TYPE -> all;
      case ChatTools.ALLOWED_TOOLS -> ChatTools.allowed(choice, tools, searches);
      default -> {
        body.ignored()
            .unsupported(
                CHOICE, CHOICE + " is a tool of type \"" + type + "\"; this server has functions and file_search.");
        yield all;
      }
    };
  }

  private static ToolChoice mode(JsonNode value, List<Tool> tools) {
    return switch (value.asText()) {
      case "auto" -> new ToolChoice.Auto();
      case "none" -> new ToolChoice.None();
      case "required" -> new ToolChoice.Required();
      default ->
          throw ChatTools.unknownChoice(
              CHOICE,
              value,
              "\"auto\", \"none\", \"required\" or one of the tools",
              tools,
              "{\"type\": \"function\", \"name\": ",
              "}");
    };
  }

  private static String name(JsonFields choice) {
    JsonFields inner = choice.object(FUNCTION);
    JsonFields named = inner == null ? choice : inner;
    String name = named.string("name");
    if (name == null) {
      throw missing(named, "name");
    }
    choice.ignoreUnknown();
    return name;
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
  }
}
