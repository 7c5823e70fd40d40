package io.panallama.cli;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.Callable;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code panallama health}: asks a running server whether it is well, for containers that have no curl. By the JDK's old HTTP client, which
 * is in {@code java.base} and starts faster than the new one.
 */
@Command(
    name = "health",
    description = "Ask a running server whether it is well: exit code 0 if it is, 1 if it is not or can't be reached.")
final class HealthCommand implements Callable<Integer> {
  /** As much of an answer as is shown. */
  private static final int SHOWN = 1024;

  private final CommandContext context;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Server to ask, such as http://127.0.0.1:8080 or localhost:8080. Default: http://127.0.0.1:8080.")
  private String url = "http://127.0.0.1:8080";

  @Option(
      names = "--ready",
      description =
          "Ask whether every model can compute now (/ready). Default: whether the first model was loaded and the"
              + " process is alive (/health).")
  private boolean ready;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "Longest time to connect, and to wait for the answer. Default: 4s.")
  private Duration timeout = Duration.ofSeconds(4);

  @Option(
      names = "--insecure",
      description =
          "Accept any certificate of an https URL, such as that of another name when the server is asked by its"
              + " address. Default: it must be valid for the URL's host.")
  private boolean insecure;

  HealthCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    URI route = route();
    if (timeout.isNegative() || timeout.isZero() || timeout.toMillis() > Integer.MAX_VALUE) {
      throw new UsageException(
          "--timeout is " + timeout.toMillis() + "ms; it must be more than 0, and at most 24 days.");
    }
    try {
      HttpURLConnection connection = (HttpURLConnection) route.toURL().openConnection();
      connection.setConnectTimeout((int) timeout.toMillis());
      connection.setReadTimeout((int) timeout.toMillis());
      connection.setInstanceFollowRedirects(false);
      if (insecure && connection instanceof HttpsURLConnection encrypted) {
        encrypted.setSSLSocketFactory(trustingAll().getSocketFactory());
        encrypted.setHostnameVerifier((_, _) -> true);
      }
      return tell(route, connection);
    } catch (IOException unreachable) {
      context.err().println("panallama: " + route + ": " + Printable.line(ExitCode.describe(unreachable)));
      return ExitCode.FAILURE;
    }
  }

  private int tell(URI route, HttpURLConnection connection) throws IOException {
    try {
      int status = connection.getResponseCode();
      boolean well = status == HttpURLConnection.HTTP_OK;
      String body = body(connection, well);
      if (well) {
        context.out().println(Printable.line(body));
        return ExitCode.OK;
      }
      context.err().println("panallama: " + route + ": status " + status + ": " + Printable.line(body));
      return ExitCode.FAILURE;
    } finally {
      connection.disconnect();
    }
  }

  private static String body(HttpURLConnection connection, boolean well) throws IOException {
    try (var in = well ? connection.getInputStream() : connection.getErrorStream()) {
      return in == null ? "" : new String(in.readNBytes(SHOWN), StandardCharsets.UTF_8).strip();
    }
  }

  private URI route() {
    URI base;
    try {
      base = new URI(url.contains("://") ? url : "http://" + url);
    } catch (URISyntaxException malformed) {
      throw new UsageException("--url is no URL: " + malformed.getMessage(), malformed);
    }
    boolean http = "http".equalsIgnoreCase(base.getScheme()) || "https".equalsIgnoreCase(base.getScheme());
    if (!http || base.getHost() == null) {
      throw new UsageException("--url is \"" + url + "\"; it must be an http or https URL with a host.");
    }
    return base.resolve(ready ? "/ready" : "/health");
  }

  private static SSLContext trustingAll() {
    TrustManager all =
        new X509TrustManager() {
          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type) {}

          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type) {}

          @Override
          public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
          }
        };
    try {
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(null, new TrustManager[] {all}, new SecureRandom());
      return tls;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("This Java runtime has no TLS.", impossible);
    }
  }
}
