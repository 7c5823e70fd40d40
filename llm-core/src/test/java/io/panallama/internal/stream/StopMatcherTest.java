package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
  private record Result(String text, boolean stopped) {}

  /** Feeds pieces until a stop or the end, as the engine does. */
  private static Result feed(List<String> stops, List<String> pieces) {
    StopMatcher matcher = new StopMatcher(stops, 16);
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
      boolean stopped = matcher.append(bytes, 0, bytes.length);
      out.append(new String(matcher.buffer(), 0, matcher.releasedLength(), StandardCharsets.UTF_8));
      matcher.discardReleased();
      if (stopped) {
        return new Result(out.toString(), true);
      }
    }
    matcher.releaseAll();
    out.append(new String(matcher.buffer(), 0, matcher.releasedLength(), StandardCharsets.UTF_8));
    return new Result(out.toString(), false);
  }

  @Test
  void withoutStopsEverythingPassesAtOnce() {
    StopMatcher matcher = new StopMatcher(List.of(), 16);
    matcher.append("abc".getBytes(StandardCharsets.UTF_8), 0, 3);
    assertThat(matcher.releasedLength()).isEqualTo(3);
  }

  @Test
  void findsAStopAcrossPieces() {
    assertThat(feed(List.of("END"), List.of("one E", "N", "D two"))).isEqualTo(new Result("one ", true));
  }

  @Test
  void tellsTheLongestStopThatIsComplete() {
    StopMatcher matcher = new StopMatcher(List.of("D", "END ü", "ND ü", "ü"), 16);
    byte[] bytes = "E".getBytes(StandardCharsets.UTF_8);
    matcher.append(bytes, 0, bytes.length);
    assertThat(matcher.stopText()).isEmpty();
    bytes = "ND ü and".getBytes(StandardCharsets.UTF_8);
    assertThat(matcher.append(bytes, 0, bytes.length, false)).isFalse();
    assertThat(matcher.stopText()).isEmpty();
    matcher = new StopMatcher(List.of("ND ü", "END ü", "ü"), 16);
    bytes = "END ü and".getBytes(StandardCharsets.UTF_8);
    assertThat(matcher.append(bytes, 0, bytes.length)).isTrue();
    assertThat(matcher.stopText()).isEqualTo("END ü");
  }

  @Test
  void givesBackWhatOnlyLookedLikeAStop() {
    assertThat(feed(List.of("END"), List.of("one E", "N", "O"))).isEqualTo(new Result("one ENO", false));
  }

  @Test
  void holdsBackNoMoreThanTheBeginningOfAStop() {
    StopMatcher matcher = new StopMatcher(List.of("END"), 16);
    matcher.append("xxEN".getBytes(StandardCharsets.UTF_8), 0, 4);
    assertThat(matcher.releasedLength()).isEqualTo(2);
  }

  @Test
  void restartsInsideAFailedMatch() {
    assertThat(feed(List.of("aab"), List.of("a", "a", "a", "b"))).isEqualTo(new Result("a", true));
  }

  @Test
  void ofStopsThatEndTogetherTheOneThatBeganFirstCounts() {
    assertThat(feed(List.of("b", "ab"), List.of("xab"))).isEqualTo(new Result("x", true));
  }

  @Test
  void agreesWithAPlainSearchOnRandomTexts() {
    Random random = new Random(42);
    for (int round = 0; round < 5_000; round++) {
      List<String> stops = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        stops.add(word(random, 1 + random.nextInt(4)));
      }
      List<String> pieces = new ArrayList<>();
      for (int i = random.nextInt(12); i > 0; i--) {
        pieces.add(word(random, random.nextInt(4)));
      }
      String whole = String.join("", pieces);
      assertThat(feed(stops, pieces)).as("stops %s in %s", stops, pieces).isEqualTo(plainSearch(stops, whole));
    }
  }

  /** The stop that is complete first ends the text; of several complete there, the one that began first. */
  private static Result plainSearch(List<String> stops, String whole) {
    for (int end = 1; end <= whole.length(); end++) {
      int longest = 0;
      for (String stop : stops) {
        if (whole.substring(0, end).endsWith(stop)) {
          longest = Math.max(longest, stop.length());
        }
      }
      if (longest > 0) {
        return new Result(whole.substring(0, end - longest), true);
      }
    }
    return new Result(whole, false);
  }

  private static String word(Random random, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append("ab\u00e4".charAt(random.nextInt(3)));
    }
    return word.toString();
  }
}
