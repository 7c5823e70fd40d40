package io.panallama.server.page;

import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Serves the chat page at {@code /} and its files under {@code /assets/}.
 *
 * <p>The files are a fixed list, read into memory once: there is no file system behind these paths, so there is nothing to list
 * or to escape to. Browsers revalidate each time and get a 304 while nothing has changed, so that a new version shows at once.
 */
public final class PageRoutes {
  private static final String ASSETS = "/assets/";
  private static final String INDEX = "index.html";

  private static final String LIBRARIES = "vendor/";

  /** The page's own files. Those of its libraries are listed in {@code vendor/files.txt}, which the build writes. */
  private static final List<String> FILES =
      List.of(
          INDEX,
          "style.css",
          "chat.css",
          "dialogs.css",
          "icon.svg",
          "api.js",
          "app.js",
          "dom.js",
          "fields.js",
          "files.js",
          "i18n.js",
          "kept.js",
          "key.js",
          "locales/ar.js",
          "locales/de.js",
          "locales/en.js",
          "locales/es.js",
          "markdown.js",
          "messages.js",
          "outcome.js",
          "render.js",
          "request.js",
          "settings.js",
          "sidebar.js",
          "sse.js",
          "store.js",
          "tools.js",
          "transfer.js",
          "tree.js");

  /** Only files of this server may run or be loaded, and no other page may frame this one. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
          + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record PageFile(byte[] content, String type, String tag) {}

  /** The handlers by path. */
  public Map<String, Handler> paths() {
    Map<String, Handler> paths = new LinkedHashMap<>();
    Stream.concat(FILES.stream(), libraryFiles())
        .forEach(name -> {
          PageFile file = load(name);
          paths.put(name.equals(INDEX) ? "/" : ASSETS + name, (request, response) -> send(file, request, response));
        });
    return paths;
  }

  private static void send(PageFile file, ServerRequest request, ServerResponse response) {
    response.header(HeaderNames.ETAG, file.tag());
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    response.header(HeaderNames.create("Content-Security-Policy"), POLICY);
    response.header(HeaderNames.create("X-Content-Type-Options"), "nosniff");
    response.header(HeaderNames.create("Referrer-Policy"), "no-referrer");
    boolean unchanged = request.headers().first(HeaderNames.IF_NONE_MATCH).filter(file.tag()::equals).isPresent();
    if (unchanged) {
      response.status(Status.NOT_MODIFIED_304).send();
    } else {
      response.header(HeaderNames.CONTENT_TYPE, file.type());
      response.send(file.content());
    }
  }

  private static Stream<String> libraryFiles() {
    String names = new String(read(LIBRARIES + "files.txt"), StandardCharsets.UTF_8);
    return names.lines().map(name -> LIBRARIES + name);
  }

  private static PageFile load(String name) {
    byte[] content = read(name);
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      return new PageFile(content, type(name), '"' + HexFormat.of().formatHex(hash, 0, 12) + '"');
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static byte[] read(String name) {
    try (InputStream in = PageRoutes.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("The page file " + name + " is missing from the jar.");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String type(String name) {
    return switch (name.substring(name.lastIndexOf('.'))) {
      case ".html" -> "text/html; charset=utf-8";
      case ".css" -> "text/css; charset=utf-8";
      case ".js" -> "text/javascript; charset=utf-8";
      case ".svg" -> "image/svg+xml";
      case ".txt" -> "text/plain; charset=utf-8";
      case ".woff2" -> "font/woff2";
      default -> throw new IllegalArgumentException("No content type for " + name);
    };
  }
}
