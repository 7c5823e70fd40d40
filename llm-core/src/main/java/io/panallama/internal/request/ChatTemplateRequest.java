package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.request.ChatRequest;
import io.panallama.request.ResponseFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a chat request as the JSON that the bridge reads: OpenAI's messages and tools, with llama.cpp's additions. */
public final class ChatTemplateRequest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ChatTemplateRequest() {}

  public static ObjectNode of(ChatRequest request) {
    ObjectNode json = JSON.createObjectNode();
    ArrayNode messages = json.putArray("messages");
    for (ChatMessage message : request.messages()) {
      write(message, messages.addObject());
    }
    if (!request.tools().list().isEmpty()) {
      write(request.tools(), json);
    }
    ObjectNode schema = schema(request.options().format());
    if (schema != null) {
      json.set("json_schema", schema);
    }
    write(request.template(), json);
    return json;
  }

  private static void write(ChatMessage message, ObjectNode json) {
    json.put("role", role(message.role())).put("content", message.content());
    if (!message.reasoning().isEmpty()) {
      json.put("reasoning_content", message.reasoning());
    }
    if (!message.toolCallId().isEmpty()) {
      json.put("tool_call_id", message.toolCallId());
    }
    if (!message.name().isEmpty()) {
      json.put("name", message.name());
    }
    if (!message.toolCalls().isEmpty()) {
      ArrayNode calls = json.putArray("tool_calls");
      for (ToolCall call : message.toolCalls()) {
        ObjectNode one = calls.addObject().put("type", "function");
        if (!call.id().isEmpty()) {
          one.put("id", call.id());
        }
        one.putObject("function").put("name", call.name()).put("arguments", call.arguments());
      }
    }
  }

  private static void write(Tools tools, ObjectNode json) {
    String only = null;
    String choice = "auto";
    switch (tools.choice()) {
      case ToolChoice.Auto() -> {}
      case ToolChoice.None() -> choice = "none";
      case ToolChoice.Required() -> choice = "required";
      case ToolChoice.Named(String name) -> {
        choice = "required";
        only = name;
      }
    }
    ArrayNode shown = JSON.createArrayNode();
    ArrayNode enforced = JSON.createArrayNode();
    for (int index = 0; index < tools.list().size(); index++) {
      Tool tool = tools.list().get(index);
      if (only != null && !only.equals(tool.name())) {
        continue;
      }
      String path = "tools.list[" + index + "].parameters";
      write(tool, SchemaCheck.shown(path, tool.parameters()), shown);
      write(tool, SchemaCheck.checkArguments(path, tool.parameters(), tool.strict(), "t" + index + "d"), enforced);
    }
    json.set("tools", shown);
    if (!enforced.equals(shown)) {
      json.set("grammar_tools", enforced);
    }
    json.put("tool_choice", choice);
    tools.parallelCalls().ifPresent(parallel -> json.put("parallel_tool_calls", parallel));
  }

  private static void write(Tool tool, ObjectNode parameters, ArrayNode tools) {
    ObjectNode function = tools.addObject().put("type", "function").putObject("function");
    function.put("name", tool.name()).put("description", tool.description()).set("parameters", parameters);
  }

  /** The schema of the whole answer; null if there is none. */
  private static @Nullable ObjectNode schema(ResponseFormat format) {
    return switch (format) {
      case ResponseFormat.Text _, ResponseFormat.Gbnf _ -> null;
      case ResponseFormat.JsonObject() -> JSON.createObjectNode().put("type", "object");
      case ResponseFormat.JsonSchema(String schema, boolean strict) ->
          anyValue(SchemaCheck.check("format", schema, strict, "r"));
    };
  }

  /** The schema, or one that says in words what an empty one does: llama.cpp takes that for none. */
  private static ObjectNode anyValue(ObjectNode schema) {
    if (schema.isEmpty()) {
      ArrayNode types = schema.putArray("type");
      List.of("object", "array", "string", "number", "boolean", "null").forEach(types::add);
    }
    return schema;
  }

  private static void write(TemplateOptions options, ObjectNode json) {
    json.put("reasoning_format", format(options.reasoning()));
    options.thinking().ifPresent(thinking -> json.put("enable_thinking", thinking));
    if (!options.arguments().isEmpty()) {
      ObjectNode arguments = json.putObject("chat_template_kwargs");
      for (Map.Entry<String, String> argument : options.arguments().entrySet()) {
        arguments.set(argument.getKey(), value(argument.getKey(), argument.getValue()));
      }
    }
    json.put("add_generation_prompt", options.turn() == TemplateOptions.Turn.NEW);
    switch (options.turn()) {
      case NEW, OPEN -> {}
      case CONTINUED -> json.put("continue_final_message", true);
      case CONTINUED_TEXT -> json.put("continue_final_message", "content");
      case CONTINUED_REASONING -> json.put("continue_final_message", "reasoning_content");
    }
  }

  /** The role names that templates know. */
  private static String role(Role role) {
    return switch (role) {
      case SYSTEM -> "system";
      case USER -> "user";
      case ASSISTANT -> "assistant";
      case TOOL -> "tool";
    };
  }

  /** llama.cpp's names ({@code common_reasoning_format_from_name}). */
  private static String format(ReasoningFormat format) {
    return switch (format) {
      case NONE -> "none";
      case AUTO -> "auto";
      case DEEPSEEK -> "deepseek";
      case DEEPSEEK_LEGACY -> "deepseek-legacy";
    };
  }

  private static JsonNode value(String name, String text) {
    try {
      JsonNode value = JSON.readTree(text);
      if (!value.isMissingNode()) {
        return value;
      }
    } catch (JsonProcessingException malformed) {
      throw notJson(name);
    }
    throw notJson(name);
  }

  private static InvalidRequestException notJson(String name) {
    return new InvalidRequestException(
        "template.arguments", name("template.arguments") + " has \"" + name + "\", whose value is not JSON.");
  }
}
