package io.panallama.server.http;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The header fields of a request of HTTP/2, checked as RFC 9113, 8.2 and 8.3, says, and written as the head of a request of HTTP/1.1 that
 * asks for the same. What both protocols forbid is left to {@link RequestHead}.
 *
 * <p>Immutable; safe for any thread.
 */
final class Http2RequestHead {
  private static final Set<String> PSEUDO_FIELDS = Set.of(":method", ":scheme", ":path", ":authority");

  /** RFC 9113, 8.2.2. */
  private static final Set<String> CONNECTION_FIELDS =
      Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade");

  private final byte[] bytes;
  private final long contentLength;
  private final boolean chunked;

  private Http2RequestHead(byte[] bytes, long contentLength, boolean chunked) {
    this.bytes = bytes;
    this.contentLength = contentLength;
    this.chunked = chunked;
  }

  /**
   * Reads the fields of a request.
   *
   * @param hasBody whether a body follows
   * @return empty if the request is malformed
   */
  static Optional<Http2RequestHead> of(List<HpackDecoder.Field> fields, boolean hasBody) {
    Map<String, String> pseudo = new HashMap<>();
    StringBuilder rest = new StringBuilder();
    boolean inPseudo = true;
    String host = null;
    String length = null;
    for (HpackDecoder.Field field : fields) {
      String name = field.name();
      inPseudo &= name.startsWith(":");
      if (!isValid(field, inPseudo) || (inPseudo && pseudo.put(name, field.value()) != null)) {
        return Optional.empty();
      }
      if (inPseudo) {
        continue;
      }
      if (name.equals("host") && host == null) {
        host = field.value();
        continue;
      }
      if (name.equals("content-length")) {
        length = field.value();
      }
      rest.append(name).append(": ").append(field.value()).append("\r\n");
    }
    String method = pseudo.get(":method");
    String authority = pseudo.getOrDefault(":authority", host == null ? "" : host);
    boolean connects = "CONNECT".equals(method);
    if (method == null
        || method.isEmpty()
        || (!connects && (!pseudo.containsKey(":scheme") || pseudo.getOrDefault(":path", "").isEmpty()))
        || (host != null && !host.equalsIgnoreCase(authority))) {
      return Optional.empty();
    }
    long announced = length == null || !length.matches("[0-9]{1,18}") ? -1 : Long.parseLong(length);
    if (!hasBody && announced > 0) {
      return Optional.empty();
    }
    StringBuilder head = new StringBuilder(rest.length() + 256);
    head.append(method).append(' ').append(connects ? authority : pseudo.get(":path")).append(" HTTP/1.1\r\n");
    if (!authority.isEmpty()) {
      head.append("Host: ").append(authority).append("\r\n");
    }
    // A stream has one request.
    head.append("Connection: close\r\n").append(rest);
    boolean chunked = hasBody && length == null;
    if (chunked) {
      head.append("Transfer-Encoding: chunked\r\n");
    }
    byte[] bytes = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    return Optional.of(new Http2RequestHead(bytes, announced, chunked));
  }

  /** Whether a field may be in a request, and can't be taken for the end of its line or for another field. */
  private static boolean isValid(HpackDecoder.Field field, boolean pseudo) {
    String name = field.name();
    String value = field.value();
    if (value.indexOf('\r') >= 0 || value.indexOf('\n') >= 0 || value.indexOf('\0') >= 0) {
      return false;
    }
    if (pseudo) {
      return PSEUDO_FIELDS.contains(name) && value.indexOf('\t') < 0;
    }
    return !name.isEmpty()
        && RequestHead.isToken(name)
        && name.chars().noneMatch(c -> c >= 'A' && c <= 'Z')
        && !CONNECTION_FIELDS.contains(name)
        && (!name.equals("te") || value.equalsIgnoreCase("trailers"));
  }

  /** The head in HTTP/1.1. */
  byte[] bytes() {
    return bytes;
  }

  /** How many bytes the body must have; -1 if the request doesn't say. */
  long contentLength() {
    return contentLength;
  }

  /** Whether the body has to be in chunks, because nothing tells its length. */
  boolean chunked() {
    return chunked;
  }
}
