package io.panallama.server.oidc;

import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.JSONObjectUtils;
import io.panallama.server.keys.TokenVerifier.UnavailableException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The public keys of an issuer. Where they are is asked once, when the first token comes; the keys are kept, fetched again from time to time
 * and for a token that names an unknown one. While the issuer does not answer, those that are known go on. Safe for any thread.
 */
final class IssuerKeys {
  private static final System.Logger LOGGER = System.getLogger(IssuerKeys.class.getName());

  private static final String DISCOVERY = "/.well-known/openid-configuration";

  /** How long a request waits for the issuer at most. */
  private static final Duration CONNECT = Duration.ofSeconds(2);

  private static final Duration READ = Duration.ofSeconds(3);

  private static final int LARGEST_DOCUMENT = 1 << 20;

  /** After a failure the next request asks again at this time. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private static final Duration FRESH = Duration.ofMinutes(5);

  /** How long keys go on while the issuer does not answer. */
  private static final Duration OUTAGE = Duration.ofHours(24);

  /** How often unknown keys may make the issuer be asked. */
  static final Duration ASKS = Duration.ofSeconds(30);

  private final URI issuer;
  private final Duration asks;
  private final DefaultResourceRetriever http =
      new DefaultResourceRetriever(
          Math.toIntExact(CONNECT.toMillis()), Math.toIntExact(READ.toMillis()), LARGEST_DOCUMENT);
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable JWKSource<SecurityContext> source;
  private @Nullable UnavailableException lastFailure;
  private long failedAt;

  /**
   * The keys of an issuer, which is not asked yet.
   *
   * @param asks the least time between two requests to it for tokens with unknown keys
   */
  IssuerKeys(URI issuer, Duration asks) {
    this.issuer = issuer;
    this.asks = asks;
  }

  /**
   * Where the keys are found.
   *
   * @throws UnavailableException if the issuer can't be asked, or gives no usable answer
   */
  JWKSource<SecurityContext> source() throws UnavailableException {
    JWKSource<SecurityContext> known = source;
    if (known != null) {
      return known;
    }
    lock.lock();
    try {
      known = source;
      if (known == null) {
        known = discover();
        source = known;
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  private JWKSource<SecurityContext> discover() throws UnavailableException {
    UnavailableException before = lastFailure;
    if (before != null && System.nanoTime() - failedAt < PAUSE.toNanos()) {
      throw before;
    }
    try {
      URI keys = location();
      lastFailure = null;
      return JWKSourceBuilder.create(keys.toURL(), http)
          .cache(FRESH.toMillis(), CONNECT.plus(READ).plusSeconds(1).toMillis())
          .rateLimited(asks.toMillis())
          .outageTolerant(OUTAGE.toMillis())
          .build();
    } catch (IOException | ParseException | URISyntaxException | IllegalArgumentException failed) {
      UnavailableException failure =
          new UnavailableException("The issuer " + issuer + " can't be used: " + failed.getMessage(), failed);
      LOGGER.log(System.Logger.Level.WARNING, failure.getMessage());
      lastFailure = failure;
      failedAt = System.nanoTime();
      throw failure;
    }
  }

  /** Where the issuer says that its keys are. */
  private URI location() throws IOException, ParseException, URISyntaxException {
    String base = issuer.toString().replaceFirst("/$", "");
    String document = http.retrieveResource(URI.create(base + DISCOVERY).toURL()).getContent();
    Map<String, Object> configuration = JSONObjectUtils.parse(document);
    String named = JSONObjectUtils.getString(configuration, "issuer");
    if (!issuer.toString().equals(named)) {
      throw new IllegalArgumentException("it calls itself " + named + "; --oidc-issuer must be exactly that");
    }
    URI keys = JSONObjectUtils.getURI(configuration, "jwks_uri");
    if (keys == null
        || !keys.isAbsolute()
        || !"https".equals(keys.getScheme()) && !keys.getScheme().equals(issuer.getScheme())) {
      throw new IllegalArgumentException("it names no https URL of its keys (jwks_uri)");
    }
    return keys;
  }
}
