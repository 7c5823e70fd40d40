package io.panallama.server.http;

/**
 * How large the body of a request may be, and what it is.
 *
 * @param bytes the most bytes
 * @param upload whether it is a file that is stored as it comes, and may take longer to send than other requests
 * @param option the option of the command line that sets it
 */
record BodyLimit(long bytes, boolean upload, String option) {
  /** What the body of an upload has besides the file: headers of parts, and other fields. */
  private static final long FORM = 64 << 10;

  /** The limit of an upload of a file. */
  static BodyLimit ofFile(long fileBytes) {
    return new BodyLimit(fileBytes + FORM, true, "--max-file-size");
  }

  /** The code of the error that {@link #tooLarge} describes. */
  String code() {
    return upload ? "file_too_large" : "body_too_large";
  }

  /** What a client is told whose body has more bytes. */
  String tooLarge() {
    return upload
        ? "The file is larger than the "
            + (bytes - FORM)
            + " bytes that this server takes. Send a smaller one, or start the server with a larger "
            + option
            + "."
        : "The body is larger than" + remedy();
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
