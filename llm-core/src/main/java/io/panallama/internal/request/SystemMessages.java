package io.panallama.internal.request;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.request.ChatRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The system messages at the beginning of a conversation. */
final class SystemMessages {
  private SystemMessages() {}

  /** How many there are. */
  static int count(List<ChatMessage> messages) {
    int count = 0;
    while (count < messages.size() && messages.get(count).role() == Role.SYSTEM) {
      count++;
    }
    return count;
  }

  /** The conversation with one of them, which has the paragraphs of all. */
  static ChatRequest joined(ChatRequest request) {
    List<ChatMessage> messages = request.messages();
    int count = count(messages);
    String text = messages.subList(0, count).stream().map(ChatMessage::content).collect(Collectors.joining("\n\n"));
    List<ChatMessage> joined = new ArrayList<>(messages.subList(count, messages.size()));
    joined.addFirst(ChatMessage.system(text));
    return request.toBuilder().messages(joined).build();
  }
}
