package io.panallama;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The conversations that templates are tried with. */
public final class Conversations {
  public static final Tool WEATHER =
      new Tool(
          "get_weather",
          "The weather of a city",
          """
          {"type": "object", "properties": {"city": {"type": "string", "description": "its name"},
           "days": {"type": "integer", "minimum": 1, "maximum": 7}}, "required": ["city"]}\
          """);

  public static final Tool TIME = new Tool("get_time", "The time in a time zone", Tool.NO_PARAMETERS);

  private static final ToolCall CALL = new ToolCall("call_01234", "get_weather", "{\"city\": \"Paris\", \"days\": 2}");

  private Conversations() {}

  /** By name, in order. */
  public static Map<String, ChatRequest> all() {
    ChatMessage system = ChatMessage.system("You are a helpful assistant.");
    ChatMessage user = ChatMessage.user("What is the weather in Paris? Größe: 5 < 6 & \"quoted\"\n");
    ChatMessage calling = new ChatMessage(Role.ASSISTANT, "", "", List.of(CALL), "", "");
    ChatMessage result = ChatMessage.toolResult(CALL, "{\"temperature\": 21.5, \"sky\": \"clear\"}");
    ChatMessage thinking =
        new ChatMessage(Role.ASSISTANT, "It is warm.", "The user wants to know the weather.", List.of(), "", "");
    Tools tools = Tools.of(WEATHER, TIME);
    Map<String, ChatRequest> all = new LinkedHashMap<>();
    all.put("plain", ChatRequest.of(user));
    all.put("turns", ChatRequest.of(user, ChatMessage.assistant("Sunny."), ChatMessage.user("And tomorrow?")));
    all.put("system", ChatRequest.of(system, user));
    all.put("tools", ChatRequest.of(system, user).with(tools));
    all.put("tools required", ChatRequest.of(user).with(tools.toBuilder().choice(new ToolChoice.Required()).build()));
    all.put("tool results", ChatRequest.of(system, user, calling, result).with(tools));
    all.put("reasoning", ChatRequest.of(user, thinking, ChatMessage.user("Thanks. Is it warm in Rome?")));
    all.put("without thinking", ChatRequest.of(system, user).with(TemplateOptions.builder().thinking(false).build()));
    all.put(
        "continued",
        ChatRequest.of(user, ChatMessage.assistant("It is"))
            .with(TemplateOptions.builder().turn(TemplateOptions.Turn.CONTINUED).build()));
    all.put(
        "schema",
        ChatRequest.of(user)
            .with(
                GenerationOptions.builder()
                    .format(
                        new ResponseFormat.JsonSchema(
                            "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\"}}}"))
                    .build()));
    return all;
  }
}
