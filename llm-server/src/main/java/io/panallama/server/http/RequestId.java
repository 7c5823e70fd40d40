package io.panallama.server.http;

import java.util.UUID;

/** The names of requests, by which a client's log and the server's can be compared. */
final class RequestId {
  /** The header that carries it, in requests and in answers. */
  static final String HEADER = "X-Request-Id";

  /** The longest name that is taken over from a client. */
  private static final int MAX_LENGTH = 128;

  private RequestId() {}

  /** A name that no other request has. */
  static String create() {
    return UUID.randomUUID().toString();
  }

  /** Whether a client's name is taken over: visible ASCII that fits a log line. */
  static boolean isUsable(String name) {
    return !name.isEmpty() && name.length() <= MAX_LENGTH && name.chars().allMatch(c -> c > ' ' && c < 0x7F);
  }
}
