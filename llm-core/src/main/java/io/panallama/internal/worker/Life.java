package io.panallama.internal.worker;

import io.panallama.observe.EngineStats;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A worker from its start to its death, and what is known of it. Thread-safe. */
final class Life {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  private final Worker worker;
  private final long launched = System.nanoTime();
  private volatile long heard = launched;
  private volatile long beatAt = launched;
  private volatile long stepAge;
  private volatile long longestStep;
  private volatile @Nullable EngineStats stats;
  private volatile boolean ready;
  private volatile boolean moved;
  private volatile @Nullable String verdict;
  private volatile boolean blameless;
  private volatile @Nullable RemoteGeneration blamed;
  private volatile @Nullable RuntimeException refusal;

  Life(Worker worker) {
    this.worker = worker;
  }

  Worker worker() {
    return worker;
  }

  void send(Output frame) {
    try {
      worker.wire().send(frame);
    } catch (IOException dead) {
      // The thread that receives finds the end of the connection, and what is not answered is sent to the next worker.
      LOG.log(System.Logger.Level.TRACE, "A frame did not reach the worker.", dead);
    }
  }

  // ---- what it says ----

  /** It said something. */
  void hear() {
    heard = System.nanoTime();
  }

  /** It said how long its step has taken so far, and its longest one, in nanoseconds. */
  void beat(long age, long longest) {
    stepAge = age;
    longestStep = longest;
    beatAt = System.nanoTime();
  }

  void stats(EngineStats value) {
    stats = value;
  }

  @Nullable EngineStats stats() {
    return stats;
  }

  /** Its engine runs. */
  void ready() {
    ready = true;
  }

  boolean isReady() {
    return ready;
  }

  /** It has generated a token. */
  void move() {
    moved = true;
  }

  boolean hasMoved() {
    return moved;
  }

  // ---- the clock ----

  /** This process itself did not run for a while: the worker may not have either. */
  void forgive(long now) {
    heard = now;
    beatAt = now;
  }

  long silence(long now) {
    return now - heard;
  }

  long age(long now) {
    return now - launched;
  }

  /** How long the step that is being computed has taken; 0 between steps. */
  long step(long now) {
    return stepAge == 0 ? 0 : stepAge + now - beatAt;
  }

  long longestStep() {
    return longestStep;
  }

  // ---- its end ----

  /** Ends it for a reason. */
  void condemn(String why) {
    if (verdict == null) {
      verdict = why;
    }
    worker.kill();
  }

  /** The same because of one generation. */
  void condemn(RemoteGeneration culprit, String why) {
    blamed = culprit;
    condemn(why);
  }

  /** The same for silence, which another process may have caused. */
  void condemnSilent(String why) {
    blameless = worker.isStopped();
    condemn(why);
  }

  /** The same for something that no request can do. */
  void condemnBlameless(String why) {
    blameless = true;
    condemn(why);
  }

  /** The connection can't be used any more. */
  void broken(String why) {
    verdict = why;
  }

  /** Ends it because no worker can start. */
  void refuse(RuntimeException why) {
    refusal = why;
    worker.kill();
  }

  /** Why it was ended; null if it ended by itself. */
  @Nullable String verdict() {
    return verdict;
  }

  /** Whether it was ended for something that no request can do, such as another process that stopped it. */
  boolean isBlameless() {
    return blameless;
  }

  @Nullable RemoteGeneration blamed() {
    return blamed;
  }

  @Nullable RuntimeException refusal() {
    return refusal;
  }
}
