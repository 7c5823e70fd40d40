package io.panallama.server.keys;

/**
 * Which key a request has brought, for what only that key may come back to.
 *
 * @param name tells the server's keys apart; no secret. Empty if the server asks for no key
 */
public record KeyIdentity(String name) {
  /** That of a request to a server that asks for no key. */
  public static final KeyIdentity NONE = new KeyIdentity("");
}
