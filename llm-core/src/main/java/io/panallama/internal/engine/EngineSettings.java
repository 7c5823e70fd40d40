package io.panallama.internal.engine;

import io.panallama.config.SpillConfig;
import java.time.Duration;

/**
 * What the loop needs to know beside its decoder.
 *
 * @param name names the thread
 * @param slots sequences that may be active at once
 * @param queueLimit generations that may wait for a slot
 * @param mailboxCapacity tokens that a generation may be ahead of its reader
 * @param itlTarget the inter-token latency that prompts may cause; zero sets no limit
 * @param spill where prefixes go that leave the KV cache
 */
public record EngineSettings(
    String name, int slots, int queueLimit, int mailboxCapacity, Duration itlTarget, SpillConfig spill) {
  /** No limit for the inter-token latency, nothing spilled. */
  public EngineSettings(String name, int slots, int queueLimit, int mailboxCapacity) {
    this(name, slots, queueLimit, mailboxCapacity, Duration.ZERO, SpillConfig.none());
  }
}
