package io.panallama.server.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.DirectTransportRequest;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds where each request of a connection begins and ends, as RFC 9112 says, and hands it to Helidon in a canonical form.
 *
 * <p>Helidon 4.5 takes two bytes after a chunk for its line end whatever they are, refuses trailers, and answers some malformed
 * requests with 500; it has no setting or hook for that. A server that finds another end of a request than the proxy in front of it
 * does can be made to answer a request that the proxy never saw. Here each message is therefore checked before Helidon sees a byte
 * of it: a head is handed over whole, with an absolute target turned into a path, and chunked bodies are decoded and framed again,
 * without extensions and trailers. What is refused ends the connection, because nothing tells where the next request begins.
 *
 * <p>{@code Expect: 100-continue} is answered here, when the body is first asked for. A request that is answered without that
 * ends the connection: its client may send the body, or not.
 *
 * <p>For one thread: the connection's own.
 */
final class RequestFramer implements Supplier<byte @Nullable []> {
  /** The most bytes of a request line, without its line end. */
  static final int MAX_REQUEST_LINE = 8 << 10;

  /** The most bytes of all header lines together, and of all trailers. */
  static final int MAX_HEADERS = 16 << 10;

  /** The most bytes in the line of a chunk's size, with its extensions. */
  private static final int MAX_CHUNK_LINE = 1 << 10;

  /** RFC 9112, 2.2: at least one empty line before a request is to be ignored. */
  private static final int MAX_EMPTY_LINES = 4;

  /** Overhead that every chunk may have, and that a body may have in addition: Go's net/http has the same limits. */
  private static final int FREE_CHUNK_OVERHEAD = 16;

  private static final int MAX_CHUNK_OVERHEAD = 16 << 10;

  /** Helidon has no constant for it. */
  private static final Status HEADERS_TOO_LARGE = Status.create(431, "Request Header Fields Too Large");

  private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] LAST_CHUNK = {'0', '\r', '\n', '\r', '\n'};
  private static final byte[] NOTHING = new byte[0];

  private enum Part {
    HEAD,
    BODY,
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_END
  }

  private final PeerReader peer;
  private final BodyLimit.Source bodyLimits;
  private final Consumer<byte[]> writeNow;
  private final Consumer<AnswerShaper.Form> onRequest;
  private final String authority;
  private final boolean offersHttp2;

  private boolean first = true;
  private byte[] in = NOTHING;
  private int at;
  private Part part = Part.HEAD;

  /** Bytes of the body, or of the chunk, that are still to come. */
  private long remaining;

  /** Bytes of the current body that were decoded or are announced. */
  private long bodyBytes;

  private long chunkOverhead;
  private boolean continueWanted;
  private boolean answered;
  private boolean failed;
  private DirectHandler.TransportRequest request = DirectHandler.TransportRequest.empty();
  private @Nullable RequestHead head;
  private @Nullable BodyLimit limit;
  private String requestId = "";

  /**
   * A framer of what {@code peer} reads.
   *
   * @param bodyLimits tells the largest body of a request
   * @param writeNow writes bytes to the client at once
   * @param onRequest told when a request begins, and then which form its answer has to have. Helidon gets a HEAD as a GET, and
   *     HTTP/1.0 as HTTP/1.1
   * @param authority the host that a request of HTTP/1.0 without a {@code Host} header asks for
   * @param offersHttp2 whether the client may go on in HTTP/2, which {@link #get} tells by an {@link Http2Begun}
   */
  RequestFramer(
      PeerReader peer,
      BodyLimit.Source bodyLimits,
      Consumer<byte[]> writeNow,
      Consumer<AnswerShaper.Form> onRequest,
      String authority,
      boolean offersHttp2) {
    this.offersHttp2 = offersHttp2;
    this.peer = peer;
    this.bodyLimits = bodyLimits;
    this.writeNow = writeNow;
    this.onRequest = onRequest;
    this.authority = authority;
  }

  /** Whether the connection has to end after the current answer because its client still waits for {@code 100 Continue}. */
  boolean mustClose() {
    return continueWanted;
  }

  /** The head of the current request as far as it has been read; null before that. */
  @Nullable RequestHead requestHead() {
    return head;
  }

  /** How large the body of the current request may be. */
  BodyLimit bodyLimit() {
    RequestHead read = head;
    BodyLimit known = limit;
    if (known == null) {
      known = read == null ? bodyLimits.of("", "/") : bodyLimits.of(read.method(), read.path());
      limit = known;
    }
    return known;
  }

  /** The name of the current request, see {@link RequestId}. */
  String requestId() {
    RequestHead read = head;
    return read == null ? requestId : read.requestId();
  }

  /** Tells that the current request has been answered, and whether it is the connection's last. */
  void requestDone(boolean last) {
    answered = true;
    peer.requestDone(last);
  }

  /**
   * The next bytes for Helidon.
   *
   * @return null at the end of the stream
   * @throws RequestException if the request is malformed or too large
   * @throws CloseConnectionException if the connection has to end, or goes on in HTTP/2
   */
  @Override
  public byte @Nullable [] get() {
    if (failed) {
      throw new CloseConnectionException("The connection's last request was refused");
    }
    try {
      return switch (part) {
        case HEAD -> head();
        case BODY -> body();
        case CHUNK_SIZE, CHUNK_DATA, CHUNK_END -> chunk();
      };
    } catch (RuntimeException refused) {
      failed = true;
      throw refused;
    }
  }

  private byte @Nullable [] head() {
    request = DirectHandler.TransportRequest.empty();
    head = null;
    limit = null;
    onRequest.accept(AnswerShaper.Form.AS_IT_IS);
    if (!skipEmptyLines()) {
      return null;
    }
    peer.requestBegun();
    answered = false;
    requestId = RequestId.create();
    RequestHead read;
    try {
      String line = line(MAX_REQUEST_LINE, Status.REQUEST_URI_TOO_LONG_414);
      if (offersHttp2 && first && line.equals(Http2Connection.REQUEST_LINE)) {
        beginHttp2();
      }
      first = false;
      read = new RequestHead(line);
      head = read;
      onRequest.accept(read.answerForm());
      request = DirectTransportRequest.create("HTTP/1.1", read.method(), read.path());
      fields(read);
    } catch (RequestHead.Malformed malformed) {
      throw refused(malformed);
    }
    continueWanted = read.expectsContinue();
    chunkOverhead = 0;
    bodyBytes = 0;
    remaining = announced(read.contentLength());
    if (read.chunked()) {
      part = Part.CHUNK_SIZE;
    } else if (remaining > 0) {
      part = Part.BODY;
    } else {
      continueWanted = false;
    }
    return read.canonical(authority);
  }

  /** Goes on in HTTP/2 if the client does; otherwise its request line is wrong, as any with this version is. */
  private void beginHttp2() {
    // The end of the request line has been read.
    String rest = Http2Connection.REST_OF_PREFACE.substring(2);
    for (int i = 0; i < rest.length(); i++) {
      if (at == in.length && !refill()) {
        throw new CloseConnectionException("A client of HTTP/2 left");
      }
      if (in[at] != rest.charAt(i)) {
        return;
      }
      at++;
    }
    throw new Http2Begun(rest());
  }

  /** What was read of the client and not used. */
  private byte[] rest() {
    return Arrays.copyOfRange(in, at, in.length);
  }

  private void fields(RequestHead head) {
    int left = MAX_HEADERS;
    while (true) {
      String line = line(left, HEADERS_TOO_LARGE);
      if (line.isEmpty()) {
        head.end();
        return;
      }
      left -= line.length() + 2;
      head.field(line);
    }
  }

  /** Skips empty lines before a request; false at the end of the stream. */
  private boolean skipEmptyLines() {
    for (int lines = 0; ; lines++) {
      if (at == in.length && !refill()) {
        return false;
      }
      if (in[at] != '\r') {
        return true;
      }
      at++;
      if (next() != '\n') {
        throw loneCarriageReturn();
      }
      if (lines == MAX_EMPTY_LINES) {
        throw refused(Status.BAD_REQUEST_400, "A request begins with its method, not with empty lines.");
      }
    }
  }

  private byte[] body() {
    beginBody();
    byte[] data = data();
    if (remaining == 0) {
      part = Part.HEAD;
    }
    return data;
  }

  private byte[] chunk() {
    beginBody();
    if (part == Part.CHUNK_END) {
      if (next() != '\r' || next() != '\n') {
        throw refused(Status.BAD_REQUEST_400, "A chunk is longer than its size says: its data must end with CRLF.");
      }
      part = Part.CHUNK_SIZE;
    }
    if (part == Part.CHUNK_SIZE) {
      String line = line(MAX_CHUNK_LINE, Status.BAD_REQUEST_400);
      remaining = announced(chunkSize(line));
      chunkOverhead = Math.max(0, chunkOverhead + line.length() + 4 - FREE_CHUNK_OVERHEAD - remaining);
      if (chunkOverhead > MAX_CHUNK_OVERHEAD) {
        throw refused(Status.BAD_REQUEST_400, "The chunks of the body have too little data and too many extensions.");
      }
      if (remaining == 0) {
        skipTrailers();
        part = Part.HEAD;
        return LAST_CHUNK;
      }
      part = Part.CHUNK_DATA;
    }
    byte[] data = data();
    if (remaining == 0) {
      part = Part.CHUNK_END;
    }
    return framed(data);
  }

  /** Answers {@code Expect: 100-continue} before the first byte of a body is read. */
  private void beginBody() {
    if (continueWanted) {
      if (answered) {
        throw new CloseConnectionException("The client waits for 100 Continue, and got an answer without it");
      }
      try {
        writeNow.accept(CONTINUE);
      } catch (UncheckedIOException gone) {
        throw new CloseConnectionException("The client is gone", gone);
      }
      continueWanted = false;
    }
  }

  /** The bytes of a body that are there, at least one. */
  private byte[] data() {
    if (at == in.length && !refill()) {
      throw incomplete();
    }
    int length = (int) Math.min(in.length - at, remaining);
    byte[] data = Arrays.copyOfRange(in, at, at + length);
    at += length;
    remaining -= length;
    if (bodyLimit().upload()) {
      peer.received(length);
    }
    return data;
  }

  /** Counts bytes that a head or a chunk announces. */
  private long announced(long bytes) {
    bodyBytes += bytes;
    if (bodyBytes > bodyLimit().bytes()) {
      throw refused(Status.REQUEST_ENTITY_TOO_LARGE_413, bodyLimit().tooLarge());
    }
    return bytes;
  }

  /** Data as one chunk. */
  static byte[] framed(byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(data.length + 12);
    out.writeBytes((Integer.toHexString(data.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(data);
    out.write('\r');
    out.write('\n');
    return out.toByteArray();
  }

  private long chunkSize(String line) {
    int digits = 0;
    while (digits < line.length() && Character.digit(line.charAt(digits), 16) >= 0 && line.charAt(digits) < 128) {
      digits++;
    }
    String rest = line.substring(digits);
    // RFC 9112, 7.1.1: extensions are ignored, whatever they say; "bad" white space may precede them.
    if (digits == 0 || !(rest.isEmpty() || rest.stripLeading().startsWith(";")) || !RequestHead.isFieldText(rest)) {
      throw refused(Status.BAD_REQUEST_400, "A chunk must begin with its size, a hexadecimal number.");
    }
    String significant = line.substring(0, digits).replaceFirst("^0+", "");
    if (significant.length() > 15) {
      throw refused(Status.REQUEST_ENTITY_TOO_LARGE_413, bodyLimit().tooLarge());
    }
    return significant.isEmpty() ? 0 : Long.parseLong(significant, 16);
  }

  /** RFC 9110, 6.5.1: trailers that are not needed may be discarded. */
  private void skipTrailers() {
    int left = MAX_HEADERS;
    while (true) {
      String line = line(left, HEADERS_TOO_LARGE);
      if (line.isEmpty()) {
        return;
      }
      left -= line.length() + 2;
      try {
        RequestHead.checkField(line);
      } catch (RequestHead.Malformed malformed) {
        throw refused(malformed);
      }
    }
  }

  /** A line without its CRLF, one character per byte. */
  private String line(int limit, Status tooLong) {
    StringBuilder line = new StringBuilder();
    while (true) {
      int b = next();
      if (b == '\r') {
        if (next() != '\n') {
          throw loneCarriageReturn();
        }
        return line.toString();
      }
      if (b == '\n') {
        throw refused(Status.BAD_REQUEST_400, "Lines must end with CRLF; this one ends with LF alone.");
      }
      if (line.length() >= limit) {
        if (tooLong == Status.REQUEST_URI_TOO_LONG_414) {
          request = begun(line.toString());
        }
        throw refused(tooLong, tooLong(tooLong));
      }
      line.append((char) b);
    }
  }

  /** The method and the path at the beginning of a request line, so that its error has the shape of the path's dialect. */
  private static DirectHandler.TransportRequest begun(String line) {
    String[] parts = line.split(" ", 2);
    return DirectTransportRequest.create("HTTP/1.1", parts[0], parts.length < 2 ? "/" : parts[1].split("\\?", 2)[0]);
  }

  private static String tooLong(Status status) {
    return switch (status.code()) {
      case 414 -> "The request line is longer than the " + MAX_REQUEST_LINE + " bytes that this server takes.";
      case 431 -> "The headers are larger than the " + MAX_HEADERS + " bytes that this server takes.";
      default -> "The line of a chunk's size is longer than " + MAX_CHUNK_LINE + " bytes.";
    };
  }

  private int next() {
    if (at == in.length && !refill()) {
      throw incomplete();
    }
    return in[at++] & 0xFF;
  }

  /** Takes the next bytes of the client; false at the end of the stream. */
  private boolean refill() {
    byte[] more = peer.get();
    if (more == null) {
      return false;
    }
    in = more;
    at = 0;
    return true;
  }

  private RequestException incomplete() {
    return refused(Status.BAD_REQUEST_400, "The client closed the connection before its request was complete.");
  }

  private RequestException loneCarriageReturn() {
    return refused(Status.BAD_REQUEST_400, "Lines must end with CRLF; this one has a CR without its LF.");
  }

  private RequestException refused(RequestHead.Malformed malformed) {
    boolean tooLarge = malformed.status().code() == Status.REQUEST_ENTITY_TOO_LARGE_413.code();
    RequestException.Builder refusal =
        refusal(malformed.status(), tooLarge ? bodyLimit().tooLarge() : malformed.text());
    if (malformed.status().code() == Status.METHOD_NOT_ALLOWED_405.code()) {
      refusal.header(HeaderValues.create(HeaderNames.ALLOW, Routes.ALL_METHODS));
    }
    return refusal.build();
  }

  private RequestException refused(Status status, String message) {
    return refusal(status, message).build();
  }

  private RequestException.Builder refusal(Status status, String message) {
    return RequestException.builder()
        .type(DirectHandler.EventType.BAD_REQUEST)
        .status(status)
        .request(request)
        .setKeepAlive(false)
        .message(message);
  }
}
