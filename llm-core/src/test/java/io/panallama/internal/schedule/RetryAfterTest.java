package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.EngineBusyException;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.internal.schedule.Admission.Bounds;
import io.panallama.request.Tenant;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whoever is refused and comes back when it was told gets in, 9 of 10 times, while others keep coming: a simulated engine and simulated
 * clients, without a real clock.
 */
class RetryAfterTest {
  private static final int SLOTS = 4;
  private static final int QUEUE = 8;
  private static final int PROMPT = 100;

  /** Until the speed and the lengths of answers are known, and what that knowledge is worth. */
  private static final long WARM_UP = 600_000_000_000L;

  private static final long PER_PROMPT_TOKEN = 1_000_000L;
  private static final long PER_TOKEN = 20_000_000L;

  /** Until a client that was told to come back is there. */
  private static final long LATENESS = 20_000_000L;

  private final Random random = new Random(7);
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::time).thenComparingLong(Event::number));
  private final Deque<Job> waiting = new ArrayDeque<>();
  private final List<Job> running = new ArrayList<>();
  private long now = 1;
  private long numbers;
  private final Admission admission = new Admission(SLOTS, QUEUE, 0, () -> now);
  private Lengths lengths = Lengths.FIXED;
  private boolean identical;

  private int returned;
  private int admitted;
  private int finished;

  enum Lengths {
    FIXED,
    UNIFORM,
    EXPONENTIAL
  }

  private record Event(long time, long number, Runnable action) {}

  /** An answer that is computed. */
  private final class Job {
    private final Place place;
    private final int tokens;
    private final Runnable then;
    private long begun;

    Job(Place place, int tokens, Runnable then) {
      this.place = place;
      this.tokens = tokens;
      this.then = then;
    }

    void begin() {
      begun = now;
      running.add(this);
      place.started();
      at(now + PROMPT * PER_PROMPT_TOKEN + tokens * PER_TOKEN, this::end);
    }

    void progress() {
      long generating = now - begun - PROMPT * PER_PROMPT_TOKEN;
      if (generating >= 0) {
        place.processedTokens(PROMPT);
        place.generatedTokens((int) Math.min(tokens, generating / PER_TOKEN));
      }
    }

    void end() {
      finished++;
      running.remove(this);
      place.leave(
          new Usage(PROMPT, 0, tokens, 0),
          new Timings(
              Duration.ZERO, Duration.ofNanos(PROMPT * PER_PROMPT_TOKEN), Duration.ofNanos((tokens - 1) * PER_TOKEN)));
      fill();
      then.run();
    }
  }

  private void at(long time, Runnable action) {
    events.add(new Event(time, numbers++, action));
  }

  private void fill() {
    while (running.size() < SLOTS && !waiting.isEmpty()) {
      waiting.removeFirst().begin();
    }
  }

  private int length() {
    return switch (lengths) {
      case FIXED -> 200;
      case UNIFORM -> 20 + random.nextInt(361);
      case EXPONENTIAL -> 1 + (int) (-200 * Math.log(1 - random.nextDouble()));
    };
  }

  /**
   * A client sends a request, and one more when it is answered.
   *
   * @param again whether it was told to come back now
   */
  private void send(int identity, boolean again) {
    running.forEach(Job::progress);
    try {
      Place place =
          admission.enter(new Applicant(Tenant.SHARED, 5, 4096, PROMPT, () -> identical ? 1 : identity), Bounds.ALL);
      count(again, true);
      waiting.add(new Job(place, length(), () -> send(random.nextInt(), false)));
      fill();
    } catch (EngineBusyException full) {
      count(again, false);
      at(now + full.retryAfter().toNanos() + LATENESS, () -> send(identity, true));
    }
  }

  /** A client that does not come back. */
  private void visit(double perSecond) {
    at(
        now + (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9),
        () -> {
          running.forEach(Job::progress);
          int identity = random.nextInt();
          try {
            Place place = admission.enter(new Applicant(Tenant.SHARED, 5, 4096, PROMPT, () -> identity), Bounds.ALL);
            waiting.add(new Job(place, length(), () -> {}));
            fill();
          } catch (EngineBusyException full) {
            // It is gone.
            assertThat(full.retryAfter()).isPositive();
          }
          visit(perSecond);
        });
  }

  private void count(boolean again, boolean in) {
    if (again && now > WARM_UP) {
      returned++;
      admitted += in ? 1 : 0;
    }
  }

  private void run(long until) {
    while (!events.isEmpty() && events.peek().time() <= until) {
      Event next = events.remove();
      now = Math.max(now, next.time());
      next.action().run();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FIXED, 24, 0, false",
    "UNIFORM, 24, 0, false",
    "EXPONENTIAL, 24, 0, false",
    "EXPONENTIAL, 14, 0, false",
    "EXPONENTIAL, 60, 0, false",
    "UNIFORM, 24, 1, false",
    "EXPONENTIAL, 40, 3, false",
    "UNIFORM, 24, 0, true",
    "EXPONENTIAL, 40, 0, true"
  })
  void whoeverComesBackThenGetsIn(Lengths answers, int clients, double visitors, boolean alike) {
    lengths = answers;
    identical = alike;
    for (int i = 0; i < clients; i++) {
      int identity = random.nextInt();
      at(1 + random.nextInt(1_000_000_000), () -> send(identity, false));
    }
    if (visitors > 0) {
      visit(visitors);
    }
    long end = 3600_000_000_000L;
    run(end);
    assertThat(returned).isGreaterThan(500);
    assertThat((double) admitted / returned).as("%d of %d", admitted, returned).isGreaterThanOrEqualTo(0.9);
    // Those waits must not come from telling everybody to go away: the engine is busy all the time.
    double capacity = (double) SLOTS * end / (PROMPT * PER_PROMPT_TOKEN + 200 * PER_TOKEN);
    assertThat(finished / capacity).as("the slots' use").isGreaterThan(0.95);
  }
}
