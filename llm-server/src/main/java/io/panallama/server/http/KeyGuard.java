package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.LimitHeaders;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.Account;
import io.panallama.server.keys.KeyAccount;
import io.panallama.server.keys.KeyAccount.Admission;
import io.panallama.server.keys.KeyAccounts;
import io.panallama.server.keys.KeyIdentity;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.Quota;
import io.panallama.server.keys.Role;
import io.panallama.server.keys.TokenVerifier;
import io.panallama.server.keys.WatchedKeys;
import io.panallama.server.observe.RequestRecord;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps requests without a key out, those whose key has not the role that the route needs, and those beyond the key's limits, before
 * their bodies are read. Routes that are public are answered to everybody, and so is OPTIONS, since browsers send no key with a
 * preflight.
 */
public final class KeyGuard implements Filter {
  private static final HeaderName API_KEY = HeaderNames.create("x-api-key");

  /** That of Azure's clients. */
  private static final HeaderName AZURES_KEY = HeaderNames.create("api-key");

  private static final Header CHALLENGE = HeaderValues.createCached(HeaderNames.WWW_AUTHENTICATE, "Bearer");

  /** RFC 6750. */
  private static final Header WRONG_TOKEN =
      HeaderValues.createCached(HeaderNames.WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");

  private final ApiKeys fixed;
  private final Optional<WatchedKeys> file;
  private final Optional<TokenVerifier> tokens;
  private final KeyAccounts accounts;
  private final Routes routes;
  private final Dialect otherwise;

  /**
   * A guard of these routes. Without fixed keys, a file of keys and an issuer, everybody is let in.
   *
   * @param fixed as {@link io.panallama.server.ServerConfig#apiKeys()} has them; they have all roles and no limits
   * @param file the keys that have roles and limits, if there are such
   * @param tokens checks those of an issuer, if they are taken
   * @param accounts what each key has used
   * @param otherwise the dialect whose headers tell of limits outside of the routes of any
   */
  public KeyGuard(
      Collection<String> fixed,
      Optional<WatchedKeys> file,
      Optional<TokenVerifier> tokens,
      KeyAccounts accounts,
      Routes routes,
      Dialect otherwise) {
    this.tokens = tokens;
    this.fixed = new ApiKeys(fixed);
    this.file = file;
    this.accounts = accounts;
    this.routes = routes;
    this.otherwise = otherwise;
  }

  /** Whose a request is. */
  private record Caller(String id, Set<Role> roles, KeyAccount account, KeyIdentity identity) {}

  @Override
  public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
    boolean open = request.prologue().method().equals(Method.OPTIONS) || routes.isPublic(request.path().path());
    if (open || fixed.isEmpty() && file.isEmpty() && tokens.isEmpty()) {
      chain.proceed();
      return;
    }
    Caller caller = caller(request, response);
    RequestRecord.current().ifPresent(record -> record.key(caller.id()));
    request.context().register(KeyIdentity.class, caller.identity());
    Access access = routes.access(request);
    if (Collections.disjoint(caller.roles(), access.roles())) {
      throw ApiException.roleNeeded(caller.id(), access.roles());
    }
    if (!access.limited()) {
      chain.proceed();
      return;
    }
    try (KeyAccount.Ticket ticket = admit(caller, request, response)) {
      request.context().register(Account.class, ticket);
      chain.proceed();
    }
  }

  private Caller caller(RoutingRequest request, RoutingResponse response) {
    List<String> candidates =
        ApiKeys.candidates(
            only(request, HeaderNames.AUTHORIZATION).orElse(null),
            only(request, API_KEY).or(() -> only(request, AZURES_KEY)).orElse(null));
    return caller(candidates, response::header);
  }

  /** The value of a header. Of several that differ, a proxy before the server may have looked at another one than the server. */
  private static Optional<String> only(RoutingRequest request, HeaderName name) {
    List<String> values = request.headers().all(name, List::of).stream().map(String::strip).distinct().toList();
    if (values.size() > 1) {
      throw ApiException.severalKeys(name.lowerCase());
    }
    return values.stream().findFirst();
  }

  /**
   * Who asks.
   *
   * @param challenge gets the header of a refusal
   */
  private Caller caller(List<String> candidates, Consumer<Header> challenge) {
    int place = fixed.indexOf(candidates);
    if (place >= 0) {
      KeyIdentity identity = new KeyIdentity(KeyAccounts.FIXED + " " + place);
      return new Caller(KeyAccounts.FIXED, EnumSet.allOf(Role.class), accounts.fixed(), identity);
    }
    Optional<KeySet.Match> match = file.flatMap(keys -> keys.match(candidates));
    if (match.isPresent() && match.get().state() == AccessKey.State.ACTIVE) {
      AccessKey key = match.get().key();
      return new Caller(key.id(), key.roles(), accounts.of(key), new KeyIdentity(key.id()));
    }
    Optional<String> token = tokens.flatMap(_ -> candidates.stream().filter(TokenVerifier::isToken).findFirst());
    if (match.isEmpty() && token.isPresent()) {
      return caller(tokens.orElseThrow(), token.get(), challenge);
    }
    challenge.accept(CHALLENGE);
    if (match.isEmpty()) {
      throw candidates.isEmpty() ? ApiException.missingKey() : ApiException.wrongKey();
    }
    throw ApiException.endedKey(match.get().key().id(), match.get().state() == AccessKey.State.REVOKED);
  }

  private Caller caller(TokenVerifier verifier, String token, Consumer<Header> challenge) {
    try {
      TokenVerifier.Subject subject = verifier.verify(token);
      KeyAccount account = accounts.ofSubject(subject.id(), subject.limits());
      // A key may have the id of a subject.
      KeyIdentity identity = new KeyIdentity("subject " + subject.id());
      return new Caller(subject.id(), subject.roles(), account, identity);
    } catch (TokenVerifier.RefusedException refused) {
      challenge.accept(WRONG_TOKEN);
      throw ApiException.refusedToken(refused.reason());
    } catch (TokenVerifier.UnavailableException unavailable) {
      throw ApiException.issuerUnavailable(unavailable);
    }
  }

  /**
   * Lets a request of another protocol in: as {@link #filter}, but for what is told in headers.
   *
   * @param authorization {@code Bearer} and a key, or a key; null if there is none
   * @param apiKey a key from elsewhere; null if there is none
   * @param roles of which the key needs one
   * @return the account of the request, which counts as running until {@link Account#done}
   * @throws ApiException if the request is refused
   */
  public Account admit(@Nullable String authorization, @Nullable String apiKey, Set<Role> roles) {
    if (fixed.isEmpty() && file.isEmpty() && tokens.isEmpty()) {
      return Account.NONE;
    }
    Caller caller = caller(ApiKeys.candidates(authorization, apiKey), _ -> {});
    if (Collections.disjoint(caller.roles(), roles)) {
      throw ApiException.roleNeeded(caller.id(), roles);
    }
    return granted(caller, caller.account().admit());
  }

  private KeyAccount.Ticket admit(Caller caller, RoutingRequest request, RoutingResponse response) {
    Admission admission = caller.account().admit();
    List<Quota> quotas = admission.quotas();
    if (!quotas.isEmpty()) {
      tell(quotas, request, response);
    }
    return granted(caller, admission);
  }

  private static KeyAccount.Ticket granted(Caller caller, Admission admission) {
    return switch (admission) {
      case Admission.Granted granted -> granted.ticket();
      case Admission.Refused refused -> throw ApiException.rateLimited(caller.id(), refused.by(), refused.retryAfter());
    };
  }

  private void tell(List<Quota> quotas, RoutingRequest request, RoutingResponse response) {
    Map<String, String> headers = new LinkedHashMap<>(LimitHeaders.ietf(quotas));
    headers.putAll(routes.dialectOf(request).orElse(otherwise).limitHeaders(quotas));
    headers.forEach((name, value) -> response.header(HeaderNames.create(name), value));
    if (request.headers().contains(HeaderNames.ORIGIN)) {
      // Besides those that RequestGuard names: a page of another origin may read them, too.
      response
          .headers()
          .add(HeaderValues.create(HeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, String.join(", ", headers.keySet())));
    }
  }
}
