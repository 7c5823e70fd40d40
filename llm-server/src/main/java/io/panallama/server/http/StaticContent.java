package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Answers with bytes that never change, compressed by gzip for clients that accept it. Clients may keep them, but revalidate each
 * time, and get a 304 without a body while nothing has changed.
 *
 * <p>The bytes are taken, hashed and compressed when they are first asked for, and kept. Safe for use by several threads.
 */
public final class StaticContent implements Handler {
  /** Below this the header of gzip and the work are not worth it, in bytes. */
  private static final int LEAST_COMPRESSED = 1024;

  /** An element of Accept-Encoding that allows gzip; a weight of zero forbids it. */
  private static final Pattern GZIP =
      Pattern.compile(
          "\\s*(?:(?:x-)?gzip|\\*)\\s*(?:;\\s*q\\s*=\\s*(?!0(?:\\.0*)?\\s*$).*)?", Pattern.CASE_INSENSITIVE);

  private final String type;
  private final boolean compressible;
  private final Supplier<byte[]> source;
  private volatile @Nullable Variants variants;

  private StaticContent(String type, boolean compressible, Supplier<byte[]> source) {
    this.type = type;
    this.compressible = compressible;
    this.source = source;
  }

  /** Text, which is worth compressing. */
  public static StaticContent text(String type, Supplier<byte[]> source) {
    return new StaticContent(type, true, source);
  }

  /** What is compressed already, such as fonts and pictures. */
  public static StaticContent binary(String type, Supplier<byte[]> source) {
    return new StaticContent(type, false, source);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Variant(byte[] content, String tag) {}

  private record Variants(Variant plain, Optional<Variant> zipped) {}

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    Variants all = variants();
    boolean zip = all.zipped().isPresent() && acceptsGzip(request);
    Variant sent = zip ? all.zipped().orElseThrow() : all.plain();
    response.header(HeaderNames.ETAG, sent.tag());
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    if (all.zipped().isPresent()) {
      response.header(HeaderNames.VARY, "Accept-Encoding");
    }
    if (request.headers().first(HeaderNames.IF_NONE_MATCH).filter(sent.tag()::equals).isPresent()) {
      response.status(Status.NOT_MODIFIED_304).send();
      return;
    }
    response.header(HeaderNames.CONTENT_TYPE, type);
    if (zip) {
      response.header(HeaderNames.CONTENT_ENCODING, "gzip");
    }
    response.send(sent.content());
  }

  private static boolean acceptsGzip(ServerRequest request) {
    List<String> accepted = request.headers().all(HeaderNames.ACCEPT_ENCODING, List::of);
    return accepted.stream()
        .flatMap(header -> Pattern.compile(",").splitAsStream(header))
        .anyMatch(coding -> GZIP.matcher(coding).matches());
  }

  /** Two threads that come first both make them, and get the same. */
  private Variants variants() {
    Variants made = variants;
    if (made == null) {
      byte[] content = source.get();
      String hash = hash(content);
      Optional<Variant> zipped =
          compressible && content.length >= LEAST_COMPRESSED
              ? Optional.of(new Variant(gzip(content), tag(hash + "-gzip")))
              : Optional.empty();
      made = new Variants(new Variant(content, tag(hash)), zipped);
      variants = made;
    }
    return made;
  }

  private static String tag(String text) {
    return '"' + text + '"';
  }

  private static String hash(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content), 0, 12);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length / 3);
    try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
      zip.write(content);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }
}
