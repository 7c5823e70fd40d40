package io.panallama.server.dialect;

import io.panallama.error.InvalidRequestException;

/** Reads the body of a route that generates. */
@FunctionalInterface
public interface BodyReader {
  /**
   * Parses a body.
   *
   * @param body the bytes as they were sent; empty if there were none
   * @throws ApiException if a field is wrong, unknown or not supported
   * @throws InvalidRequestException if the core refuses a value
   */
  Call read(byte[] body);
}
