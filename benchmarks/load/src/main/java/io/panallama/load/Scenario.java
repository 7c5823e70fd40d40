package io.panallama.load;

import java.util.Locale;

/** What the clients do. */
public enum Scenario {
  /** Prompts that have nothing in common. */
  CHAT,
  /** One long system prompt before all of them. */
  SHARED_PREFIX,
  /** Conversations whose every turn appends the answer and a new message to all that was said. */
  AGENT,
  /** Many requests at the same moment, on a server that has nothing to do. */
  BURST,
  /** Streams run; a long prompt comes. */
  INTRUSION,
  /** Some clients leave in the middle of their answers. */
  DISCONNECT;

  /** {@code shared-prefix}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether it is a load of requests that begin one after the other, in a closed or an open loop. */
  boolean isLoop() {
    return this == CHAT || this == SHARED_PREFIX || this == AGENT;
  }
}
