package io.panallama.server.http;

import io.helidon.http.Status;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A request line and its header fields, checked as RFC 9110 and RFC 9112 say, and written again in one form.
 *
 * <p>For one thread.
 */
final class RequestHead {
  /** The digits of the longest {@code Content-Length} that is read; longer ones are too large for any server. */
  private static final int MAX_LENGTH_DIGITS = 18;

  /** What RFC 3986 does not allow in paths and queries, and clients send all the same. */
  private static final String UNENCODED = "\"<>[\\]^`{|}";

  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

  /** Something that the RFCs forbid, or that this server doesn't do. */
  static final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Status status;

    Malformed(Status status, String message) {
      super(message, null, false, false);
      this.status = status;
    }

    Status status() {
      return status;
    }

    String text() {
      return String.valueOf(getMessage());
    }
  }

  private final boolean old;
  private final String method;
  private final String target;
  private final @Nullable String authority;
  private final StringBuilder fields = new StringBuilder();
  private @Nullable String host;
  private @Nullable String codings;
  private @Nullable String connection;
  private @Nullable String origin;
  private String contentEncoding = "";
  private String requestId = RequestId.create();
  private long contentLength = -1;
  private boolean expectsContinue;

  /**
   * Reads the request line.
   *
   * @param line without its line end, one character per byte
   * @throws Malformed if it can't be read
   */
  RequestHead(String line) {
    int first = line.indexOf(' ');
    int last = line.lastIndexOf(' ');
    if (first < 1 || last == first || !isToken(line.substring(0, first))) {
      throw malformed("The request line must be a method, a target and HTTP/1.1, with single spaces between them.");
    }
    method = line.substring(0, first);
    checkVersion(line.substring(last + 1));
    old = line.endsWith("HTTP/1.0");
    String sent = line.substring(first + 1, last);
    if (method.equals("CONNECT")) {
      throw new Malformed(Status.METHOD_NOT_ALLOWED_405, "This server is not a proxy: it takes no CONNECT.");
    }
    int scheme = schemeLength(sent);
    // The host of an absolute target may have brackets.
    int path = scheme == 0 ? 0 : authorityEnd(sent, scheme);
    String written = sent.substring(0, path) + encoded(sent.substring(path));
    if (scheme == 0) {
      authority = null;
      target = written;
      if (!written.startsWith("/") && !(written.equals("*") && method.equals("OPTIONS"))) {
        throw malformed("The target must begin with / or be an absolute http URL.");
      }
    } else {
      authority = written.substring(scheme, path);
      String rest = written.substring(path);
      target = rest.startsWith("/") ? rest : "/" + rest;
      if (authority.chars().anyMatch(c -> c <= ' ' || c >= 0x7F)) {
        throw malformed("The target's URL must name a host in visible ASCII characters.");
      }
      if (authority.isEmpty() || authority.contains("@")) {
        throw malformed("The target's URL must name a host, without a user.");
      }
    }
  }

  private static void checkVersion(String version) {
    if (!version.matches("HTTP/[0-9]\\.[0-9]")) {
      throw malformed("The request line must end with HTTP/1.1.");
    }
    // RFC 9110, 2.5: a later minor version is answered as the latest that is known.
    if (version.charAt(5) != '1') {
      throw new Malformed(
          Status.HTTP_VERSION_NOT_SUPPORTED_505, "This server speaks HTTP/2, HTTP/1.1 and HTTP/1.0 only.");
    }
  }

  /**
   * The target with everything percent-encoded that must be and that browsers and other clients send as it is: brackets, braces,
   * quotes, bars, bytes beyond ASCII, and in the query a % that encodes nothing. A fragment, which is none of the server's business, is
   * left out. nginx and llama-server take these, too.
   *
   * @throws Malformed for blanks and control characters, and for a % in the path that encodes nothing
   */
  private static String encoded(String target) {
    StringBuilder encoded = new StringBuilder(target.length());
    boolean inQuery = false;
    for (int i = 0; i < target.length() && target.charAt(i) != '#'; i++) {
      char c = target.charAt(i);
      inQuery |= c == '?';
      boolean encodes =
          c != '%'
              || i + 2 < target.length()
                  && Character.digit(target.charAt(i + 1), 16) >= 0
                  && Character.digit(target.charAt(i + 2), 16) >= 0;
      if (c <= ' ' || c == 0x7F) {
        throw malformed("The target has a character that must be percent-encoded.");
      }
      if (!encodes && !inQuery) {
        throw malformed("The target has a % without two hexadecimal digits.");
      }
      if (c > 0x7F || !encodes || UNENCODED.indexOf(c) >= 0) {
        encoded.append('%').append(HEX.toHexDigits((byte) c));
      } else {
        encoded.append(c);
      }
    }
    return encoded.toString();
  }

  /** The length of {@code http://} or {@code https://} at the beginning; 0 if there is neither. */
  private static int schemeLength(String target) {
    String lower = target.toLowerCase(Locale.ROOT);
    return lower.startsWith("http://") ? 7 : lower.startsWith("https://") ? 8 : 0;
  }

  private static int authorityEnd(String url, int from) {
    for (int i = from; i < url.length(); i++) {
      if ("/?#".indexOf(url.charAt(i)) >= 0) {
        return i;
      }
    }
    return url.length();
  }

  /**
   * Reads a header line.
   *
   * @throws Malformed if it can't be read
   */
  void field(String line) {
    int colon = checkField(line);
    String name = line.substring(0, colon);
    String value = trimmed(line.substring(colon + 1));
    switch (name.toLowerCase(Locale.ROOT)) {
      case "host" -> {
        if (host != null) {
          throw malformed("A request must have one Host header, but it has several.");
        }
        host = value;
      }
      case "content-length" -> length(value);
      case "transfer-encoding" -> codings = codings == null ? value : codings + "," + value;
      case "expect" -> expect(value);
      case "connection" -> connection = connection == null ? value : connection + ", " + value;
      case "content-encoding" -> contentEncoding = contentEncoding.isEmpty() ? value : contentEncoding + ", " + value;
      case "origin" -> origin(name, value);
      case "x-request-id" -> requestId = RequestId.isUsable(value) ? value : requestId;
      default -> fields.append(name).append(": ").append(value).append("\r\n");
    }
  }

  /**
   * Checks the form of a header or trailer line.
   *
   * @return where its colon is
   */
  static int checkField(String line) {
    if (line.startsWith(" ") || line.startsWith("\t")) {
      throw malformed("A header line must not begin with white space; folded headers are not allowed.");
    }
    int colon = line.indexOf(':');
    if (colon < 1 || !isToken(line.substring(0, colon))) {
      throw malformed("A header line must be a name, a colon right after it, and a value.");
    }
    if (!isFieldText(line.substring(colon + 1))) {
      throw malformed("The header " + line.substring(0, colon) + " has a control character in its value.");
    }
    return colon;
  }

  private void origin(String name, String value) {
    if (origin != null) {
      throw malformed("A request must have one Origin header at most, but it has several.");
    }
    origin = value;
    fields.append(name).append(": ").append(value).append("\r\n");
  }

  private void length(String value) {
    if (contentLength >= 0) {
      throw malformed("A request must have one Content-Length, but it has several.");
    }
    if (!value.matches("[0-9]+")) {
      throw malformed("Content-Length must be a number.");
    }
    String significant = value.replaceFirst("^0+(?=.)", "");
    if (significant.length() > MAX_LENGTH_DIGITS) {
      throw new Malformed(Status.REQUEST_ENTITY_TOO_LARGE_413, "");
    }
    contentLength = Long.parseLong(significant);
  }

  private void expect(String value) {
    // RFC 9110, 10.1.1: a client of HTTP/1.0 can't mean it.
    if (old) {
      return;
    }
    if (!value.equalsIgnoreCase("100-continue")) {
      throw new Malformed(Status.EXPECTATION_FAILED_417, "This server knows no expectation but 100-continue.");
    }
    expectsContinue = true;
  }

  /**
   * Checks the head as a whole, after its last line.
   *
   * @throws Malformed if its fields contradict each other or one is missing
   */
  void end() {
    if (host == null && !old) {
      throw malformed("A request must have a Host header.");
    }
    if (codings == null) {
      return;
    }
    if (old) {
      // RFC 9112, 6.1: something on the way has not understood it, so the length of the message can't be known.
      throw malformed("A request of HTTP/1.0 must not have a Transfer-Encoding.");
    }
    if (contentLength >= 0) {
      throw malformed("A request must not have both Content-Length and Transfer-Encoding.");
    }
    // RFC 9112, 6.3: unless the last coding is chunked, the length of the message can't be known.
    List<String> all =
        Arrays.stream(codings.toLowerCase(Locale.ROOT).split(",", -1)).map(RequestHead::trimmed).toList();
    if (all.indexOf("chunked") != all.size() - 1) {
      throw malformed("The last Transfer-Encoding must be chunked, and only the last.");
    }
    if (all.size() > 1) {
      throw new Malformed(Status.NOT_IMPLEMENTED_501, "This server knows no Transfer-Encoding but chunked.");
    }
  }

  /** The method as the client wrote it. */
  String method() {
    return method;
  }

  /** The target's path without its query. */
  String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** What the request asks for, as a {@code Host} header names it; null if it doesn't say. */
  @Nullable String host() {
    return authority == null ? host : authority;
  }

  /** Where the page that sends the request comes from; null if it doesn't say. */
  @Nullable String origin() {
    return origin;
  }

  /** The codings of the body, separated by commas; empty if it has none. Helidon isn't told: it would refuse any. */
  String contentEncoding() {
    return contentEncoding;
  }

  /** The client's name for the request, or one that was made for it. */
  String requestId() {
    return requestId;
  }

  /** What the request's method and version make of its answer. */
  AnswerShaper.Form answerForm() {
    if (headOnly()) {
      return AnswerShaper.Form.WITHOUT_BODY;
    }
    return old ? AnswerShaper.Form.WITHOUT_CHUNKS : AnswerShaper.Form.AS_IT_IS;
  }

  /** Whether it asks for the head of the answer only. */
  boolean headOnly() {
    return method.equals("HEAD");
  }

  boolean expectsContinue() {
    return expectsContinue;
  }

  boolean chunked() {
    return codings != null;
  }

  /** The bytes of the body; 0 if the head names none. */
  long contentLength() {
    return Math.max(0, contentLength);
  }

  /**
   * The head as Helidon gets it. A request of HTTP/1.0 is the last of its connection, whatever it says.
   *
   * @param ownAuthority the host if the request names none
   */
  byte[] canonical(String ownAuthority) {
    StringBuilder out = new StringBuilder(fields.length() + 256);
    out.append(headOnly() ? "GET" : method).append(' ').append(target).append(" HTTP/1.1\r\n");
    // RFC 9112, 3.2.2: the authority of an absolute target takes the place of the Host header.
    String named = host();
    out.append("Host: ").append(named == null ? ownAuthority : named).append("\r\n");
    if (old) {
      out.append("Connection: close\r\n");
    } else if (connection != null) {
      out.append("Connection: ").append(connection).append("\r\n");
    }
    out.append(fields);
    if (chunked()) {
      out.append("Transfer-Encoding: chunked\r\n");
    } else if (contentLength >= 0) {
      out.append("Content-Length: ").append(contentLength).append("\r\n");
    }
    return out.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  static boolean isToken(String text) {
    return text.chars().allMatch(RequestHead::isTokenCharacter);
  }

  private static boolean isTokenCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || TOKEN_MARKS.indexOf(c) >= 0;
  }

  /** Whether this may be a field's value: visible characters, spaces, tabs, and the bytes beyond ASCII. */
  static boolean isFieldText(String text) {
    return text.chars().allMatch(c -> (c >= ' ' && c != 0x7F) || c == '\t');
  }

  private static String trimmed(String value) {
    int from = 0;
    int to = value.length();
    while (from < to && isBlank(value.charAt(from))) {
      from++;
    }
    while (to > from && isBlank(value.charAt(to - 1))) {
      to--;
    }
    return value.substring(from, to);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static Malformed malformed(String message) {
    return new Malformed(Status.BAD_REQUEST_400, message);
  }
}
