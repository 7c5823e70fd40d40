package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolCall;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import java.util.List;

/**
 * The arguments of the calls in a conversation. A model that was cut off, or another model, may have written something that is no
 * JSON object; llama.cpp parses the arguments for templates that take objects, and fails.
 */
final class CallArguments {
  private static final ObjectReader JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build().reader();

  private CallArguments() {}

  static boolean areObjects(ChatRequest request) {
    return request.messages().stream()
        .flatMap(message -> message.toolCalls().stream())
        .allMatch(CallArguments::isObject);
  }

  /** The conversation with arguments that are no objects as JSON strings. */
  static ChatRequest quoted(ChatRequest request) {
    return request.toBuilder().messages(request.messages().stream().map(CallArguments::quoted).toList()).build();
  }

  private static ChatMessage quoted(ChatMessage message) {
    List<ToolCall> calls =
        message.toolCalls().stream()
            .map(call ->
                isObject(call)
                    ? call
                    : new ToolCall(call.id(), call.name(), TextNode.valueOf(call.arguments()).toString()))
            .toList();
    return new ChatMessage(
        message.role(), message.content(), message.reasoning(), calls, message.toolCallId(), message.name());
  }

  /** The refusal of the first call that is wrong. */
  static InvalidRequestException refusal(ChatRequest request, InvalidRequestException cause) {
    for (int i = 0; i < request.messages().size(); i++) {
      List<ToolCall> calls = request.messages().get(i).toolCalls();
      for (int j = 0; j < calls.size(); j++) {
        if (!isObject(calls.get(j))) {
          String path = "messages[" + i + "].toolCalls[" + j + "].arguments";
          return new InvalidRequestException(
              path,
              name(path)
                  + " must be a JSON object, since the model's chat template takes nothing else; correct the text, or"
                  + " leave the call and its result out.",
              cause);
        }
      }
    }
    return cause;
  }

  private static boolean isObject(ToolCall call) {
    try {
      return JSON.readTree(call.arguments()).isObject();
    } catch (JsonProcessingException malformed) {
      return false;
    }
  }
}
