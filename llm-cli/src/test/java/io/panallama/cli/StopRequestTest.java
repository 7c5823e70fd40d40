package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopRequestTest {
  private final List<String> done = new ArrayList<>();
  private long now;
  private final StopRequest request = new StopRequest(() -> now, () -> done.add("end"));

  private void after(Duration time) {
    now += time.toNanos();
    request.signal();
  }

  @Test
  void theFirstSignalStopsAndALaterOneEnds() {
    request.onStop(() -> done.add("stop"));
    assertThat(done).isEmpty();
    request.signal();
    assertThat(done).containsExactly("stop");
    after(Duration.ofSeconds(1));
    assertThat(done).containsExactly("stop", "end");
  }

  @Test
  void signalsAtAlmostTheSameTimeAreOneAsThoseOfTimeout() {
    request.onStop(() -> done.add("stop"));
    request.signal();
    request.signal();
    after(Duration.ofMillis(100));
    assertThat(done).containsExactly("stop");
  }

  @Test
  void oneThatCameTooEarlyIsKept() {
    request.signal();
    request.signal();
    assertThat(done).isEmpty();
    request.onStop(() -> done.add("stop"));
    assertThat(done).containsExactly("stop");
    after(Duration.ofSeconds(1));
    assertThat(done).containsExactly("stop", "end");
  }
}
