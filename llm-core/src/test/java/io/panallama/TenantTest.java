package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.error.EngineBusyException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.ActiveGeneration.State;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Tenant;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tenants of a real engine, in this process and in one of its own. */
@Timeout(120)
class TenantTest {
  private static final int TOKENS = 8;

  private static final GenerationOptions ON_AND_ON =
      GenerationOptions.builder()
          .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
          .overflow(new ContextOverflow.Shift(0))
          .build();

  private static Engine start(Isolation isolation, int tokenLimit) {
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(1)
            .queueLimit(100)
            .queueTokenLimit(tokenLimit)
            .isolation(isolation)
            .build();
    return Engine.start(TestFiles.demoModel(), config);
  }

  private static Generation story(Engine engine, Tenant tenant, int tokens, String text) {
    return engine.generate(
        CompletionRequest.of(text).with(ON_AND_ON.toBuilder().tenant(tenant).maxTokens(tokens).build()));
  }

  /** A generation that holds the only slot until it is cancelled. */
  private static CompletableFuture<FinishReason> occupy(Engine engine) {
    Generation generation = story(engine, Tenant.SHARED, GenerationOptions.UNLIMITED, "Once");
    CompletableFuture<FinishReason> end =
        CompletableFuture.supplyAsync(() -> generation.await().reason(), Thread::startVirtualThread);
    while (engine.generations().isEmpty()
        || engine.generations().getFirst().state() != State.RUNNING
        || engine.generations().getFirst().generatedTokens() == 0) {
      LockSupport.parkNanos(1_000_000);
    }
    return end;
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void aFloodIsServedByTheWeights(Isolation isolation) {
    Tenant one = new Tenant("one", 1);
    Tenant three = new Tenant("three", 3);
    try (Engine engine = start(isolation, 0)) {
      CompletableFuture<FinishReason> plug = occupy(engine);
      Queue<String> ended = new ConcurrentLinkedQueue<>();
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        Tenant tenant = i < 15 ? one : three;
        Generation generation = story(engine, tenant, TOKENS, "Once upon a time, number " + i);
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  assertThat(generation.await().reason()).isEqualTo(FinishReason.LENGTH);
                  ended.add(tenant.id());
                },
                Thread::startVirtualThread));
      }
      List<ActiveGeneration> shown = engine.generations();
      assertThat(shown).hasSize(61);
      assertThat(shown).filteredOn(generation -> generation.state() == State.WAITING).hasSize(60);
      assertThat(shown.getLast().tenant()).isEqualTo(three);
      assertThat(shown.getLast().promptTokens()).isPositive();
      assertThat(shown.getLast().maxTokens()).isEqualTo(TOKENS);
      assertThat(engine.cancel(shown.getFirst().id())).isTrue();
      assertThat(plug.join()).isEqualTo(FinishReason.CANCELLED);
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
      // Those of "one" came first, and without shares they would all have been served first.
      long ofOne = ended.stream().limit(40).filter("one"::equals).count();
      assertThat(ofOne).as(ended.toString()).isBetween(8L, 12L);
      assertThat(engine.generations()).isEmpty();
      assertThat(engine.cancel(shown.getFirst().id())).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void theTokensThatWaitAreBounded(Isolation isolation) {
    try (Engine engine = start(isolation, 100)) {
      CompletableFuture<FinishReason> plug = occupy(engine);
      try (Generation _ = story(engine, Tenant.SHARED, TOKENS, "llama ".repeat(60))) {
        assertThat(
                catchThrowableOfType(
                    EngineBusyException.class, () -> story(engine, Tenant.SHARED, TOKENS, "alpaca ".repeat(60))))
            .hasMessageContaining("tokens are waiting already");
      }
      assertThat(engine.cancel(engine.generations().getFirst().id())).isTrue();
      assertThat(plug.join()).isEqualTo(FinishReason.CANCELLED);
    }
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void aGenerationThatWaitsIsCancelledByItsId(Isolation isolation) {
    try (Engine engine = start(isolation, 0)) {
      CompletableFuture<FinishReason> plug = occupy(engine);
      Generation waiting = story(engine, Tenant.of("a"), TOKENS, "Once");
      assertThat(engine.cancel(waiting.id())).isTrue();
      assertThat(waiting.await().reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(engine.cancel(engine.generations().getFirst().id())).isTrue();
      assertThat(plug.join()).isEqualTo(FinishReason.CANCELLED);
    }
  }
}
