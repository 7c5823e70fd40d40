package io.panallama.server.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.TextEmbedder;
import io.panallama.TextGenerator;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.error.EngineClosedException;
import io.panallama.server.LogRecords;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.registry.ModelUnavailableException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RegistryTest {
  private final Registry registry = new Registry();
  private final TextGenerator first = new ScriptedGenerator();
  private final TextGenerator second = new ScriptedGenerator();

  private static ServedModel model(String id, String... aliases) {
    return ServedModel.builder(id, 100).aliases(List.of(aliases)).build();
  }

  private void assertUnavailable(Reason reason) {
    assertThatThrownBy(() -> registry.lease(null))
        .isInstanceOfSatisfying(
            ModelUnavailableException.class, refused -> assertThat(refused.reason()).isEqualTo(reason));
  }

  @Test
  void anEmptyRegistryIsLoading() {
    assertUnavailable(Reason.LOADING);
    assertThatThrownBy(registry::models).isInstanceOf(ModelUnavailableException.class);
    assertThatThrownBy(registry::checkReady).isInstanceOf(ModelUnavailableException.class);
  }

  @Test
  void modelsThatGenerateNoTextMayBeAllThereIs() {
    registry.add(new ServedEmbedder(model("vectors"), new NoVectors()));
    assertUnavailable(Reason.LOADING);
    registry.serveWithoutGenerator();
    assertUnavailable(Reason.NONE_GENERATES);
    assertThat(registry.isLoading()).isFalse();
    assertThat(registry.models()).extracting(ServedModel::id).containsExactly("vectors");
    assertThat(registry.checkReady()).extracting(ready -> ready.model().id()).containsExactly("vectors");
    assertThat(registry.model("default").id()).isEqualTo("vectors");
    assertThatThrownBy(() -> registry.model("other")).isInstanceOf(UnknownModelException.class);
    assertThat(registry.embedder(null)).isPresent();
    assertThat(registry.reranker(null)).isEmpty();
    registry.close(Duration.ZERO);
    assertUnavailable(Reason.SHUTTING_DOWN);
  }

  /** Is never asked. */
  private static final class NoVectors implements TextEmbedder {
    @Override
    public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int dimensions() {
      return 1;
    }

    @Override
    public int maxTokens() {
      return 1;
    }
  }

  @Test
  void severalModelsAreFoundByIdAndAlias() {
    registry.add(model("one", "uno"), ServedEngine.of(first));
    registry.add(model("two"), ServedEngine.of(second));
    for (String name : new String[] {null, "default", "one", "uno"}) {
      try (Lease lease = registry.lease(name)) {
        assertThat(lease.generator()).isSameAs(first);
        assertThat(lease.model().id()).isEqualTo("one");
      }
    }
    try (Lease lease = registry.lease("two")) {
      assertThat(lease.generator()).isSameAs(second);
    }
    assertThat(registry.models()).extracting(ServedModel::id).containsExactly("one", "two");
    assertThatThrownBy(() -> registry.lease("three"))
        .isInstanceOf(UnknownModelException.class)
        .hasMessageContaining("\"three\"")
        .hasMessageContaining("\"one\", \"two\" or \"default\"");
    assertThatThrownBy(() -> registry.add(model("three", "uno"), ServedEngine.of(first)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("share a name");
    registry.retire("one");
    assertThat(registry.lease(null).model().id()).isEqualTo("two");
  }

  @Test
  void aSwapKeepsTheOldEngineUntilItsLastLeaseIsReturned() {
    AtomicInteger released = new AtomicInteger();
    registry.add(model("one"), ServedEngine.of(first).onRelease(released::incrementAndGet));
    Lease running = registry.lease("one");
    Lease other = registry.lease("one");

    registry.add(model("one"), ServedEngine.of(second));

    assertThat(running.generator()).isSameAs(first);
    try (Lease fresh = registry.lease("one")) {
      assertThat(fresh.generator()).isSameAs(second);
    }
    running.close();
    running.close();
    assertThat(released).hasValue(0);
    other.close();
    assertThat(released).hasValue(1);
  }

  @Test
  void anEngineWithoutLeasesIsReleasedWhenItIsReplaced() {
    AtomicInteger released = new AtomicInteger();
    registry.serve(model("one"), ServedEngine.of(first).onRelease(released::incrementAndGet));
    registry.serve(model("two"), ServedEngine.of(second));
    assertThat(released).hasValue(1);
    assertThat(registry.models()).extracting(ServedModel::id).containsExactly("two");
  }

  @Test
  void drainingWaitsForLeases() throws Exception {
    registry.serve(model("one"), ServedEngine.of(first));
    Lease lease = registry.lease(null);
    CountDownLatch revoked = new CountDownLatch(1);
    lease.onRevoke(revoked::countDown);

    CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> registry.close(Duration.ofSeconds(20)));
    while (!registry.isClosed()) {
      Thread.onSpinWait();
    }
    assertUnavailable(Reason.SHUTTING_DOWN);
    lease.close();
    closing.get();
    assertThat(revoked.getCount()).as("returned in time").isEqualTo(1);
  }

  @Test
  void whatIsLeftAfterTheGracePeriodIsRevoked() {
    registry.serve(model("one"), ServedEngine.of(first));
    Lease lease = registry.lease(null);
    lease.onRevoke(lease::close);
    registry.close(Duration.ofMillis(1));

    AtomicInteger late = new AtomicInteger();
    lease.onRevoke(late::incrementAndGet);
    assertThat(late).as("revoked already").hasValue(1);
  }

  @Test
  void anInterruptedDrainRevokesAtOnce() {
    registry.serve(model("one"), ServedEngine.of(first));
    Lease lease = registry.lease(null);
    CountDownLatch revoked = new CountDownLatch(1);
    lease.onRevoke(revoked::countDown);
    Thread.currentThread().interrupt();
    registry.close(Duration.ofDays(1));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(revoked.getCount()).isZero();
  }

  @Test
  void aRefusedLeaseIsNotHeld() {
    try (LogRecords log = LogRecords.of(Registry.class)) {
      AtomicInteger released = new AtomicInteger();
      registry.serve(
          model("one"),
          ServedEngine.of(first).withHealth(() -> Health.failed("dead")).onRelease(released::incrementAndGet));
      assertUnavailable(Reason.ENGINE_FAILED);
      assertUnavailable(Reason.ENGINE_FAILED);
      assertThatThrownBy(registry::checkReady).isInstanceOf(ModelUnavailableException.class);
      assertThat(log.errors()).hasSize(1);
      registry.serve(model("one"), ServedEngine.of(second));
      assertThat(released).hasValue(1);
    }
  }

  @Test
  void anEngineThatRestartsTakesRequestsButIsNotReady() {
    registry.serve(model("one"), ServedEngine.of(first).withHealth(() -> Health.restarting("killed")));
    assertThatThrownBy(registry::checkReady)
        .isInstanceOfSatisfying(
            ModelUnavailableException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.RESTARTING));
    try (Lease lease = registry.lease("one")) {
      assertThat(lease.generator()).isSameAs(first);
    }
  }

  @Test
  void anEngineThatRefusesBecauseItIsGoneIsReportedByTheLease() {
    try (LogRecords log = LogRecords.of(Registry.class)) {
      registry.serve(model("one"), ServedEngine.of(first));
      for (int i = 0; i < 2; i++) {
        try (Lease lease = registry.lease(null)) {
          assertThat(lease.engineClosed(new EngineClosedException()).reason()).isEqualTo(Reason.ENGINE_CLOSED);
        }
      }
      assertThat(log.errors()).singleElement().asString().contains("The engine is closed.");
    }
  }
}
