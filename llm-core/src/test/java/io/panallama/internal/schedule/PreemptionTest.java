package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PreemptionTest {
  private static Work active(int priority, long deadline) {
    return new Work(5, priority, deadline);
  }

  @Test
  void theLowestPriorityMakesRoomHoweverOldItIs() {
    Work low = active(1, Schedulable.NO_DEADLINE);
    Work high = active(9, Schedulable.NO_DEADLINE);
    Work middle = active(5, Schedulable.NO_DEADLINE);
    assertThat(Preemption.victim(List.of(low, high, middle), 0)).isSameAs(low);
    assertThat(Preemption.victim(List.of(high, middle), 0)).isSameAs(middle);
  }

  @Test
  void ofEqualPrioritiesTheLatestDeadlineMakesRoom() {
    Work soon = active(5, 1_000);
    Work late = active(5, 2_000);
    Work never = active(5, Schedulable.NO_DEADLINE);
    Work soonAndYoung = active(5, 1_000);
    assertThat(Preemption.victim(List.of(soon, never, late, soonAndYoung), 0)).isSameAs(never);
    assertThat(Preemption.victim(List.of(soon, late, soonAndYoung), 0)).isSameAs(late);
    assertThat(Preemption.victim(List.of(soon, soonAndYoung), 0)).as("the youngest").isSameAs(soonAndYoung);
  }

  @Test
  void aSequenceThatIsNotReadMakesRoomBeforeAnyOther() {
    Work low = active(1, Schedulable.NO_DEADLINE);
    Work unread = active(9, 1_000);
    unread.stalledSince = 5;
    assertThat(Preemption.victim(List.of(low, unread), 6)).isSameAs(unread);
  }

  @Test
  void whoHasNotReadForLongestGivesUpTheSlotAfterAWhile() {
    Work read = active(1, Schedulable.NO_DEADLINE);
    Work late = active(1, Schedulable.NO_DEADLINE);
    Work early = active(9, Schedulable.NO_DEADLINE);
    late.stalledSince = 20;
    early.stalledSince = 10;
    List<Work> all = List.of(read, late, early);
    assertThat(Preemption.stalled(all, 9 + Preemption.STALL_LIMIT)).isNull();
    assertThat(Preemption.stalled(all, 10 + Preemption.STALL_LIMIT)).isSameAs(early);
    assertThat(Preemption.stalled(all, 30 + Preemption.STALL_LIMIT)).isSameAs(early);
    assertThat(Preemption.stalled(List.of(read), Long.MAX_VALUE)).isNull();
  }

  @Test
  void waitingCountsAsPriority() {
    Work old = new Work(5, 3, Schedulable.NO_DEADLINE, 0);
    long now = 2 * WaitingQueue.AGING;
    Work young = new Work(5, 4, Schedulable.NO_DEADLINE, now);
    assertThat(Preemption.victim(List.of(old, young), now)).as("two levels older").isSameAs(young);
  }
}
