package io.panallama.internal.engine;

import io.panallama.config.EngineConfig;
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
 * @param queueTokenLimit maximum number of tokens of their prompts; 0 means no limit
 * @param mailboxCapacity maximum number of tokens that a generation may be ahead of its reader
 * @param itlTarget the inter-token latency (ITL) that prompt processing may cause; zero means no limit
 * @param ttftTarget the time to first token (TTFT) that requests should get
 * @param spill where prefixes go that are evicted from the KV cache
 * @param imageKey signs the files of sessions and spilled prefixes
 * @param model whether the model can still be computed
 * @param observer watches the engine thread
 */
public record EngineSettings(
    String name,
    int slots,
    int queueLimit,
    int queueTokenLimit,
    int mailboxCapacity,
    Duration itlTarget,
    Duration ttftTarget,
    SpillConfig spill,
    ImageKey imageKey,
    ModelCheck model,
    StepObserver observer) {
  /** Settings without a limit of the tokens that wait. */
  public EngineSettings(
      String name,
      int slots,
      int queueLimit,
      int mailboxCapacity,
      Duration itlTarget,
      Duration ttftTarget,
      SpillConfig spill,
      ImageKey imageKey,
      ModelCheck model,
      StepObserver observer) {
    this(name, slots, queueLimit, 0, mailboxCapacity, itlTarget, ttftTarget, spill, imageKey, model, observer);
  }

  /** Settings with the key of this installation and without an observer. */
  public EngineSettings(
      String name, int slots, int queueLimit, int mailboxCapacity, Duration itlTarget, SpillConfig spill) {
    this(
        name,
        slots,
        queueLimit,
        mailboxCapacity,
        itlTarget,
        EngineConfig.defaults().ttftTarget(),
        spill,
        ImageKey.of(SessionKey.installation()),
        ModelCheck.NONE,
        StepObserver.NONE);
  }

  /** Settings without a limit on the inter-token latency and without spilling. */
  public EngineSettings(String name, int slots, int queueLimit, int mailboxCapacity) {
    this(name, slots, queueLimit, mailboxCapacity, Duration.ZERO, SpillConfig.none());
  }
}
