package io.panallama.internal.worker;

import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;

/** Says in a crash report what a request looks like, without any of its text. */
final class RequestShape {
  private RequestShape() {}

  static String of(GenerationRequest request) {
    String what =
        switch (request) {
          case ChatRequest chat ->
              "chat of "
                  + chat.messages().size()
                  + " messages with "
                  + chat.messages().stream().mapToLong(message -> message.content().length()).sum()
                  + " chars, "
                  + chat.tools().list().size()
                  + " tools, turn "
                  + chat.template().turn();
          case CompletionRequest completion ->
              switch (completion.prompt()) {
                case Prompt.Text(String text, boolean special) ->
                    "completion of " + text.length() + " chars" + (special ? " with special tokens" : "");
                case Prompt.Tokens tokens -> "completion of " + tokens.tokens().length + " tokens";
              };
          case InfillRequest infill ->
              "infill of " + infill.prefix().length() + " and " + infill.suffix().length() + " chars";
        };
    return what + options(request.options());
  }

  private static String options(GenerationOptions options) {
    String format =
        switch (options.format()) {
          case ResponseFormat.Text() -> "text";
          case ResponseFormat.JsonObject() -> "any JSON object";
          case ResponseFormat.JsonSchema(String schema, boolean strict) ->
              "JSON schema of " + schema.length() + " chars" + (strict ? ", strict" : "");
          case ResponseFormat.Gbnf(String grammar, String _) -> "grammar of " + grammar.length() + " chars";
        };
    return ", format "
        + format
        + ", samplers "
        + options.sampling().chain().stream().map(sampler -> sampler.getClass().getSimpleName()).toList()
        + ", at most "
        + options.maxTokens()
        + " tokens, overflow "
        + options.overflow().getClass().getSimpleName()
        + ", top log-probabilities "
        + options.topLogprobs()
        + (options.promptLogprobs().isPresent() ? " and of the prompt" : "");
  }
}
