package io.panallama.server.http;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;

/** Which part of a request has most of its prompt: the one to shorten if it is too long. */
final class LongestPart {
  private LongestPart() {}

  /** The core's name of that part. */
  static String of(GenerationRequest request) {
    if (!(request instanceof ChatRequest chat)) {
      return "prompt";
    }
    long tools = 0;
    for (Tool tool : chat.tools().list()) {
      tools += tool.name().length() + tool.description().length() + tool.parameters().length();
    }
    long messages = 0;
    for (ChatMessage message : chat.messages()) {
      messages += message.content().length() + message.reasoning().length();
      for (ToolCall call : message.toolCalls()) {
        messages += call.name().length() + call.arguments().length();
      }
    }
    return tools > messages ? "tools.list" : "messages";
  }
}
