package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OnDemandTest {
  private final List<String> made = new ArrayList<>();
  private final List<String> freed = new ArrayList<>();

  private final OnDemand<String> resource =
      new OnDemand<>(
          "owner",
          () -> {
            made.add("resource");
            return "resource";
          },
          freed::add);

  @Test
  void theResourceIsMadeOnceAndFreedWithItsOwner() {
    assertThat(resource.get()).isSameAs(resource.get());
    resource.close();
    resource.close();
    assertThat(made).hasSize(1);
    assertThat(freed).containsExactly("resource");
  }

  @Test
  void nothingIsMadeOnceTheOwnerIsClosing() {
    resource.close();
    assertThatThrownBy(resource::get).isInstanceOf(IllegalStateException.class).hasMessage("The owner is closed.");
    assertThat(made).isEmpty();
    assertThat(freed).isEmpty();
  }

  @Test
  void closingDuringTheFirstUseFreesWhatItMade() throws InterruptedException {
    CountDownLatch making = new CountDownLatch(1);
    CountDownLatch closing = new CountDownLatch(1);
    OnDemand<String> slow =
        new OnDemand<>(
            "owner",
            () -> {
              making.countDown();
              await(closing);
              return "late";
            },
            freed::add);
    CompletableFuture<String> user = CompletableFuture.supplyAsync(slow::get);
    making.await();
    Thread closer = Thread.ofPlatform().start(slow::close);
    while (closer.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    closing.countDown();
    closer.join();
    assertThat(user.join()).isEqualTo("late");
    assertThat(freed).containsExactly("late");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Test
  void aFailureIsTriedAgain() {
    OnDemand<String> failsOnce =
        new OnDemand<>(
            "owner",
            () -> {
              made.add("attempt");
              if (made.size() == 1) {
                throw new IllegalArgumentException("not yet");
              }
              return "second";
            },
            freed::add);
    assertThatThrownBy(failsOnce::get).hasMessage("not yet");
    assertThat(failsOnce.get()).isEqualTo("second");
  }
}
