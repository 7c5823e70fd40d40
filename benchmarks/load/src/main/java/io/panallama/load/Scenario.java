package io.panallama.load;

import java.util.Locale;

/** The behaviour of the clients. */
public enum Scenario {
  /** Prompts that have nothing in common. */
  CHAT,
  /** One long system prompt before all of them. */
  SHARED_PREFIX,
  /** Conversations whose every turn appends the answer and a new message to the conversation. */
  AGENT,
  /** Many requests at the same moment, on an idle server. */
  BURST,
  /** A long prompt that arrives while streams run. */
  INTRUSION,
  /** Some clients disconnect in the middle of their answers. */
  DISCONNECT;

  /** {@code shared-prefix}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether requests begin one after the other, in a closed or an open loop. */
  boolean isLoop() {
    return this == CHAT || this == SHARED_PREFIX || this == AGENT;
  }
}
