package io.panallama.server.dialect;

/** Writes errors in a dialect's shape. */
@FunctionalInterface
public interface ErrorWriter {
  /** The error as a JSON document, for the body of a response or a frame of a stream. */
  byte[] write(ApiException error);
}
