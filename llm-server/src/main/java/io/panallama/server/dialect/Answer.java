package io.panallama.server.dialect;

import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer of a route that does not generate: whole, a file, or a stream of frames. Immutable but for those. */
public final class Answer {
  private static final String JSON = "application/json";

  private final int status;
  private final String contentType;
  private final byte[] body;
  private final Map<String, String> headers;
  private final @Nullable Stream stream;
  private final @Nullable Content content;

  /** A body that is not held in memory. */
  public interface Content {
    /** How many bytes there are. */
    long length();

    /** Opens the bytes, which the sender closes. May throw whatever {@link Failures} has a status for. */
    InputStream open();
  }

  /**
   * Frames and how they are delimited.
   */
  public record Stream(Framing framing, FrameSource frames) {}

  private Answer(Stream stream, Map<String, String> headers) {
    this.status = 200;
    this.contentType = "";
    this.body = new byte[0];
    this.headers = Map.copyOf(headers);
    this.stream = stream;
    this.content = null;
  }

  private Answer(int status, String contentType, byte[] body, Map<String, String> headers, @Nullable Content content) {
    this.status = status;
    this.contentType = contentType;
    this.body = body.clone();
    this.headers = Map.copyOf(headers);
    this.stream = null;
    this.content = content;
  }

  /** 200 with a JSON document as UTF-8. */
  public static Answer json(byte[] document) {
    return new Answer(200, JSON, document, Map.of(), null);
  }

  /** 200 with a body of another type. */
  public static Answer of(String contentType, byte[] body) {
    return new Answer(200, contentType, body, Map.of(), null);
  }

  /** 200 with a body that is sent as it is read. */
  public static Answer of(String contentType, Content content) {
    return new Answer(200, contentType, new byte[0], Map.of(), content);
  }

  /** 200 with frames as they come. */
  public static Answer stream(Framing framing, FrameSource frames) {
    return new Answer(new Stream(framing, frames), Map.of());
  }

  /** The same whole answer with another status. */
  public Answer withStatus(int other) {
    return new Answer(other, contentType, body, headers, content);
  }

  /** The same answer with a header. */
  public Answer withHeader(String name, String value) {
    Map<String, String> more = new HashMap<>(headers);
    more.put(name, value);
    if (stream != null) {
      return new Answer(stream, more);
    }
    return new Answer(status, contentType, body, more, content);
  }

  /** Headers besides {@code Content-Type}, by their names. */
  public Map<String, String> headers() {
    return headers;
  }

  /** The frames; null if the answer is whole. */
  public @Nullable Stream stream() {
    return stream;
  }

  /** What is sent instead of the {@link #body}; null if that is the answer. */
  public @Nullable Content content() {
    return content;
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
