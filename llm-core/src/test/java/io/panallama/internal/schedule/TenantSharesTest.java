package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panallama.request.Tenant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A simulated engine whose slots are always busy. */
class TenantSharesTest {
  private static final long STEP = 10_000_000L;

  private final TenantShares tenants = new TenantShares();
  private final WaitingQueue<Work> queue = new WaitingQueue<>();
  private final List<Work> active = new ArrayList<>();
  private final Map<Work, Integer> lengths = new HashMap<>();
  private final Map<String, Long> served = new HashMap<>();
  private final Random random = new Random(3);
  private long now;

  private Work submit(Tenant tenant, int priority, int prompt, int length) {
    Work work = new Work(prompt, priority, Schedulable.NO_DEADLINE, now);
    work.share = tenants.enter(tenant);
    lengths.put(work, length);
    queue.add(work);
    return work;
  }

  private static String tenant(Work work) {
    return Objects.requireNonNull(work.share()).tenant();
  }

  private long waiting(Tenant tenant) {
    List<Work> all = new ArrayList<>();
    queue.copyTo(all, work -> tenant(work).equals(tenant.id()));
    return all.size();
  }

  private long served(Tenant tenant) {
    return served.getOrDefault(tenant.id(), 0L);
  }

  /** One token for each active sequence. */
  private void step(int slots) {
    Work next;
    while (active.size() < slots && (next = queue.first(now)) != null) {
      queue.remove(next);
      tenants.admitted(next, next.length(), now);
      served.merge(tenant(next), (long) next.length(), Long::sum);
      next.computed(next.length());
      active.add(next);
    }
    for (Work work : List.copyOf(active)) {
      work.append();
      Objects.requireNonNull(work.share()).generated();
      served.merge(tenant(work), 1L, Long::sum);
      if (work.completionLength() >= lengths.get(work)) {
        active.remove(work);
        lengths.remove(work);
        tenants.leave(Objects.requireNonNull(work.share()));
      }
    }
    now += STEP;
  }

  private int length() {
    return 20 + random.nextInt(200);
  }

  private void flood(Tenant tenant, int backlog) {
    while (waiting(tenant) < backlog) {
      submit(tenant, 5, 50, length());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 16})
  void floodingTenantsAreServedByTheirWeights(int slots) {
    Tenant one = new Tenant("one", 1);
    Tenant three = new Tenant("three", 3);
    for (int i = 0; i < 40_000 / slots; i++) {
      // The one with the smaller weight sends much more.
      flood(one, 60);
      flood(three, 20);
      step(slots);
    }
    assertThat((double) served(three) / served(one)).isCloseTo(3, within(0.3));
  }

  @Test
  void aTenantThatIsAloneGetsEverything() {
    Tenant only = new Tenant("only", 0.5);
    for (int i = 0; i < 1000; i++) {
      flood(only, 10);
      step(4);
      assertThat(active.size()).isGreaterThanOrEqualTo(3);
    }
    assertThat(tenants.size()).isEqualTo(1);
  }

  /** One that wants less than its share leaves the rest to the others. */
  @Test
  void whatOneDoesNotWantTheOthersGet() {
    Tenant modest = Tenant.of("modest");
    Tenant greedy = Tenant.of("greedy");
    for (int i = 0; i < 5000; i++) {
      flood(greedy, 20);
      if (i % 100 == 0) {
        submit(modest, 5, 10, 20);
      }
      step(4);
    }
    assertThat(waiting(modest)).isLessThanOrEqualTo(1);
    assertThat(served(modest)).isGreaterThanOrEqualTo(49 * 30);
    assertThat(served(greedy) + served(modest)).isGreaterThan(4 * 5000);
  }

  @Test
  void aTenantThatWasIdleHasNoCredit() {
    Tenant busy = Tenant.of("busy");
    Tenant idle = Tenant.of("idle");
    flood(idle, 1);
    for (int i = 0; i < 10_000; i++) {
      flood(busy, 20);
      step(4);
    }
    long before = served(busy);
    long idleBefore = served(idle);
    for (int i = 0; i < 10_000; i++) {
      flood(busy, 20);
      flood(idle, 20);
      step(4);
    }
    assertThat((double) (served(idle) - idleBefore) / (served(busy) - before)).isCloseTo(1, within(0.1));
  }

  /** A short absence does not pay what one is ahead. */
  @Test
  void aTenantThatIsAheadStaysAhead() {
    Tenant absent = Tenant.of("absent");
    Tenant other = Tenant.of("other");
    flood(other, 20);
    Work large = submit(absent, 9, 20_000, 10);
    while (lengths.containsKey(large)) {
      flood(other, 20);
      step(2);
    }
    assertThat(waiting(absent)).isZero();
    long before = served(other);
    flood(absent, 20);
    while (served(other) - before < 5000) {
      flood(other, 20);
      step(2);
    }
    assertThat(waiting(absent)).as("it has got 20,000 tokens already").isEqualTo(20);
  }

  @Test
  void aHigherPriorityComesFirstWhateverTheShares() {
    Tenant a = Tenant.of("a");
    Tenant b = Tenant.of("b");
    submit(b, 5, 10, 10);
    Work low = submit(a, 4, 10, 10);
    Work high = submit(a, 6, 10_000, 10);
    assertThat(queue.first(now)).isSameAs(high);
    step(1);
    assertThat(active).containsExactly(high);
    submit(a, 6, 10, 10);
    assertThat(Objects.requireNonNull(queue.first(now)).priority()).as("a has got much more than b").isEqualTo(6);
    assertThat(queue.first(now)).isNotSameAs(low);
  }

  /** Otherwise a long queue of old requests would count for more than a share. */
  @Test
  void aFloodOfOldRequestsDoesNotOvertake() {
    Tenant flooding = Tenant.of("flooding");
    Tenant fresh = Tenant.of("fresh");
    for (int i = 0; i < 2000; i++) {
      submit(flooding, 4, 50, 100);
    }
    submit(fresh, 5, 50, 100);
    now += 20 * WaitingQueue.AGING;
    for (int i = 0; i < 2000; i++) {
      flood(fresh, 3);
      step(2);
    }
    // 20 s are four times AGING: by then that many of the low priority were admitted, besides those at the beginning.
    assertThat(served(flooding)).isLessThan(8 * 150);
    assertThat(served(fresh)).isGreaterThan(2000);
  }

  @Test
  void noPriorityStarves() {
    Tenant a = Tenant.of("a");
    Tenant b = Tenant.of("b");
    Work low = submit(a, 0, 10, 10);
    long begun = now;
    while (lengths.containsKey(low) && now - begun < 100 * WaitingQueue.AGING) {
      flood(a, 10);
      flood(b, 10);
      step(2);
    }
    assertThat(now - begun).isLessThan(7 * WaitingQueue.AGING);
  }

  @Test
  void tenantsThatAreGoneAreForgotten() {
    for (int i = 0; i < 1000; i++) {
      submit(Tenant.of("t" + i), 5, 10, 5);
      submit(Tenant.of("u" + i % 7), 5, 10, 5);
      step(2);
      while (!active.isEmpty()) {
        step(2);
      }
    }
    assertThat(tenants.size()).isLessThan(20);
  }
}
