package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.testkit.Fuzzing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills and stops the worker of an isolated engine at random moments under 16 streams ({@link IsolationChaos}): no request fails, and no
 * token is lost or doubled. {@code -Dpanallama.fuzz.inputs=100} sends a hundred signals, {@code -Dpanallama.fuzz.signals=KILL,SEGV} only
 * these.
 */
@Tag("fuzz")
class IsolationStormTest {
  private static final int FEW = 5;

  @TempDir private Path reports;

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void killedWorkersLoseNothing() throws Exception {
    EngineConfig config = TestEngines.config().toBuilder().slots(8).queueLimit(64).build();
    IsolationConfig isolation = IsolationConfig.builder().reports(reports).silenceLimit(Duration.ofSeconds(2)).build();
    List<String> signals = List.of(System.getProperty("panallama.fuzz.signals", "KILL,SEGV,KILL,SEGV,STOP").split(","));
    try (Model model = Model.load(TestFiles.demoModel());
        Engine undisturbed = Engine.start(model, config);
        IsolatedEngine victim =
            (IsolatedEngine)
                Engine.start(
                    TestFiles.demoModel(),
                    config.toBuilder().isolation(Isolation.PROCESS).isolationConfig(isolation).build())) {
      IsolationChaos chaos = new IsolationChaos(undisturbed, victim, new Random(Fuzzing.seed()));
      long began = System.nanoTime();
      chaos.run(done -> Fuzzing.goesOn(done, FEW, began), signals);
      System.out.println("seed " + Fuzzing.seed() + ": " + chaos.summary());
      assertThat(chaos.failures()).isEmpty();
      if (chaos.signals() >= FEW) {
        assertThat(chaos.resumed()).isPositive();
      }
      // A worker that a busy machine keeps silent for two seconds is ended, too.
      assertThat(victim.restarts()).isGreaterThanOrEqualTo(chaos.signals());
    }
  }
}
