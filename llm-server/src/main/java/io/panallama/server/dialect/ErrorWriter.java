package io.panallama.server.dialect;

/** Writes errors in a dialect's shape. */
@FunctionalInterface
public interface ErrorWriter {
  /** The error as a JSON document, for the body of a response or a frame of a stream. */
  byte[] write(ApiException error);

  /**
   * The error of a request as a JSON document, for the body of its response.
   *
   * @param requestId the name that the server's log has for the request; not every dialect's shape has room for it
   */
  default byte[] write(ApiException error, String requestId) {
    return write(error);
  }
}
