package io.panallama.server.dialect;

/** The whole answer of a route that does not generate. Immutable. */
public final class Answer {
  private static final String JSON = "application/json";

  private final int status;
  private final String contentType;
  private final byte[] body;

  private Answer(int status, String contentType, byte[] body) {
    this.status = status;
    this.contentType = contentType;
    this.body = body.clone();
  }

  /** 200 with a JSON document as UTF-8. */
  public static Answer json(byte[] document) {
    return new Answer(200, JSON, document);
  }

  /** 200 with a body of another type. */
  public static Answer of(String contentType, byte[] body) {
    return new Answer(200, contentType, body);
  }

  /** The same with another status. */
  public Answer withStatus(int other) {
    return new Answer(other, contentType, body);
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** The value of the header {@code Content-Type}. */
  public String contentType() {
    return contentType;
  }

  /** The body. */
  public byte[] body() {
    return body.clone();
  }
}
