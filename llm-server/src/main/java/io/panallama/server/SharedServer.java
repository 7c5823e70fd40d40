package io.panallama.server;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import io.panallama.server.http.KeyGuard;
import io.panallama.server.http.ServerSockets;
import io.panallama.server.keys.Account;
import io.panallama.server.keys.Role;
import io.panallama.server.registry.Registry;
import io.panallama.server.tls.ServerCertificate;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** What a {@link FrontEnd} shares with the HTTP server: models, keys, certificate and addresses. Safe for any thread. */
public final class SharedServer {
  private final Registry registry;
  private final KeyGuard guard;
  private final @Nullable ServerCertificate certificate;
  private final List<InetAddress> addresses;

  SharedServer(Registry registry, KeyGuard guard, @Nullable ServerCertificate certificate, ServerSockets sockets) {
    this.registry = registry;
    this.guard = guard;
    this.certificate = certificate;
    List<InetAddress> all = sockets.addresses();
    this.addresses = all.isEmpty() ? List.of(InetAddress.getLoopbackAddress()) : all;
  }

  /** The models. Requests that hold a lease are waited for when the server is closed. */
  public Registry registry() {
    return registry;
  }

  /** Where to listen: the addresses of the HTTP server, or loopback if it listens on Unix domain sockets only. */
  public List<InetAddress> addresses() {
    return addresses;
  }

  /**
   * Makes the server's side of encrypted connections, each by the certificate that the files have then; empty if the server does not
   * encrypt.
   */
  public Optional<SSLContext> encryption() {
    return Optional.ofNullable(certificate).map(ServerCertificate::context);
  }

  /**
   * Lets a request in, if its key may.
   *
   * @param authorization {@code Bearer} and a key, or a key; null if the request has none
   * @param apiKey a key from elsewhere; null if the request has none
   * @param roles of which the key needs one
   * @return whom the request's tokens are charged to; its end is told by {@link Account#done}
   * @throws RuntimeException if the request is refused; {@link #refusal} says how
   */
  public Account admit(@Nullable String authorization, @Nullable String apiKey, Set<Role> roles) {
    return guard.admit(authorization, apiKey, roles);
  }

  /**
   * What a client is told of a failure.
   *
   * @param status as in HTTP
   * @param code a word for programs, as docs/server.md lists them; null if the status says enough
   * @param message for people, without classes, files and stacks of the server
   * @param retryAfter when to try again, if that may help
   * @param fault whether it is the server's own and has to be logged
   */
  public record Refusal(
      int status, @Nullable String code, String message, Optional<Duration> retryAfter, boolean fault) {}

  /**
   * What a client is told of a failure: the same as in HTTP.
   *
   * @param names the names that the client knows, by those of the core, such as {@code sampling.topK}
   */
  public static Refusal refusal(Throwable failure, UnaryOperator<String> names) {
    ApiException error = Failures.of(failure, names::apply);
    long seconds = error.retryAfterSeconds();
    return new Refusal(
        error.status(),
        error.code(),
        error.text(),
        seconds == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds)),
        error.isFault());
  }
}
