package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.error.EngineBusyException;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.internal.schedule.Admission.Bounds;
import io.panallama.observe.ActiveGeneration;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Tenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final long SECOND = 1_000_000_000L;

  private long now = 1;

  private Admission admission(int slots, int queue, int tokens) {
    return new Admission(slots, queue, tokens, () -> now);
  }

  private static Applicant request(String tenant, double weight, int tokens, int identity) {
    return new Applicant(new Tenant(tenant, weight), 5, 100, tokens, () -> identity);
  }

  private static Applicant request(int tokens, int identity) {
    return request("", 1, tokens, identity);
  }

  /** Takes places for generations that have slots. */
  private static List<Place> run(Admission admission, int count) {
    List<Place> running = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Place place = admission.enter(request(10, 1000 + i), Bounds.ALL);
      place.started();
      running.add(place);
    }
    return running;
  }

  private static EngineBusyException refused(Admission admission, Applicant applicant) {
    return catchThrowableOfType(EngineBusyException.class, () -> admission.enter(applicant, Bounds.ALL));
  }

  private static boolean enters(Admission admission, Applicant applicant) {
    try {
      admission.enter(applicant, Bounds.ALL);
      return true;
    } catch (EngineBusyException full) {
      return false;
    }
  }

  // ---- bounds ----

  @Test
  void slotsAndQueueAreThePlaces() {
    Admission admission = admission(2, 3, 0);
    for (int i = 0; i < 5; i++) {
      admission.enter(request(10, i), Bounds.ALL);
    }
    assertThat(admission.inFlight()).isEqualTo(5);
    assertThat(refused(admission, request(10, 9)).queueLimit()).isEqualTo(3);
    assertThatThrownBy(() -> admission.requirePlace(request(10, 9))).isInstanceOf(EngineBusyException.class);
    assertThat(admission.inFlight()).isEqualTo(5);
  }

  @Test
  void aGroupGetsAllPlacesOrNone() {
    Admission admission = admission(1, 3, 0);
    run(admission, 1);
    assertThatThrownBy(() -> admission.enter(request(10, 1), Bounds.ALL, 4)).hasMessageContaining("4 generations");
    assertThat(admission.enter(request(10, 1), Bounds.ALL, 3)).hasSize(3);
    assertThat(admission.inFlight()).isEqualTo(4);
  }

  @Test
  void aPlaceIsLeftOnce() {
    Admission admission = admission(1, 1, 0);
    Place place = admission.enter(request(10, 1), Bounds.ALL);
    admission.enter(request(10, 2), Bounds.ALL);
    place.leave();
    place.leave();
    assertThat(admission.inFlight()).isEqualTo(1);
  }

  @Test
  void theTokensThatWaitAreBounded() {
    Admission admission = admission(1, 10, 100);
    Place running = admission.enter(request(1000, 0), Bounds.ALL);
    running.started();
    Place large = admission.enter(request(500, 1), Bounds.ALL);
    assertThat(refused(admission, request(1, 2)).getMessage()).contains("prompts of 500 tokens are waiting");
    large.started();
    Place small = admission.enter(request(60, 3), Bounds.ALL);
    assertThat(enters(admission, request(41, 4))).isFalse();
    // 41 tokens are kept for the one before.
    assertThat(enters(admission, request(40, 5))).isFalse();
    assertThat(enters(admission, request(41, 4))).as("too early").isFalse();
    running.leave();
    large.leave();
    small.leave();
    assertThat(enters(admission, request(90, 6))).as("a free slot").isTrue();
  }

  @Test
  void whatWasAdmittedElsewhereIsNotRefused() {
    Admission admission = admission(1, 1, 100);
    run(admission, 1);
    admission.enter(request(90, 1), Bounds.ALL);
    admission.enter(request(5, 2), Bounds.TOKENS);
    assertThatThrownBy(() -> admission.enter(request(50, 3), Bounds.TOKENS)).isInstanceOf(EngineBusyException.class);
    admission.enter(request(50, 3), Bounds.NONE);
    assertThat(admission.inFlight()).isEqualTo(4);
  }

  /** An engine in another process tokenizes later. */
  @Test
  void theLengthOfAPromptMayBeKnownLater() {
    Admission admission = admission(1, 10, 100);
    run(admission, 1);
    Place waiting = admission.enter(request(0, 1), Bounds.ALL);
    waiting.promptTokens(80);
    assertThat(enters(admission, request(30, 2))).isFalse();
    waiting.promptTokens(60);
    assertThat(enters(admission, request(30, 3))).as("10 left, and 30 are kept").isFalse();
    waiting.leave();
    assertThat(enters(admission, request(30, 2))).as("nothing waits").isTrue();
  }

  // ---- promises ----

  @Test
  void aPlaceIsKeptForWhoeverWasToldToComeBack() {
    Admission admission = admission(1, 1, 0);
    List<Place> running = run(admission, 1);
    Place waiting = admission.enter(request(10, 1), Bounds.ALL);
    Duration wait = refused(admission, request(10, 2)).retryAfter();
    assertThat(wait).isEqualTo(Duration.ofSeconds(1));
    running.getFirst().leave();
    waiting.started();
    assertThat(enters(admission, request(10, 3))).as("another one").isFalse();
    now += wait.toNanos();
    assertThat(enters(admission, request(10, 4))).as("another one at that time").isFalse();
    assertThat(enters(admission, request(10, 2))).as("the one that was told").isTrue();
  }

  @Test
  void whoeverComesBackEarlyGetsInIfNobodyElseIsPromisedThePlace() {
    Admission admission = admission(1, 2, 0);
    run(admission, 1);
    Place one = admission.enter(request(10, 1), Bounds.ALL);
    admission.enter(request(10, 2), Bounds.ALL);
    assertThat(enters(admission, request(10, 3))).isFalse();
    one.leave();
    assertThat(enters(admission, request(10, 3))).isTrue();
  }

  @Test
  void aPlaceIsNotKeptForEver() {
    Admission admission = admission(1, 1, 0);
    run(admission, 1);
    Place waiting = admission.enter(request(10, 1), Bounds.ALL);
    Duration wait = refused(admission, request(10, 2)).retryAfter();
    waiting.leave();
    now += wait.toNanos() + SECOND;
    assertThat(enters(admission, request(10, 3))).isFalse();
    now += 10 * SECOND;
    assertThat(enters(admission, request(10, 4))).isTrue();
  }

  @Test
  void nothingIsKeptWhileASlotIsFree() {
    Admission admission = admission(2, 0, 0);
    List<Place> running = run(admission, 2);
    assertThat(enters(admission, request(10, 5))).isFalse();
    running.getFirst().leave();
    assertThat(enters(admission, request(10, 6))).isTrue();
  }

  @Test
  void thoseWhoAreRefusedLaterAreToldLater() {
    Admission admission = admission(1, 1, 0);
    run(admission, 1);
    admission.enter(request(10, 1), Bounds.ALL);
    // A second for each answer.
    for (int i = 0; i < 20; i++) {
      admission.learn(new Usage(10, 0, 101, 0), new Timings(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1)));
    }
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      waits.add(refused(admission, request(10, 10 + i)).retryAfter().toSeconds());
    }
    assertThat(waits).isSorted().doesNotHaveDuplicates();
    assertThat(waits.getLast()).isBetween(5L, 8L);
  }

  // ---- tenants ----

  @Test
  void aTenantThatIsAloneMayHaveEverything() {
    Admission admission = admission(2, 6, 0);
    for (int i = 0; i < 8; i++) {
      assertThat(enters(admission, request("a", 1, 10, i))).isTrue();
    }
  }

  @Test
  void aTenantThatHasMoreThanItsShareWaitsForOthers() {
    Admission admission = admission(2, 6, 0);
    List<Place> ofA = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      ofA.add(admission.enter(request("a", 1, 10, i), Bounds.ALL));
    }
    assertThat(enters(admission, request("b", 1, 10, 100))).as("full").isFalse();
    ofA.get(0).leave();
    assertThat(enters(admission, request("a", 1, 10, 200))).as("a has 7 of 8, and b waits").isFalse();
    assertThat(enters(admission, request("b", 1, 10, 100))).isTrue();
    ofA.get(1).leave();
    assertThat(enters(admission, request("a", 1, 10, 201))).as("6, and 4 are its share").isFalse();
    assertThat(enters(admission, request("b", 1, 10, 101))).isTrue();
    ofA.get(2).leave();
    ofA.get(3).leave();
    ofA.get(4).leave();
    assertThat(enters(admission, request("a", 1, 10, 202))).as("3 of 4").isTrue();
  }

  @Test
  void aSlotIsNotLeftFreeForShares() {
    Admission admission = admission(4, 0, 0);
    admission.enter(request("b", 1, 10, 0), Bounds.ALL);
    for (int i = 1; i < 4; i++) {
      assertThat(enters(admission, request("a", 1, 10, i))).isTrue();
    }
  }

  @Test
  void sharesFollowWeights() {
    Admission admission = admission(2, 6, 0);
    admission.enter(request("b", 3, 10, 0), Bounds.ALL);
    int ofA = 0;
    while (enters(admission, request("a", 1, 10, 100 + ofA))) {
      ofA++;
    }
    assertThat(ofA).as("a quarter of 8").isEqualTo(2);
  }

  // ---- the view ----

  @Test
  void generationsAreShownAndCancelled() {
    Admission admission = admission(1, 4, 0);
    AtomicBoolean cancelled = new AtomicBoolean();
    Place first = admission.enter(request("a", 2, 30, 1), Bounds.ALL);
    first.belongsTo(7, () -> {});
    first.started();
    first.cachedTokens(10);
    first.processedTokens(30);
    first.generatedTokens(4);
    Place second = admission.enter(request("b", 1, 20, 2), Bounds.ALL);
    second.belongsTo(8, () -> cancelled.set(true));
    admission.enter(request("c", 1, 20, 3), Bounds.ALL);
    now += SECOND;
    assertThat(admission.active())
        .containsExactly(
            new ActiveGeneration(
                7,
                ActiveGeneration.State.RUNNING,
                Duration.ofSeconds(1),
                30,
                10,
                30,
                4,
                100,
                GenerationOptions.DEFAULT_PRIORITY,
                new Tenant("a", 2)),
            new ActiveGeneration(
                8,
                ActiveGeneration.State.WAITING,
                Duration.ofSeconds(1),
                20,
                0,
                0,
                0,
                100,
                GenerationOptions.DEFAULT_PRIORITY,
                Tenant.of("b")));
    assertThat(admission.cancel(9)).isFalse();
    assertThat(admission.cancel(8)).isTrue();
    assertThat(cancelled).isTrue();
    first.requeued();
    assertThat(admission.active().getFirst().state()).isEqualTo(ActiveGeneration.State.WAITING);
  }
}
