package io.panallama.load;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The contents of one request. Immutable.
 *
 * @param messages the conversation so far
 * @param answerTokens the length of the answer
 */
record Turn(List<Message> messages, int answerTokens) {
  Turn {
    messages = List.copyOf(messages);
  }

  /**
   * @param role {@code system}, {@code user} or {@code assistant}
   */
  record Message(String role, String content) {}

  /** The number of the user's messages: 1 at the beginning of a conversation. */
  int number() {
    return (int) messages.stream().filter(message -> message.role().equals("user")).count();
  }

  static Turn user(String text, int answerTokens) {
    return new Turn(List.of(new Message("user", text)), answerTokens);
  }

  /** The messages as one text for {@code /v1/completions}, which has no roles. */
  String text() {
    return messages.stream().map(Message::content).collect(Collectors.joining("\n"));
  }
}
