package io.panallama.server.dialect.anthropic;

/**
 * The ids of tool calls. Anthropic's begin with {@code toolu_}; the core's do not, and the prompts of later turns must show them as
 * the model wrote them.
 */
final class CallIds {
  private static final String PREFIX = "toolu_";

  private CallIds() {}

  /** The id that a client gets. */
  static String wire(String id) {
    return id.startsWith(PREFIX) ? id : PREFIX + id;
  }

  /** The core's id of one that a client sent. */
  static String core(String id) {
    return id.startsWith(PREFIX) ? id.substring(PREFIX.length()) : id;
  }
}
