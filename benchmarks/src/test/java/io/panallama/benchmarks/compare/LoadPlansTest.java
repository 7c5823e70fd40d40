package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.benchmarks.compare.LoadCase.Kind;
import io.panallama.load.LoadPlan;
import io.panallama.load.Slo;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class LoadPlansTest {
  private static final LoadPlans PLANS = new LoadPlans(Loads.FULL);

  private static List<LoadCase> all() {
    return LoadCase.of(Loads.FULL, 16, List.of(Kind.values()));
  }

  @Test
  void everyKindHasLoads() {
    assertThat(all().stream().map(LoadCase::kind).distinct()).containsExactly(Kind.values());
    assertThat(all()).contains(new LoadCase(Kind.QUEUE, 32), new LoadCase(Kind.LONGER_CHAT, 16));
  }

  @Test
  void everyLoadOfEveryRoundHasPromptsOfItsOwn() {
    List<Long> seeds = new ArrayList<>();
    for (int round = -1; round < 20; round++) {
      for (LoadCase load : all()) {
        seeds.add(PLANS.plan(load, round, 1).build().seed());
      }
    }
    seeds.add(PLANS.capacity(new LoadCase(Kind.MIXED, 16)).build().seed());
    assertThat(seeds).doesNotHaveDuplicates();
  }

  @Test
  void theSecondChatDiffersInItsPromptsOnly() {
    LoadPlan chat = PLANS.plan(new LoadCase(Kind.CHAT, 4), 0, 1).build();
    LoadPlan longer = PLANS.plan(new LoadCase(Kind.LONGER_CHAT, 4), 0, 1).build();
    assertThat(chat.lengths().prompt()).isEqualTo(128);
    assertThat(longer.lengths().prompt()).isEqualTo(288);
    assertThat(longer.lengths().answer()).isEqualTo(chat.lengths().answer());
    assertThat(longer.extent()).isEqualTo(chat.extent());
  }

  @Test
  void theOpenLoopHasTheRateOfTheSharesOrTheGivenOne() {
    Loads.Mixed mixed = Loads.FULL.mixed();
    assertThat(mixed.arrivals(10)).isEqualTo(7);
    assertThat(mixed.with(0.5, OptionalDouble.of(3), Slo.none()).arrivals(10)).isEqualTo(3);
    assertThat(PLANS.plan(new LoadCase(Kind.MIXED, 16), 0, 2.5).build().rates()).containsExactly(2.5);
    assertThatThrownBy(() -> mixed.with(0, OptionalDouble.empty(), Slo.none())).hasMessageContaining("more than 0");
    assertThatThrownBy(() -> mixed.with(1, OptionalDouble.of(-1), Slo.none())).hasMessageContaining("more than 0");
  }

  @Test
  void requestsForSeveralAnswersAndForJsonSaySo() {
    assertThat(PLANS.fields(Kind.CHAT)).containsOnlyKeys("temperature");
    assertThat(PLANS.fields(Kind.ANSWERS)).containsEntry("n", 4).containsEntry("temperature", 0);
    assertThat(PLANS.fields(Kind.JSON)).containsKey("response_format");
  }

  @Test
  void theSlotsThatAreNeededDoNotIncludeTheQueue() {
    assertThat(Loads.FULL.mostSlots()).isEqualTo(16);
    assertThat(Loads.QUICK.mostSlots()).isEqualTo(4);
  }
}
