package io.panallama.server.wire;

import io.panallama.request.GenerationRequest;
import io.panallama.server.ServedModel;

/**
 * A request body, understood.
 *
 * @param generation what to ask of the engine
 * @param stream whether to answer with server-sent events
 * @param includeUsage whether the stream ends with a chunk of token counts
 * @param topLogprobs how many alternatives to give with each token's log-probability
 * @param choices how many answers to give
 * @param echo whether the text of the answer begins with the prompt
 */
public record ApiRequest(
    GenerationRequest generation, boolean stream, boolean includeUsage, int topLogprobs, int choices, boolean echo) {
  /** A request for one answer, without the prompt. */
  public ApiRequest(GenerationRequest generation, boolean stream, boolean includeUsage, int topLogprobs) {
    this(generation, stream, includeUsage, topLogprobs, 1, false);
  }

  /** Reads the body of a route. */
  public interface Parser {
    /**
     * @throws ApiException if a field is wrong, unknown or not supported
     * @throws io.panallama.error.InvalidRequestException if a value is out of its range
     */
    ApiRequest parse(JsonFields body, ServedModel model);
  }

  ApiRequest withTopLogprobs(int top) {
    return new ApiRequest(generation, stream, includeUsage, top, choices, echo);
  }

  ApiRequest withEcho(boolean newEcho) {
    return new ApiRequest(generation, stream, includeUsage, topLogprobs, choices, newEcho);
  }
}
