package io.panallama.internal.schedule;

import org.jspecify.annotations.Nullable;

/** A sequence without an engine: a prompt that steps compute, and tokens generated after it. */
final class Work implements Schedulable {
  private static long arrivals;

  private final long arrival = ++arrivals;
  private final long submitted;
  private final int priority;
  private final long deadline;
  private int length;
  private int cached;
  private int generated;
  private long lastTurn;
  boolean paused;
  @Nullable TenantShare share;
  boolean preempted;
  long stalledSince = NOT_STALLED;

  Work(int promptLength, int priority, long deadline) {
    this(promptLength, priority, deadline, 0);
  }

  Work(int promptLength, int priority, long deadline, long submitted) {
    this.length = promptLength;
    this.priority = priority;
    this.deadline = deadline;
    this.submitted = submitted;
  }

  void computed(int count) {
    cached += count;
  }

  void append() {
    length++;
    generated++;
  }

  int cached() {
    return cached;
  }

  int completionLength() {
    return generated;
  }

  @Override
  public @Nullable TenantShare share() {
    return share;
  }

  @Override
  public long arrival() {
    return arrival;
  }

  @Override
  public long submitted() {
    return submitted;
  }

  @Override
  public int priority() {
    return priority;
  }

  @Override
  public long deadline() {
    return deadline;
  }

  @Override
  public boolean wasPreempted() {
    return preempted;
  }

  @Override
  public boolean isPaused() {
    return paused;
  }

  @Override
  public long stalledSince() {
    return stalledSince;
  }

  @Override
  public boolean isGenerating() {
    return generated > 0 && missing() == 1;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int sharedLength() {
    return 0;
  }

  @Override
  public int missing() {
    return length - cached;
  }

  @Override
  public int chunkLimit() {
    return missing();
  }

  @Override
  public long lastTurn() {
    return lastTurn;
  }

  @Override
  public void turnTaken(long number) {
    lastTurn = number;
  }
}
