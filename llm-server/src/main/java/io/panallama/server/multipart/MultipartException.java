package io.panallama.server.multipart;

/** A body is no {@code multipart/form-data}, or has more of something than is taken. */
public final class MultipartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An exception whose message says what is wrong, for the client. */
  public MultipartException(String message) {
    super(message, null, false, false);
  }
}
