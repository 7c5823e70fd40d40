package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.panallama.server.dialect.ApiException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The body of a request. It is taken for JSON whatever its content type says, because clients say many things ({@code curl -d} a form,
 * others plain text or nothing); only what HTML forms send is refused by its type. {@link RequestGuard} keeps foreign pages out.
 *
 * <p>A body may be compressed. The limit of its size holds for what it is decompressed to, of which no more than that is made.
 */
final class RequestBody {
  /** The content codings that are understood, for {@code Accept-Encoding}. */
  static final String CODINGS = "gzip, deflate";

  /** The most codings on top of each other: decompressing takes time, and one is all that clients do. */
  private static final int MAX_CODINGS = 2;

  private RequestBody() {}

  /** The most bytes that the body may have, decompressed, by what its head says. */
  static long mostBytes(ServerRequest request) {
    if (!request.content().hasEntity()) {
      return 0;
    }
    RequestHead head = ClientConnection.current().requestHead();
    boolean plain = head == null || codings(head.contentEncoding()).isEmpty();
    long limit = ClientConnection.current().bodyLimit().bytes();
    return plain ? Math.min(limit, request.headers().contentLength().orElse(limit)) : limit;
  }

  /**
   * The bytes of a body, decompressed; empty if there is no body.
   *
   * @throws ApiException with 415 if its type or coding is not taken, 413 if it is too large decompressed, 400 if it can't be
   *     decompressed
   */
  static byte[] read(ServerRequest request) {
    request.headers().first(HeaderNames.CONTENT_TYPE).ifPresent(RequestBody::checkType);
    RequestHead head = ClientConnection.current().requestHead();
    List<String> codings = head == null ? List.of() : codings(head.contentEncoding());
    if (!request.content().hasEntity()) {
      return new byte[0];
    }
    byte[] body = request.content().as(byte[].class);
    for (String coding : codings.reversed()) {
      body = decoded(body, coding, ClientConnection.current().bodyLimit());
    }
    return body;
  }

  /**
   * The body of an upload, as it comes.
   *
   * @throws ApiException with 415 if it is compressed
   */
  static InputStream upload(ServerRequest request) {
    RequestHead head = ClientConnection.current().requestHead();
    if (head != null && !codings(head.contentEncoding()).isEmpty()) {
      throw ApiException.invalid(
          415, null, "unsupported_content_encoding", "An upload must not have a Content-Encoding; send it as it is.");
    }
    return request.content().hasEntity() ? request.content().inputStream() : InputStream.nullInputStream();
  }

  private static void checkType(String header) {
    String type = header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (type.startsWith("multipart/") || type.equals("text/html")) {
      throw ApiException.invalid(
          415, null, "unsupported_media_type", "The body must be JSON (application/json), but it is " + type + ".");
    }
  }

  private static List<String> codings(String header) {
    List<String> all =
        Arrays.stream(header.toLowerCase(Locale.ROOT).split(",", -1))
            .map(String::strip)
            .filter(coding -> !coding.isEmpty() && !coding.equals("identity"))
            .toList();
    for (String coding : all) {
      if (!coding.matches("(x-)?gzip|deflate") || all.size() > MAX_CODINGS) {
        throw ApiException.invalid(
            415,
            null,
            "unsupported_content_encoding",
            "The body's Content-Encoding is " + header + "; this server takes " + CODINGS + " or none.");
      }
    }
    return all;
  }

  private static byte[] decoded(byte[] body, String coding, BodyLimit limit) {
    if (body.length == 0) {
      return body;
    }
    try (InputStream in = coding.equals("deflate") ? inflater(body) : new GZIPInputStream(bytes(body))) {
      byte[] decoded = in.readNBytes((int) Math.min(limit.bytes(), Integer.MAX_VALUE - 8));
      if (in.read() >= 0) {
        throw ApiException.invalid(413, null, "body_too_large", limit.tooLargeDecompressed());
      }
      return decoded;
    } catch (EOFException | ZipException broken) {
      throw ApiException.invalid(
          400, null, "invalid_content_encoding", "The body is not complete and valid " + coding + ".");
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** RFC 9110 has deflate in a zlib stream, but some clients leave that out. */
  private static InputStream inflater(byte[] body) {
    boolean zlib = body.length > 1 && (body[0] & 0x0F) == 8 && ((body[0] & 0xFF) << 8 | (body[1] & 0xFF)) % 31 == 0;
    return new InflaterInputStream(bytes(body), new Inflater(!zlib));
  }

  private static InputStream bytes(byte[] body) {
    return new ByteArrayInputStream(body);
  }
}
