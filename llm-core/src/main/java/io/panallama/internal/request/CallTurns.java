package io.panallama.internal.request;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.request.ChatRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The calls of one message, for templates that refuse more than one in it, as those of Llama 3 do: their models make several all the
 * same, and clients change the model in the middle of a conversation.
 */
public final class CallTurns {
  private CallTurns() {}

  /** Whether a message has several calls. */
  static boolean areTogether(ChatRequest request) {
    return request.messages().stream().anyMatch(message -> message.toolCalls().size() > 1);
  }

  /** The conversation with each call in a message of its own, and its result behind it. */
  public static ChatRequest apart(ChatRequest request) {
    List<ChatMessage> all = request.messages();
    List<ChatMessage> apart = new ArrayList<>();
    int next = 0;
    while (next < all.size()) {
      ChatMessage turn = all.get(next++);
      if (turn.toolCalls().size() < 2) {
        apart.add(turn);
        continue;
      }
      List<ChatMessage> results = new ArrayList<>();
      while (next < all.size() && all.get(next).role() == Role.TOOL) {
        results.add(all.get(next++));
      }
      divide(turn, results, apart);
    }
    return request.toBuilder().messages(apart).build();
  }

  private static void divide(ChatMessage turn, List<ChatMessage> results, List<ChatMessage> apart) {
    Set<String> ids = turn.toolCalls().stream().map(ToolCall::id).collect(Collectors.toSet());
    List<ChatMessage> others = new ArrayList<>(results);
    others.removeIf(result -> ids.contains(result.toolCallId()));
    for (int i = 0; i < turn.toolCalls().size(); i++) {
      ToolCall call = turn.toolCalls().get(i);
      String content = i == 0 ? turn.content() : "";
      String reasoning = i == 0 ? turn.reasoning() : "";
      apart.add(new ChatMessage(turn.role(), content, reasoning, List.of(call), turn.toolCallId(), turn.name()));
      List<ChatMessage> own = results.stream().filter(result -> result.toolCallId().equals(call.id())).toList();
      apart.addAll(own);
      if (own.isEmpty() && !others.isEmpty()) {
        // Results that name none of the calls are those of the calls in their order.
        apart.add(others.removeFirst());
      }
    }
    apart.addAll(others);
  }
}
