package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SuspicionTest {
  private static Map<String, Long> at(long position, String... requests) {
    Map<String, Long> all = new LinkedHashMap<>();
    for (String request : requests) {
      all.put(request, position);
    }
    return all;
  }

  @Test
  void oneDeathIsNobodysFault() {
    Suspicion<String> suspicion = new Suspicion<>(8);
    assertThat(suspicion.died(at(3, "a", "b"))).isEmpty();
    assertThat(suspicion.trial()).isNull();
  }

  @Test
  void whatWasAloneTwiceIsConvicted() {
    Suspicion<String> suspicion = new Suspicion<>(8);
    assertThat(suspicion.died(at(0, "a"))).isEmpty();
    assertThat(suspicion.died(at(0, "a"))).containsExactly("a");
    assertThat(suspicion.isIdle()).isTrue();
    assertThat(suspicion.trial()).isNull();
  }

  @Test
  void whatGetsFurtherIsInnocent() {
    Suspicion<String> suspicion = new Suspicion<>(8);
    for (int i = 0; i < 100; i++) {
      assertThat(suspicion.died(at(i, "a"))).isEmpty();
      suspicion.moved("a", i + 1);
    }
    assertThat(suspicion.isIdle()).isTrue();
  }

  @Test
  void aPreparationThatDiesLaterCountsAsTheSamePlace() {
    Suspicion<String> suspicion = new Suspicion<>(8);
    assertThat(suspicion.died(at(50, "a"))).isEmpty();
    assertThat(suspicion.died(at(Suspicion.PREPARING, "a"))).containsExactly("a");
  }

  @Test
  void halvesAreTriedUntilOneIsLeft() {
    Suspicion<String> suspicion = new Suspicion<>(8);
    suspicion.died(at(0, "a", "b", "c", "d"));
    suspicion.died(at(0, "a", "b", "c", "d"));
    assertThat(suspicion.trial()).containsExactly("a", "b");
    assertThat(suspicion.moved("a", 1)).isFalse();
    assertThat(suspicion.moved("b", 1)).isTrue();
    assertThat(suspicion.trial()).containsExactly("c", "d");
    suspicion.died(at(0, "c", "d"));
    assertThat(suspicion.trial()).containsExactly("c");
    assertThat(suspicion.died(at(0, "c"))).isEmpty();
    assertThat(suspicion.trial()).containsExactly("c");
    assertThat(suspicion.died(at(0, "c"))).containsExactly("c");
    assertThat(suspicion.trial()).containsExactly("d");
    assertThat(suspicion.ended("d")).isTrue();
    assertThat(suspicion.trial()).isNull();
    assertThat(suspicion.isIdle()).isTrue();
  }

  /** Any number of culprits among any number of requests: exactly they are convicted, in few deaths. */
  @Test
  void culpritsAndOnlyTheyAreFound() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      int count = 1 + random.nextInt(40);
      Set<String> guilty = new TreeSet<>();
      Set<String> left = new TreeSet<>();
      Map<String, Long> progress = new HashMap<>();
      for (int i = 0; i < count; i++) {
        String name = "r" + i;
        left.add(name);
        progress.put(name, 0L);
        if (random.nextInt(8) == 0) {
          guilty.add(name);
        }
      }
      Set<String> convicted = new TreeSet<>();
      Suspicion<String> suspicion = new Suspicion<>(8);
      int deaths = 0;
      while (!left.isEmpty()) {
        Set<String> trial = suspicion.trial();
        List<String> running = new ArrayList<>(trial == null ? left : trial);
        assertThat(left).containsAll(running);
        if (running.stream().anyMatch(guilty::contains)) {
          Map<String, Long> inFlight = new LinkedHashMap<>();
          running.forEach(request -> inFlight.put(request, progress.get(request)));
          List<String> found = suspicion.died(inFlight);
          convicted.addAll(found);
          left.removeAll(found);
          deaths++;
          assertThat(deaths).as("seed " + seed).isLessThan(8 + 16 * (guilty.size() + 1));
        } else {
          for (String request : running) {
            progress.merge(request, 1L, Long::sum);
            suspicion.moved(request, progress.get(request));
            suspicion.ended(request);
            left.remove(request);
          }
        }
      }
      assertThat(convicted).as("seed " + seed).isEqualTo(guilty);
    }
  }
}
