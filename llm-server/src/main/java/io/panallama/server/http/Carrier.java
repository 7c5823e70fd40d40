package io.panallama.server.http;

import io.helidon.common.socket.HelidonSocket;
import java.io.IOException;
import java.time.Duration;

/** What carries the bytes of HTTP/1.1 between a client and its {@link ClientConnection}: a socket, or a stream of HTTP/2. Safe for any thread. */
interface Carrier {
  /**
   * Does what comes before the first byte, such as the handshake of TLS. Blocks as long as the client lets it; {@link #cut} ends it.
   *
   * @throws IOException if the connection is to end
   */
  void begin() throws IOException;

  /** Reads and writes the bytes. */
  HelidonSocket socket();

  /** What a request asks for that names no host; RFC 9112, 3.3. */
  String authority();

  /** Whether the client is connected by a Unix domain socket. */
  boolean isLocalSocket();

  /** Whether further requests, and other protocols, may follow the first request. */
  boolean isStream();

  /** How long the peer may send nothing after its last answer before it is closed, so that it gets the last bytes instead of a reset. */
  Duration linger();

  /**
   * Tells the client that there will be no further answer.
   *
   * @param complete whether nothing is missing of the last answer
   */
  void endOutput(boolean complete);

  /** Ends it at once, which breaks a write that its client does not read. Does not block. */
  void cut();

  /** Tells that the server is shutting down. Does not block. */
  void drain();
}
