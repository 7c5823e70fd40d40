package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import java.util.Locale;

/** Whether the last message of a conversation can go on. */
final class Continuation {
  private static final String TURN = "template.turn";

  private Continuation() {}

  /**
   * Requires a last message that can go on, if it is to.
   *
   * @throws InvalidRequestException if it is not the assistant's, or calls tools
   */
  static void requirePossible(ChatRequest request) {
    if (!isWanted(request.template().turn())) {
      return;
    }
    ChatMessage last = request.messages().getLast();
    if (last.role() != Role.ASSISTANT) {
      throw new InvalidRequestException(
          TURN,
          name(TURN)
              + " goes on with the last message, which must be one of the assistant, but it is one of the role "
              + last.role().name().toLowerCase(Locale.ROOT)
              + ".");
    }
    if (!last.toolCalls().isEmpty()) {
      throw new InvalidRequestException(
          TURN, name(TURN) + " goes on with the last message, but that calls tools, so it is complete.");
    }
  }

  /**
   * Requires a template that shows the thinking which is to go on.
   *
   * @param thinks whether the template has tags around the thinking
   * @throws InvalidRequestException if the thinking would be lost
   */
  static void requireShown(ChatRequest request, boolean thinks) {
    Turn turn = request.template().turn();
    ChatMessage last = request.messages().getLast();
    boolean thinking =
        turn == Turn.CONTINUED_REASONING
            || turn == Turn.CONTINUED && last.content().isEmpty() && !last.reasoning().isEmpty();
    if (thinking && !thinks) {
      throw new InvalidRequestException(
          TURN,
          name(TURN)
              + " goes on with the reasoning of the last message, but this model's chat template has no place for"
              + " reasoning; continue a content instead.");
    }
  }

  private static boolean isWanted(Turn turn) {
    return switch (turn) {
      case NEW, OPEN -> false;
      case CONTINUED, CONTINUED_TEXT, CONTINUED_REASONING -> true;
    };
  }
}
