package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.server.dialect.fields.PartTexts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Makes the messages of a conversation from items.
 *
 * <p>What the model said between two inputs, which is reasoning, text and calls as items of their own, is one message. The
 * instructions and the messages of system and developer at the beginning are one message, too, since most templates have
 * one place for them.
 */
final class Conversation {
  private static final String BREAK = "\n\n";

  private final List<ChatMessage> messages = new ArrayList<>();

  /** The names of functions by the ids of their calls. */
  private final Map<String, String> names = new HashMap<>();

  // The message of the assistant that is being put together.
  private final List<String> texts = new ArrayList<>();
  private final List<String> thoughts = new ArrayList<>();
  private final List<ToolCall> calls = new ArrayList<>();

  private Conversation() {}

  /**
   * The messages.
   *
   * @param instructions the first message's text; empty for none
   * @param items in the form in which {@link InputItems} and {@link Items} make them
   */
  static List<ChatMessage> of(String instructions, List<ObjectNode> items) {
    Conversation conversation = new Conversation();
    int rest = 0;
    List<String> system = new ArrayList<>();
    if (!instructions.isEmpty()) {
      system.add(instructions);
    }
    while (rest < items.size() && isSystem(items.get(rest))) {
      system.add(text(items.get(rest).path("content"), "\n"));
      rest++;
    }
    if (!system.isEmpty()) {
      conversation.messages.add(ChatMessage.system(String.join(BREAK, system)));
    }
    items.subList(rest, items.size()).forEach(conversation::add);
    conversation.endTurn(all -> true);
    return conversation.messages;
  }

  private static boolean isSystem(ObjectNode item) {
    String role = item.path("role").asText();
    return role.equals("system") || role.equals("developer");
  }

  private void add(ObjectNode item) {
    switch (item.path("type").asText()) {
      case Items.REASONING -> {
        JsonNode content = item.path("content");
        String text = text(content.isEmpty() ? item.path("summary") : content, BREAK);
        if (!text.isEmpty()) {
          thoughts.add(text);
        }
      }
      case Items.CALL -> {
        String callId = item.path("call_id").asText();
        String name = item.path("name").asText();
        names.put(callId, name);
        calls.add(new ToolCall(callId, name, item.path("arguments").asText()));
      }
      case Items.CALL_OUTPUT -> {
        endTurn(this::isWhole);
        String callId = item.path("call_id").asText();
        String name = names.getOrDefault(callId, "");
        messages.add(new ChatMessage(Role.TOOL, item.path("output").asText(), "", List.of(), callId, name));
      }
      case Items.FILE_SEARCH -> {} // its passages were for one answer
      default -> message(item);
    }
  }

  private void message(ObjectNode item) {
    String text = text(item.path("content"), "\n");
    if (item.path("role").asText().equals("assistant")) {
      texts.add(text);
      return;
    }
    endTurn(this::isWhole);
    messages.add(new ChatMessage(isSystem(item) ? Role.SYSTEM : Role.USER, text));
  }

  /** Reasoning alone is no turn, unless it is the last one and to be continued. */
  private boolean isWhole(ChatMessage turn) {
    return !texts.isEmpty() || !turn.toolCalls().isEmpty();
  }

  private void endTurn(Predicate<ChatMessage> kept) {
    if (texts.isEmpty() && thoughts.isEmpty() && calls.isEmpty()) {
      return;
    }
    ChatMessage turn =
        new ChatMessage(Role.ASSISTANT, String.join(BREAK, texts), String.join(BREAK, thoughts), calls, "", "");
    if (kept.test(turn)) {
      messages.add(turn);
    }
    texts.clear();
    thoughts.clear();
    calls.clear();
  }

  private static String text(JsonNode parts, String separator) {
    List<String> all = new ArrayList<>();
    for (JsonNode part : parts) {
      all.add(part.path(part.has("refusal") ? "refusal" : "text").asText());
    }
    return PartTexts.joined(all, separator);
  }
}
