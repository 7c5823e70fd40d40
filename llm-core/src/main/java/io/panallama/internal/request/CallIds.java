package io.panallama.internal.request;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolCall;
import io.panallama.request.ChatRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * The ids of the calls in a conversation. Templates of Mistral's models refuse all but those of nine letters and digits, which that
 * company's servers make; clients send back whatever id an answer had, or one of another server.
 */
public final class CallIds {
  private static final int LENGTH = 9;
  private static final String DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private CallIds() {}

  /** Whether the conversation has an id that such a template refuses. */
  static boolean areLong(ChatRequest request) {
    return request.messages().stream()
        .anyMatch(message ->
            message.toolCalls().stream().anyMatch(call -> !isShort(call.id()))
                || !message.toolCallId().isEmpty() && !isShort(message.toolCallId()));
  }

  /** The conversation with ids of nine letters and digits, which are made from the hashes of the others. */
  public static ChatRequest shortened(ChatRequest request) {
    return request.toBuilder().messages(request.messages().stream().map(CallIds::shortened).toList()).build();
  }

  private static ChatMessage shortened(ChatMessage message) {
    List<ToolCall> calls =
        message.toolCalls().stream()
            .map(call -> new ToolCall(shortened(call.id()), call.name(), call.arguments()))
            .toList();
    String result = message.toolCallId().isEmpty() ? "" : shortened(message.toolCallId());
    return new ChatMessage(message.role(), message.content(), message.reasoning(), calls, result, message.name());
  }

  private static boolean isShort(String id) {
    return id.length() == LENGTH && id.chars().allMatch(each -> DIGITS.indexOf(each) >= 0);
  }

  private static String shortened(String id) {
    if (isShort(id)) {
      return id;
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
      StringBuilder made = new StringBuilder();
      for (int i = 0; i < LENGTH; i++) {
        made.append(DIGITS.charAt(Byte.toUnsignedInt(hash[i]) % DIGITS.length()));
      }
      return made.toString();
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }
}
