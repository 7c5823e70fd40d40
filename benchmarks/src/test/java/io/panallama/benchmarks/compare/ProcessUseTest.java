package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcessUseTest {
  @Test
  void bothKindsOfSwitchesCount() {
    assertThat(
            ProcessUse.switches(
                List.of("Name:\tjava", "voluntary_ctxt_switches:\t150", "nonvoluntary_ctxt_switches:\t7")))
        .isEqualTo(157);
  }

  @Test
  void threadsThatBeganCountInFullAndThoseThatEndedNotAtAll() {
    ProcessUse before = new ProcessUse(Duration.ofMillis(100), Map.of(1L, 10L, 2L, 500L));
    ProcessUse after = new ProcessUse(Duration.ofMillis(350), Map.of(1L, 15L, 3L, 4L));
    assertThat(after.switchesSince(before)).isEqualTo(9);
    assertThat(after.processorTimeSince(before)).isEqualTo(Duration.ofMillis(250));
    assertThat(before.processorTimeSince(after)).isEqualTo(Duration.ZERO);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void thisProcessHasUsedSomething() {
    ProcessUse use = ProcessUse.of(ProcessHandle.current());
    assertThat(use.processorTime()).isPositive();
    assertThat(use.switches().values()).anyMatch(count -> count > 0);
  }
}
