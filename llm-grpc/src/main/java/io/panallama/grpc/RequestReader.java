package io.panallama.grpc;

import io.grpc.Status;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.grpc.v1.Message;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;

/** Turns messages of gRPC into requests of the core. Stateless. */
final class RequestReader {
  private RequestReader() {}

  /**
   * The request for a model, whose defaults fill in what the message leaves out.
   *
   * @throws io.panallama.error.InvalidRequestException if the core finds a value out of its range
   * @throws io.grpc.StatusRuntimeException if there is no input, or a message without a role
   */
  static GenerationRequest read(PredictRequest message, ServedModel model) {
    GenerationOptions options = options(message, model);
    return switch (message.getInputCase()) {
      case PROMPT -> CompletionRequest.of(message.getPrompt()).with(options);
      case CONVERSATION ->
          ChatRequest.builder()
              .messages(messages(message.getConversation().getMessagesList()))
              .template(model.template(TemplateOptions.defaults()))
              .options(options)
              .build();
      case INPUT_NOT_SET -> throw invalid("The request has no input; set prompt or conversation.");
    };
  }

  private static GenerationOptions options(PredictRequest message, ServedModel model) {
    GenerationOptions.Builder options =
        GenerationOptions.builder()
            .sampling(sampling(message.getSampling(), model.sampling().toBuilder()))
            .maxTokens(message.hasMaxTokens() ? message.getMaxTokens() : model.maxTokens())
            .stops(message.getStopList().toArray(String[]::new))
            .overflow(model.overflow());
    switch (message.getFormatCase()) {
      case JSON_SCHEMA -> options.format(new ResponseFormat.JsonSchema(message.getJsonSchema()));
      case GRAMMAR -> options.format(new ResponseFormat.Gbnf(message.getGrammar()));
      case FORMAT_NOT_SET -> {}
    }
    return model.options(options.build());
  }

  private static Sampling sampling(io.panallama.grpc.v1.Sampling given, Sampling.Builder sampling) {
    if (given.hasTemperature()) {
      sampling.temperature(given.getTemperature());
    }
    if (given.hasTopK()) {
      sampling.topK(given.getTopK());
    }
    if (given.hasTopP()) {
      sampling.topP(given.getTopP());
    }
    if (given.hasMinP()) {
      sampling.minP(given.getMinP());
    }
    if (given.hasRepeatPenalty()) {
      sampling.repeatPenalty(given.getRepeatPenalty());
    }
    if (given.hasFrequencyPenalty()) {
      sampling.frequencyPenalty(given.getFrequencyPenalty());
    }
    if (given.hasPresencePenalty()) {
      sampling.presencePenalty(given.getPresencePenalty());
    }
    if (given.hasSeed()) {
      sampling.seed(Integer.toUnsignedLong(given.getSeed()));
    }
    return sampling.build();
  }

  private static List<ChatMessage> messages(List<Message> given) {
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      String content = given.get(i).getContent();
      messages.add(
          switch (given.get(i).getRole()) {
            case ROLE_SYSTEM -> ChatMessage.system(content);
            case ROLE_USER -> ChatMessage.user(content);
            case ROLE_ASSISTANT -> ChatMessage.assistant(content);
            case ROLE_UNSPECIFIED, UNRECOGNIZED ->
                throw invalid(
                    "conversation.messages["
                        + i
                        + "] has no role that is known; it must be ROLE_SYSTEM, ROLE_USER or ROLE_ASSISTANT.");
          });
    }
    return messages;
  }

  private static RuntimeException invalid(String message) {
    return Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
  }
}
