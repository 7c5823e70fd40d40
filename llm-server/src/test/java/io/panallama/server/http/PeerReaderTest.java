package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.common.socket.HelidonSocket;
import io.panallama.server.LogRecords;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PeerReaderTest {
  private static final ConnectionLimits LIMITS =
      new ConnectionLimits(1, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));

  /** A socket that plays these results: bytes, or an error that is thrown. */
  private static HelidonSocket socket(Object... results) {
    Deque<Object> left = new ArrayDeque<>(List.of(results));
    return (HelidonSocket)
        Proxy.newProxyInstance(
            PeerReaderTest.class.getClassLoader(),
            new Class<?>[] {HelidonSocket.class},
            (_, method, _) -> {
              if (!method.getName().equals("get")) {
                throw new UnsupportedOperationException(method.getName());
              }
              Object next = left.remove();
              if (next instanceof Throwable fault) {
                throw fault;
              }
              return next;
            });
  }

  @Test
  void anErrorWhileItReadsEndsTheConnectionInOrder() throws InterruptedException {
    AtomicReference<Throwable> uncaught = new AtomicReference<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((_, fault) -> uncaught.set(fault));
    try (LogRecords log = LogRecords.of(Faults.class)) {
      for (Error fault : new Error[] {new OutOfMemoryError("for the test"), new StackOverflowError("for the test")}) {
        PeerReader reader = new PeerReader(socket(new byte[] {1}, fault), LIMITS, "test");
        CountDownLatch gone = new CountDownLatch(1);
        reader.whenGone(gone::countDown);
        reader.start();
        assertThat(reader.get()).containsExactly(1);
        // What is done for the client is ended, and the connection's own thread finds the end of the stream.
        gone.await();
        assertThat(reader.get()).isNull();
        assertThat(reader.gone()).isTrue();
        reader.finish(Duration.ZERO);
      }
      assertThat(uncaught).hasNullValue();
      assertThat(log.errors()).containsExactly("A connection was ended while its client was read.");
      assertThat(log.thrown()).singleElement().isInstanceOf(StackOverflowError.class);
      assertThat(log.warnings())
          .singleElement()
          .asString()
          .startsWith("A connection was ended while its client was read: the server's Java heap, ")
          .contains("ran out of memory");
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  @Test
  void anErrorOfWhatIsDoneThenIsNoObstacle() {
    PeerReader reader = new PeerReader(socket(new byte[] {1}, new OutOfMemoryError("for the test")), LIMITS, "test");
    reader.whenGone(() -> {
      throw new OutOfMemoryError("for the test");
    });
    try (LogRecords log = LogRecords.of(Faults.class)) {
      reader.start();
      assertThat(reader.get()).containsExactly(1);
      assertThat(reader.get()).isNull();
      assertThat(log.errors()).isEmpty();
    }
  }
}
