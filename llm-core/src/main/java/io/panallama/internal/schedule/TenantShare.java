package io.panallama.internal.schedule;

import io.panallama.request.GenerationOptions;
import java.util.Arrays;

/**
 * What one tenant has got from an engine, in relation to its weight: a virtual token counter (Sheng et al., "Fairness in
 * Serving Large Language Models", OSDI 2024). Engine thread only.
 */
public final class TenantShare {
  /** What a prompt token costs that was computed. */
  public static final double PROMPT_COST = 1;

  /** What a generated token costs: each takes a step of its own. */
  public static final double ANSWER_COST = 2;

  private static final long NEVER = Long.MIN_VALUE;

  private final String tenant;
  private double weight = 1;
  private double served;
  private int sequences;
  private int waiting;

  /** When the last sequence of each priority was admitted. */
  private final long[] admitted = new long[GenerationOptions.MAX_PRIORITY + 1];

  TenantShare(String tenant) {
    this.tenant = tenant;
    Arrays.fill(admitted, NEVER);
  }

  String tenant() {
    return tenant;
  }

  /** Counts prompt tokens that were computed for the tenant. */
  public void computed(int tokens) {
    served += tokens * PROMPT_COST / weight;
  }

  /** Counts a token that was generated for the tenant. */
  public void generated() {
    served += ANSWER_COST / weight;
  }

  void weight(double value) {
    weight = value;
  }

  /** What it has got, by its weight. */
  double served() {
    return served;
  }

  /** It is taken to have got at least this much, so that it has no credit from a time when it wanted nothing. */
  void lift(double least) {
    served = Math.max(served, least);
  }

  /** Adds to the number of its sequences, waiting or not; returns the new number. */
  int addSequences(int more) {
    sequences += more;
    return sequences;
  }

  int sequences() {
    return sequences;
  }

  /** Adds to the number of its waiting sequences; returns the new number. */
  int addWaiting(int more) {
    waiting += more;
    return waiting;
  }

  int waiting() {
    return waiting;
  }

  /** One of its sequences was admitted. */
  void admitted(int priority, long now) {
    admitted[priority] = now;
  }

  /** Since when a sequence has waited, while the tenant got no other one of its priority admitted. */
  long neglectedSince(Schedulable sequence) {
    return Math.max(sequence.submitted(), admitted[sequence.priority()]);
  }
}
