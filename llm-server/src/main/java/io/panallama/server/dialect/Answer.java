package io.panallama.server.dialect;

import java.util.HashMap;
import java.util.Map;

/** The whole answer of a route that does not generate. Immutable. */
public final class Answer {
  private static final String JSON = "application/json";

  private final int status;
  private final String contentType;
  private final byte[] body;
  private final Map<String, String> headers;

  private Answer(int status, String contentType, byte[] body, Map<String, String> headers) {
    this.status = status;
    this.contentType = contentType;
    this.body = body.clone();
    this.headers = Map.copyOf(headers);
  }

  /** 200 with a JSON document as UTF-8. */
  public static Answer json(byte[] document) {
    return new Answer(200, JSON, document, Map.of());
  }

  /** 200 with a body of another type. */
  public static Answer of(String contentType, byte[] body) {
    return new Answer(200, contentType, body, Map.of());
  }

  /** The same with another status. */
  public Answer withStatus(int other) {
    return new Answer(other, contentType, body, headers);
  }

  /** The same with a header. */
  public Answer withHeader(String name, String value) {
    Map<String, String> more = new HashMap<>(headers);
    more.put(name, value);
    return new Answer(status, contentType, body, more);
  }

  /** Headers besides {@code Content-Type}, by their names. */
  public Map<String, String> headers() {
    return headers;
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
