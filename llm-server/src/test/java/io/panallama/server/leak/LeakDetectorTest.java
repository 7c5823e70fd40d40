package io.panallama.server.leak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Leaks are found and named, and nothing else is taken for one. */
class LeakDetectorTest {
  private static final int STEP = 50;

  private final LeakDetector detector = new LeakDetector(LeakSettings.DEFAULTS);
  private long requests;

  /** Measures after every fifty requests. */
  private List<Leak> run(long count, Owner owner, LongUnaryOperator value) {
    List<Leak> found = new ArrayList<>();
    for (long until = requests + count; requests < until; requests += STEP) {
      found.addAll(detector.add(requests, Map.of(owner, value.applyAsLong(requests))));
    }
    return found;
  }

  @ParameterizedTest
  @EnumSource
  void aLeakOfEachKindIsFoundAndNamed(Owner owner) {
    long base = 100 * owner.least();
    // Three times the threshold.
    List<Leak> found = run(20_000, owner, at -> base + 3 * owner.perThousand() * at / 1000);
    assertThat(found).hasSize(1);
    Leak leak = found.getFirst();
    assertThat(leak.owner()).isEqualTo(owner);
    assertThat(leak.perThousand()).isCloseTo(3.0 * owner.perThousand(), within(0.5 * owner.perThousand()));
    assertThat(leak.now() - leak.baseline()).isGreaterThanOrEqualTo(owner.least());
    assertThat(leak.message()).startsWith("Something leaks: " + owner.description() + " grew by ");
    assertThat(detector.leaks(owner)).isTrue();
    assertThat(detector.perThousand(owner)).isCloseTo(3.0 * owner.perThousand(), within(0.1 * owner.perThousand()));
  }

  /** Each request that is running adds to what there is; the least of a window counts. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void aLeakIsFoundInNoise(long seed) {
    Random random = new Random(seed);
    List<Leak> found = run(40_000, Owner.THREADS, at -> 50 + 2 * at / 1000 + random.nextInt(30));
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().perThousand()).isCloseTo(2, within(1.0));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void noiseIsNoLeak(long seed) {
    Random random = new Random(seed);
    assertThat(run(100_000, Owner.THREADS, _ -> 50 + random.nextInt(200))).isEmpty();
    assertThat(detector.leaks(Owner.THREADS)).isFalse();
  }

  /** A random walk that always returns. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void aLoadThatComesAndGoesIsNoLeak(long seed) {
    Random random = new Random(seed);
    LongUnaryOperator load = at -> (long) (200 + 150 * Math.sin(at / 2000.0)) + random.nextInt(20);
    assertThat(run(100_000, Owner.DESCRIPTORS, load)).isEmpty();
  }

  @Test
  void aPoolThatFillsUpAndStaysIsNoLeak() {
    assertThat(run(60_000, Owner.WORKER_MEMORY, at -> Math.min(at, 1800) * (1 << 16))).isEmpty();
  }

  @Test
  void slowGrowthBelowTheThresholdIsNoLeak() {
    assertThat(run(200_000, Owner.THREADS, at -> 50 + at / 2000)).isEmpty();
    assertThat(detector.perThousand(Owner.THREADS)).isCloseTo(0.5, within(0.1));
  }

  @Test
  void aSingleJumpIsNoLeak() {
    assertThat(run(60_000, Owner.THREADS, at -> at < 30_000 ? 50 : 150)).isEmpty();
  }

  @Test
  void theWarmUpDoesNotCount() {
    assertThat(run(1_000, Owner.SEQUENCES, at -> at)).isEmpty();
    assertThat(run(30_000, Owner.SEQUENCES, _ -> 1_000)).isEmpty();
  }

  @Test
  void aLeakIsToldOnce() {
    assertThat(run(20_000, Owner.SEQUENCES, at -> at / 100)).hasSize(1);
    assertThat(run(20_000, Owner.SEQUENCES, at -> at / 100)).isEmpty();
    assertThat(detector.leaks(Owner.SEQUENCES)).isTrue();
  }

  @Test
  void anotherProcessBeginsAnew() {
    assertThat(run(10_000, Owner.WORKER_THREADS, at -> at / 500)).isNotEmpty();
    detector.forget(Owner.WORKER_THREADS);
    assertThat(detector.leaks(Owner.WORKER_THREADS)).isFalse();
    assertThat(detector.perThousand(Owner.WORKER_THREADS)).isZero();
    assertThat(run(30_000, Owner.WORKER_THREADS, _ -> 12)).isEmpty();
  }

  @Test
  void anOwnerThatIsNotAlwaysKnown() {
    List<Leak> found = new ArrayList<>();
    for (requests = 0; requests < 40_000; requests += STEP) {
      Map<Owner, Long> values = requests % 1000 < 500 ? Map.of() : Map.of(Owner.HEAP, requests << 13);
      found.addAll(detector.add(requests, values));
    }
    assertThat(found).singleElement().satisfies(leak -> assertThat(leak.owner()).isEqualTo(Owner.HEAP));
  }

  @Test
  void theLine() {
    TheilSen line = TheilSen.of(new double[] {0, 1, 2, 3, 4, 5, 6}, new double[] {1, 3, 5, 700, 9, -80, 13});
    assertThat(line.slope()).isCloseTo(2, within(0.01));
    assertThat(TheilSen.of(new double[] {0, 1, 2}, new double[] {4, 4, 4})).isEqualTo(new TheilSen(0, 0));
    assertThat(TheilSen.of(new double[] {0, 1, 2}, new double[] {4, 5, 7}).agreement()).isEqualTo(1);
    assertThat(TheilSen.of(new double[] {0}, new double[] {4})).isEqualTo(new TheilSen(0, 0));
  }

  @Test
  void settingsByWhichNothingCanBeDecided() {
    assertThatThrownBy(() -> new LeakSettings(0, 0, 1, 3, 3, 0.5)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LeakSettings(0, 1, 1, 2, 3, 0.5)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LeakSettings(0, 1, 1, 4, 3, 0.5)).isInstanceOf(IllegalArgumentException.class);
  }
}
