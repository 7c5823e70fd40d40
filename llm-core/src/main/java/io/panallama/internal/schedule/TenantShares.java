package io.panallama.internal.schedule;

import io.panallama.request.Tenant;
import java.util.HashMap;
import java.util.Map;

/**
 * The tenants of an engine that have sequences, and those that had and are still ahead of the others. Engine thread only.
 */
public final class TenantShares {
  private final Map<String, TenantShare> shares = new HashMap<>();

  /** What the tenant that was admitted last had got by then: the virtual time. */
  private double reached;

  /** The share of a tenant, for a sequence that will {@link #leave}. */
  public TenantShare enter(Tenant tenant) {
    TenantShare share = shares.get(tenant.id());
    if (share == null) {
      share = new TenantShare(tenant.id());
      shares.put(tenant.id(), share);
    }
    share.weight(tenant.weight());
    if (share.waiting() == 0) {
      share.lift(leastWaiting());
    }
    share.addSequences(1);
    return share;
  }

  /** What the waiting tenant has got that has got least; while none waits, the virtual time. */
  private double leastWaiting() {
    double least = Double.MAX_VALUE;
    for (TenantShare share : shares.values()) {
      if (share.waiting() > 0) {
        least = Math.min(least, share.served());
      }
    }
    return least == Double.MAX_VALUE ? reached : least;
  }

  /** A sequence was admitted, of whose prompt this many tokens have to be computed. */
  public void admitted(Schedulable sequence, int promptTokens, long now) {
    TenantShare share = sequence.share();
    if (share != null) {
      reached = share.served();
      share.admitted(sequence.priority(), now);
      if (!sequence.wasPreempted()) {
        // Before it is computed: the next choice must know of it.
        share.computed(promptTokens);
      }
    }
  }

  /** A sequence of this share has ended. */
  public void leave(TenantShare share) {
    if (share.addSequences(-1) > 0) {
      return;
    }
    // One that is ahead stays known, or it would be rid of that by a short absence.
    if (share.served() <= reached) {
      shares.remove(share.tenant());
    } else if (shares.values().stream().allMatch(other -> other.sequences() == 0)) {
      shares.clear();
    }
  }

  /** How many tenants are known. */
  int size() {
    return shares.size();
  }
}
