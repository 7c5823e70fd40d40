package io.panallama.server.http;

import io.helidon.webserver.CloseConnectionException;

/** Leaves HTTP/1.1, because the client has begun with HTTP/2. */
final class Http2Begun extends CloseConnectionException {
  private static final long serialVersionUID = 1L;

  private final transient byte[] rest;

  /**
   * The end of HTTP/1.1.
   *
   * @param rest bytes of the client after its preface that have been read
   */
  Http2Begun(byte[] rest) {
    super("The client goes on in HTTP/2");
    this.rest = rest;
  }

  byte[] rest() {
    return rest;
  }
}
