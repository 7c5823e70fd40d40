package io.panallama.internal.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LanesTest {
  private final Lanes<String> lanes = new Lanes<>(3, 2);

  @Test
  void theFirstToComeIsTheFirstToRun() {
    lanes.offer("large", true);
    lanes.offer("small", false);
    assertThat(lanes.take()).isEqualTo("large");
    assertThat(lanes.take()).isEqualTo("small");
    assertThat(lanes.take()).isNull();
  }

  @Test
  void largeJobsLeaveOneWorkerToSmallOnes() {
    lanes.offer("large 1", true);
    lanes.offer("large 2", true);
    assertThat(lanes.take()).isEqualTo("large 1");
    assertThat(lanes.take()).isEqualTo("large 2");
    lanes.offer("large 3", true);
    lanes.offer("small", false);
    assertThat(lanes.ready()).isEqualTo(1);
    assertThat(lanes.take()).isEqualTo("small");
    assertThat(lanes.take()).isNull();
    lanes.finished(false);
    assertThat(lanes.take()).isNull();
    lanes.finished(true);
    assertThat(lanes.take()).isEqualTo("large 3");
  }

  @Test
  void eachLaneHasItsOwnBound() {
    assertThat(lanes.offer("a", true)).isTrue();
    assertThat(lanes.offer("b", true)).isTrue();
    assertThat(lanes.offer("c", true)).isFalse();
    assertThat(lanes.offer("c", false)).isTrue();
  }

  @Test
  void whoLeavesMakesRoom() {
    String job = "leaves";
    lanes.offer(job, false);
    lanes.offer("stays", false);
    assertThat(lanes.remove(job, false)).isTrue();
    assertThat(lanes.remove(job, false)).isFalse();
    assertThat(lanes.offer("comes", false)).isTrue();
    assertThat(lanes.clear()).containsExactlyInAnyOrder("stays", "comes");
    assertThat(lanes.take()).isNull();
  }
}
