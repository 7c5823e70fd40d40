package io.panallama.server.dialect;

import io.panallama.error.InvalidRequestException;

/** Reads a request to a route that generates. */
@FunctionalInterface
public interface BodyReader {
  /**
   * Parses a request. What it asks for and the answer won't follow is added to {@link ClientRequest#ignored}.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core refuses a value
   */
  Call read(ClientRequest request);
}
