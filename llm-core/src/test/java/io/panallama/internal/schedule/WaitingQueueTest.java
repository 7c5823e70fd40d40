package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WaitingQueueTest {
  private final WaitingQueue<Work> queue = new WaitingQueue<>();

  private static Work waiting(int priority, long submitted) {
    return new Work(5, priority, Schedulable.NO_DEADLINE, submitted);
  }

  @Test
  void waitingRaisesThePriority() {
    Work low = waiting(0, 0);
    queue.add(low);
    long now = 9 * WaitingQueue.AGING;
    Work high = waiting(9, now);
    queue.add(high);
    assertThat(queue.first(now)).as("nine levels older").isSameAs(low);
    queue.remove(low);
    queue.add(waiting(8, now));
    assertThat(queue.first(now)).isSameAs(high);
  }

  @Test
  void aPreemptedSequenceComesBeforeAllOthers() {
    Work preempted = waiting(0, 0);
    preempted.preempted = true;
    queue.add(waiting(9, 0));
    queue.add(preempted);
    assertThat(queue.first(0)).isSameAs(preempted);
  }

  @Test
  void amongPreemptedSequencesThePriorityDecidesToo() {
    Work low = waiting(2, 0);
    Work high = waiting(7, 0);
    low.preempted = true;
    high.preempted = true;
    queue.add(low);
    queue.add(high);
    assertThat(queue.first(0)).isSameAs(high);
  }

  @Test
  void aSuspendedSequenceIsPassedOverUntilItIsRead() {
    Work suspended = waiting(9, 0);
    suspended.preempted = true;
    suspended.stalledSince = 1;
    queue.add(suspended);
    assertThat(queue.first(2)).isNull();
    Work other = waiting(0, 0);
    queue.add(other);
    assertThat(queue.first(2)).isSameAs(other);
    suspended.stalledSince = Schedulable.NOT_STALLED;
    assertThat(queue.first(2)).isSameAs(suspended);
  }

  @Test
  void pollingLeavesNothingBehind() {
    Work only = waiting(5, 0);
    queue.add(only);
    assertThat(queue.poll()).isSameAs(only);
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.poll()).isNull();
  }
}
