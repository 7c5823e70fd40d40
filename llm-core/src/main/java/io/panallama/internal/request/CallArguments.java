package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolCall;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import java.io.IOException;
import java.util.List;

/**
 * The arguments of the calls in a conversation. A model that was cut off, or another model, may have written something that is no
 * JSON object, or holds a number that no double can; llama.cpp parses the arguments for templates that take objects, and fails.
 */
final class CallArguments {
  /** The most objects and arrays inside of one another; the bridge allows a few more for all of a request. */
  private static final int MAX_DEPTH = 500;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

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
                  + " must be a JSON object whose numbers fit a double, since the model's chat template takes nothing"
                  + " else; correct the text, or leave the call and its result out.",
              cause);
        }
      }
    }
    return cause;
  }

  /** Whether llama.cpp can read the arguments as an object. */
  private static boolean isObject(ToolCall call) {
    try (JsonParser json = FACTORY.createParser(call.arguments())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      int depth = 1;
      while (depth > 0) {
        JsonToken token = json.nextToken();
        if (token == null || token.isNumeric() && !Double.isFinite(json.getDoubleValue())) {
          return false;
        }
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      }
      return json.nextToken() == null;
    } catch (IOException malformed) {
      return false;
    }
  }
}
