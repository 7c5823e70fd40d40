package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.request.CompletionRequest;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PreparedProcessTest {
  private static Set<Long> children() {
    return ProcessHandle.current()
        .children()
        .filter(ProcessHandle::isAlive)
        .map(ProcessHandle::pid)
        .collect(Collectors.toSet());
  }

  /** The configuration is made after the process has begun. */
  @Test
  void anEngineComputesInItWithItsOwnConfiguration() {
    Set<Long> before = children();
    try (PreparedProcess _ = PreparedProcess.start(IsolationConfig.defaults())) {
      EngineConfig config = TestEngines.config().toBuilder().slots(3).isolation(Isolation.PROCESS).build();
      try (IsolatedEngine engine = (IsolatedEngine) Engine.start(TestFiles.demoModel(), config)) {
        Set<Long> now = children();
        now.removeAll(before);
        assertThat(now).isSubsetOf(engine.pid());
        assertThat(engine.config().slots()).isEqualTo(3);
        assertThat(engine.generate(CompletionRequest.of("Once")).await().text()).isNotEmpty();
      }
    }
    assertThat(children()).isSubsetOf(before);
  }

  @Test
  void itEndsIfNothingNeedsIt() {
    Set<Long> before = children();
    PreparedProcess prepared = PreparedProcess.start(IsolationConfig.builder().memoryBytes(4L << 30).build());
    prepared.close();
    prepared.close();
    assertThat(children()).isSubsetOf(before);
  }
}
