package io.panallama.internal.schedule;

import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.observe.ActiveGeneration;
import io.panallama.request.Tenant;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The place of one generation in slots and queue, from its admission to its end, and how far it is. Whoever computes the
 * generation reports here; any thread may read.
 */
public final class Place {
  private static final Runnable NOTHING = () -> {};

  private final @Nullable Admission admission;
  private final Tenant tenant;
  private final int priority;
  private final int maxTokens;
  private final long taken;

  private volatile long id;
  private volatile Runnable cancellation = NOTHING;
  private volatile boolean running;
  private volatile long started;
  private volatile int promptTokens;
  private volatile int cachedTokens;
  private volatile int processedTokens;
  private volatile int generatedTokens;

  // ---- guarded by the admission's lock ----

  /** Whether the prompt counts among those that wait. */
  private boolean counted;

  private boolean left;

  Place(@Nullable Admission admission, Applicant applicant, long now, boolean counted) {
    this.admission = admission;
    this.tenant = applicant.tenant();
    this.priority = applicant.priority();
    this.maxTokens = applicant.maxTokens();
    this.promptTokens = applicant.tokens();
    this.taken = now;
    this.counted = counted;
  }

  /** The place of a generation that nobody admitted. */
  public static Place detached(Applicant applicant) {
    return new Place(null, applicant, 0, false);
  }

  // ---- what the generation is ----

  /**
   * Names the generation.
   *
   * @param cancel cancels it; does not block
   */
  public void belongsTo(long generation, Runnable cancel) {
    cancellation = cancel;
    id = generation;
  }

  /** Takes the length of the prompt, where it was not known at the admission. */
  public void promptTokens(int count) {
    if (admission == null) {
      promptTokens = count;
    } else {
      admission.promptKnown(this, count);
    }
  }

  // ---- how far it is ----

  /** It got a slot. */
  public void started() {
    if (admission != null && !running) {
      admission.started(this);
    }
  }

  /** It lost its slot and waits for another one. */
  public void requeued() {
    if (admission != null && running) {
      admission.requeued(this);
    }
  }

  /** How many tokens of the prompt were in the cache before its first step. */
  public void cachedTokens(int count) {
    cachedTokens = count;
  }

  /** How many tokens of the prompt are in the cache. */
  public void processedTokens(int count) {
    processedTokens = count;
  }

  /** How many tokens were generated. */
  public void generatedTokens(int count) {
    generatedTokens = count;
  }

  // ---- the end ----

  /** Releases the place. Repeating it is harmless. */
  public void leave() {
    if (admission != null) {
      admission.leave(this);
    }
  }

  /** Releases the place and learns from how the generation went. */
  public void leave(Usage usage, Timings timings) {
    if (admission != null) {
      admission.learn(usage, timings);
      admission.leave(this);
    }
  }

  // ---- readers ----

  /** Cancels the generation. */
  void cancel() {
    cancellation.run();
  }

  long id() {
    return id;
  }

  Tenant tenant() {
    return tenant;
  }

  int maxTokens() {
    return maxTokens;
  }

  int promptTokens() {
    return promptTokens;
  }

  int generatedTokens() {
    return generatedTokens;
  }

  /** Prompt tokens that are still to be computed. */
  int missingTokens() {
    return generatedTokens > 0 ? 0 : Math.max(0, promptTokens - processedTokens);
  }

  boolean isRunning() {
    return running;
  }

  /** When it got its slot, in nanoseconds of the admission's clock. */
  long startTime() {
    return started;
  }

  ActiveGeneration snapshot(long now) {
    return new ActiveGeneration(
        id,
        running ? ActiveGeneration.State.RUNNING : ActiveGeneration.State.WAITING,
        Duration.ofNanos(Math.max(0, now - taken)),
        promptTokens,
        cachedTokens,
        Math.max(cachedTokens, processedTokens),
        generatedTokens,
        maxTokens,
        priority,
        tenant);
  }

  // ---- the admission, under its lock ----

  void setRunning(boolean value, long now) {
    started = now;
    running = value;
  }

  /** No longer counts among those that wait; returns whether it did. */
  boolean uncount() {
    boolean before = counted;
    counted = false;
    return before;
  }

  boolean isCounted() {
    return counted;
  }

  void setPromptTokens(int count) {
    promptTokens = count;
  }

  /** Marks it as released; false if it was already. */
  boolean markLeft() {
    boolean first = !left;
    left = true;
    return first;
  }
}
