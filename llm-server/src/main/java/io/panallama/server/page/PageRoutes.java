package io.panallama.server.page;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.http.StaticContent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Serves the chat page at {@code /}, the page to read and try the API at {@code /docs}, and their files under {@code /assets/}.
 *
 * <p>The files are a fixed list, read when they are first asked for: there is no file system behind these paths, so there is nothing
 * to list or to escape to. Browsers revalidate each time and get a 304 while nothing has changed, so that a new version shows at
 * once.
 */
public final class PageRoutes {
  private static final String ASSETS = "/assets/";

  /** The pages by their paths; all other files are {@link #ASSETS}. */
  private static final Map<String, String> PAGES = Map.of("index.html", "/", "docs.html", "/docs");

  private static final String LIBRARIES = "vendor/";

  /** The page's own files. Those of its libraries are listed in {@code vendor/files.txt}, which the build writes. */
  private static final List<String> FILES =
      List.of(
          "index.html",
          "docs.html",
          "style.css",
          "chat.css",
          "dialogs.css",
          "docs.css",
          "documents.css",
          "theme.css",
          "icon.svg",
          "api.js",
          "app.js",
          "citations.js",
          "connection.js",
          "docs.js",
          "documents.js",
          "dom.js",
          "errors.js",
          "fields.js",
          "files.js",
          "i18n.js",
          "kept.js",
          "key.js",
          "library.js",
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
          "sources.js",
          "sse.js",
          "store.js",
          "theme.js",
          "tools.js",
          "transfer.js",
          "tree.js",
          "unsaved.js");

  /**
   * Only files of this server may run or be loaded, and no other page may frame these. Swagger UI's style sheet has its icons as data
   * addresses; such a picture can neither run nor send anything.
   */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src"
          + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  /** What the pages never ask for. */
  private static final String NO_DEVICES =
      "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

  /** The handlers by path. */
  public Map<String, Handler> paths() {
    Map<String, Handler> paths = new LinkedHashMap<>();
    Stream.concat(FILES.stream(), libraryFiles())
        .forEach(name -> paths.put(PAGES.getOrDefault(name, ASSETS + name), handler(name)));
    return paths;
  }

  private static Handler handler(String name) {
    StaticContent content = content(name);
    return (request, response) -> {
      protect(response);
      content.handle(request, response);
    };
  }

  private static void protect(ServerResponse response) {
    response.header(HeaderNames.create("Content-Security-Policy"), POLICY);
    response.header(HeaderNames.create("Cross-Origin-Opener-Policy"), "same-origin");
    response.header(HeaderNames.create("Cross-Origin-Resource-Policy"), "same-origin");
    response.header(HeaderNames.create("Permissions-Policy"), NO_DEVICES);
    response.header(HeaderNames.create("Referrer-Policy"), "no-referrer");
  }

  private static Stream<String> libraryFiles() {
    String names = new String(read(LIBRARIES + "files.txt"), StandardCharsets.UTF_8);
    return names.lines().map(name -> LIBRARIES + name);
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

  private static StaticContent content(String name) {
    return switch (name.substring(name.lastIndexOf('.'))) {
      case ".html" -> StaticContent.text("text/html; charset=utf-8", () -> read(name));
      case ".css" -> StaticContent.text("text/css; charset=utf-8", () -> read(name));
      case ".js" -> StaticContent.text("text/javascript; charset=utf-8", () -> read(name));
      case ".svg" -> StaticContent.text("image/svg+xml", () -> read(name));
      case ".txt" -> StaticContent.text("text/plain; charset=utf-8", () -> read(name));
      case ".woff2" -> StaticContent.binary("font/woff2", () -> read(name));
      default -> throw new IllegalArgumentException("No content type for " + name);
    };
  }
}
