package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.panallama.server.dialect.ApiException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
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

  private static final int BLOCK = 16 << 10;

  private RequestBody() {}

  /**
   * The bytes of a body, decompressed; empty if there is no body.
   *
   * @param room gets as large as the body
   * @throws ApiException with 415 if its type or coding is not taken, 413 if it is too large decompressed, 400 if it can't be
   *     decompressed
   */
  static byte[] read(ServerRequest request, BodyBudget.Room room) {
    request.headers().first(HeaderNames.CONTENT_TYPE).ifPresent(RequestBody::checkType);
    RequestHead head = ClientConnection.current().requestHead();
    List<String> codings = head == null ? List.of() : codings(head.contentEncoding());
    if (!request.content().hasEntity()) {
      return new byte[0];
    }
    byte[] body = sent(request, room);
    for (String coding : codings.reversed()) {
      body = decoded(body, coding, ClientConnection.current().bodyLimit());
      room.grow(body.length);
    }
    return body;
  }

  private static byte[] sent(ServerRequest request, BodyBudget.Room room) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] block = new byte[BLOCK];
    try (InputStream in = request.content().inputStream()) {
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        all.write(block, 0, count);
        room.grow(all.size());
      }
    } catch (IOException broken) {
      throw new CloseConnectionException("The body broke off", broken);
    } catch (ApiException refused) {
      // The rest of the body is not wanted.
      ClientConnection.current().endAfterAnswer();
      throw refused;
    }
    return all.toByteArray();
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
