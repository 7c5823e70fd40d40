package io.panallama.server.dialect;

import io.panallama.server.keys.Account;
import io.panallama.server.keys.KeyIdentity;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a client sent to a route. For the thread of the request: it remembers which parameters were read, and {@link #ignored}.
 *
 * @see Route
 */
public final class ClientRequest {
  private byte[] body;
  private final String rest;
  private final Map<String, String> query;
  private final Map<String, String> headers;
  private final Ignored ignored;
  private final Runnable whenReleased;
  private final Account account;
  private final KeyIdentity key;
  private final Set<String> known = new HashSet<>();

  /**
   * A request.
   *
   * @param body the bytes as they were sent; empty if there were none
   * @param rest the part of the path in place of the route's {@code *}, decoded, with a slash between those of several; empty if the
   *     route has none
   * @param query the parameters behind the path's question mark, decoded; of several with one name the first
   * @param headers the headers by their names in lower case; of several with one name the first
   * @param ignored collects what the answer won't follow
   * @param whenReleased runs at each {@link #release}
   */
  public ClientRequest(
      byte[] body,
      String rest,
      Map<String, String> query,
      Map<String, String> headers,
      Ignored ignored,
      Runnable whenReleased) {
    this(body, rest, query, headers, ignored, whenReleased, Account.NONE, KeyIdentity.NONE);
  }

  /**
   * A request.
   *
   * @param account whom its tokens are charged to
   * @param key which key it has brought
   */
  public ClientRequest(
      byte[] body,
      String rest,
      Map<String, String> query,
      Map<String, String> headers,
      Ignored ignored,
      Runnable whenReleased,
      Account account,
      KeyIdentity key) {
    this.account = account;
    this.key = key;
    this.body = body.clone();
    this.whenReleased = whenReleased;
    this.rest = rest;
    this.query = Map.copyOf(query);
    this.headers = Map.copyOf(headers);
    this.ignored = ignored;
  }

  /** The body as it was sent; empty if there was none, or after {@link #release}. */
  public byte[] body() {
    return body.clone();
  }

  /** How many bytes {@link #body} has. */
  public int bodyLength() {
    return body.length;
  }

  /**
   * Gives the memory of the body back, and the place of a large one among those that may be read at a time. Call it before what takes
   * long; after the answer it is done anyway.
   */
  public void release() {
    body = new byte[0];
    whenReleased.run();
  }

  /**
   * The part of the path in place of the route's {@code *}, decoded, with a slash between those of several; empty if the route has none.
   */
  public String rest() {
    return rest;
  }

  /** A parameter behind the path's question mark. */
  public Optional<String> query(String name) {
    known.add(name);
    return Optional.ofNullable(query.get(name));
  }

  /** Parameters behind the path's question mark that change nothing about the answer. */
  public void acceptQuery(Collection<String> names) {
    known.addAll(names);
  }

  /**
   * Call it when all parameters behind the path's question mark have been read: others are ignored, and named with a question mark
   * in front, which tells them from fields of the body.
   *
   * @throws ApiException if there is one and the server is strict
   */
  public void ignoreUnknownQuery() {
    for (String name : new TreeSet<>(query.keySet())) {
      if (!known.contains(name) && !name.isEmpty()) {
        ignored.unknown("?" + name);
      }
    }
  }

  /** A header, whatever the case of its name. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
  }

  /** Whom the tokens of the request are charged to. A route that computes charges what {@link Route.Generate} does not. */
  public Account account() {
    return account;
  }

  /** Which key the request has brought. */
  public KeyIdentity key() {
    return key;
  }

  /** What the answer won't follow, so far. */
  public Ignored ignored() {
    return ignored;
  }
}
