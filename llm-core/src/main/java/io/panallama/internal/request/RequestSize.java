package io.panallama.internal.request;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;

/** Estimates how much work it is to prepare a request, in characters of plain text. */
public final class RequestSize {
  /** Above this many characters, preparing a request takes more than about ten milliseconds. */
  public static final int LARGE = 32 << 10;

  /** A message costs as much as this many characters of its text. */
  private static final int MESSAGE = 64;

  /** A character of a schema or a grammar costs as much as this many characters of text. */
  private static final int GRAMMAR = 8;

  private RequestSize() {}

  /** Whether preparing the request may take long. */
  public static boolean isLarge(GenerationRequest request) {
    return of(request) > LARGE;
  }

  static long of(GenerationRequest request) {
    return switch (request) {
      case ChatRequest chat -> messages(chat) + tools(chat) + options(chat.options());
      case CompletionRequest completion -> prompt(completion.prompt()) + options(completion.options());
      case InfillRequest infill -> infill(infill) + options(infill.options());
    };
  }

  private static long messages(ChatRequest request) {
    long size = 0;
    for (ChatMessage message : request.messages()) {
      size += MESSAGE + message.content().length() + message.reasoning().length();
      for (ToolCall call : message.toolCalls()) {
        size += MESSAGE + call.arguments().length();
      }
    }
    return size;
  }

  private static long tools(ChatRequest request) {
    long size = 0;
    for (Tool tool : request.tools().list()) {
      size += tool.description().length() + (long) GRAMMAR * (MESSAGE + tool.parameters().length());
    }
    return size;
  }

  private static long prompt(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text text -> text.text().length();
      case Prompt.Tokens tokens -> tokens.tokens().length;
    };
  }

  private static long infill(InfillRequest request) {
    long size = (long) request.prefix().length() + request.suffix().length() + request.prompt().length();
    for (InfillRequest.File file : request.extra()) {
      size += MESSAGE + file.text().length();
    }
    return size;
  }

  private static long options(GenerationOptions options) {
    long size =
        switch (options.format()) {
          case ResponseFormat.JsonSchema schema -> schema.schema().length();
          case ResponseFormat.Gbnf gbnf -> gbnf.grammar().length();
          case ResponseFormat.Text _, ResponseFormat.JsonObject _ -> 0;
        };
    for (Sampler stage : options.sampling().chain()) {
      size +=
          switch (stage) {
            case Sampler.Grammar grammar -> grammar.gbnf().length();
            case Sampler.LazyGrammar grammar -> grammar.gbnf().length();
            default -> 0;
          };
    }
    return GRAMMAR * size;
  }
}
