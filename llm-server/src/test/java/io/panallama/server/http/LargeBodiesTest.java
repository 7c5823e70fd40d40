package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Ignored;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LargeBodiesTest {
  private static ClientRequest request(int bytes) {
    return new ClientRequest(new byte[bytes], "", Map.of(), Map.of(), new Ignored(false), () -> {});
  }

  @Test
  void onlyLargeOnesAreReadElsewhere() {
    Thread here = Thread.currentThread();
    assertThat(LargeBodies.read(request(BodyBudget.SMALL), Thread::currentThread)).isSameAs(here);
    Thread there = LargeBodies.read(request(BodyBudget.SMALL + 1), Thread::currentThread);
    assertThat(there).isNotSameAs(here);
    assertThat(there.isVirtual()).isFalse();
  }

  @Test
  void whatIsRefusedThereIsRefusedHere() {
    IllegalArgumentException refused = new IllegalArgumentException("no");
    assertThatThrownBy(() ->
            LargeBodies.read(
                request(1 << 20),
                () -> {
                  throw refused;
                }))
        .isSameAs(refused);
  }

  @Test
  void anInterruptEndsTheReading() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              String result =
                  LargeBodies.read(
                      request(1 << 20),
                      () -> {
                        begun.countDown();
                        try {
                          new CountDownLatch(1).await();
                          return "never";
                        } catch (InterruptedException left) {
                          return "left";
                        }
                      });
              interrupted.complete(result.equals("left") && Thread.currentThread().isInterrupted());
            });
    begun.await();
    caller.interrupt();
    assertThat(interrupted.get()).isTrue();
  }
}
