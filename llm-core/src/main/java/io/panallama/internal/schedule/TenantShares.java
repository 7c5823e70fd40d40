package io.panallama.internal.schedule;

import io.panallama.request.Tenant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tenants of an engine that have sequences, and those that had and are still ahead of the others. Engine thread only.
 */
public final class TenantShares {
  private final Map<String, TenantShare> shares = new HashMap<>();

  /** That of the tenant which was admitted last: what it has got is the virtual time. */
  private @Nullable TenantShare last;

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
    return least < Double.MAX_VALUE ? least : last == null ? 0 : last.served();
  }

  /** A sequence was admitted, of whose prompt this many tokens have to be computed. */
  public void admitted(Schedulable sequence, int promptTokens, long now) {
    TenantShare share = sequence.share();
    if (share != null) {
      last = share;
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
    double least = Double.MAX_VALUE;
    for (TenantShare other : shares.values()) {
      least = other.sequences() > 0 ? Math.min(least, other.served()) : least;
    }
    if (least == Double.MAX_VALUE) {
      shares.clear();
    } else if (share.served() <= least) {
      // One that is ahead stays known, or it would be rid of that by a short absence.
      shares.remove(share.tenant());
    }
  }

  /** How many tenants are known. */
  int size() {
    return shares.size();
  }
}
