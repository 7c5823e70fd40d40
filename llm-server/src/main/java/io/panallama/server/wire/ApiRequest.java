package io.panallama.server.wire;

import io.panallama.GenerationRequest;
import io.panallama.server.ServedModel;

/**
 * A request body, understood.
 *
 * @param generation what to ask of the engine
 * @param stream whether to answer with server-sent events
 * @param includeUsage whether the stream ends with a chunk of token counts
 * @param topLogprobs how many alternatives to give with each token's log-probability
 */
public record ApiRequest(GenerationRequest generation, boolean stream, boolean includeUsage, int topLogprobs) {
  /** Reads a body of {@code /v1/chat/completions} or {@code /v1/completions}. */
  public interface Parser {
    /**
     * @throws ApiException if a field is wrong, unknown or not supported
     * @throws io.panallama.InvalidRequestException if a value is out of its range
     */
    ApiRequest parse(JsonFields body, ServedModel model);
  }
}
