package io.panallama.server.http;

/**
 * How large the body of a request may be, and what it is.
 *
 * @param bytes the most bytes
 * @param upload whether it is a file that is stored as it comes, and may take longer to send than other requests
 * @param option the option of the command line that sets it
 */
record BodyLimit(long bytes, boolean upload, String option) {
  /** What a client is told whose body has more bytes. */
  String tooLarge() {
    return "The body is larger than" + remedy();
  }

  /** What a client is told whose body has more bytes when it is decompressed. */
  String tooLargeDecompressed() {
    return "Decompressed, the body is larger than" + remedy();
  }

  private String remedy() {
    return " the "
        + bytes
        + " bytes that this server takes. Send less, or start the server with a larger "
        + option
        + ".";
  }

  /** Tells the limit of a request whose head has been read. */
  @FunctionalInterface
  interface Source {
    /**
     * The limit.
     *
     * @param path the request's, decoded or not, without its query
     */
    BodyLimit of(String method, String path);
  }
}
