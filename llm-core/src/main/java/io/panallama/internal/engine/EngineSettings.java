package io.panallama.internal.engine;

import io.panallama.config.SessionKey;
import io.panallama.config.SpillConfig;
import io.panallama.internal.cache.ImageKey;
import java.time.Duration;

/**
 * The settings of the loop, apart from its decoder.
 *
 * @param name name of the engine thread
 * @param slots maximum number of active sequences
 * @param queueLimit maximum number of generations waiting for a slot
 * @param mailboxCapacity maximum number of tokens that a generation may be ahead of its reader
 * @param itlTarget the inter-token latency (ITL) that prompt processing may cause; zero means no limit
 * @param spill where prefixes go that are evicted from the KV cache
 * @param imageKey signs the files of sessions and spilled prefixes
 * @param model whether the model can still be computed
 */
public record EngineSettings(
    String name,
    int slots,
    int queueLimit,
    int mailboxCapacity,
    Duration itlTarget,
    SpillConfig spill,
    ImageKey imageKey,
    ModelCheck model) {
  /** Settings with the key of this installation. */
  public EngineSettings(
      String name, int slots, int queueLimit, int mailboxCapacity, Duration itlTarget, SpillConfig spill) {
    this(
        name,
        slots,
        queueLimit,
        mailboxCapacity,
        itlTarget,
        spill,
        ImageKey.of(SessionKey.installation()),
        ModelCheck.NONE);
  }

  /** Settings without a limit on the inter-token latency and without spilling. */
  public EngineSettings(String name, int slots, int queueLimit, int mailboxCapacity) {
    this(name, slots, queueLimit, mailboxCapacity, Duration.ZERO, SpillConfig.none());
  }
}
