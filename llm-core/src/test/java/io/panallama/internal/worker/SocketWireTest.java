package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames over a real socket, between threads that are interrupted. */
@Timeout(60)
class SocketWireTest {
  private static final int LARGE = 20 << 20;

  private SocketWire here;
  private SocketWire there;

  @BeforeEach
  void connect(@TempDir Path folder) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      here = new SocketWire(SocketChannel.open(address));
      there = new SocketWire(server.accept());
    }
  }

  @AfterEach
  void disconnect() {
    here.close();
    there.close();
  }

  private static Output frame(int bytes) {
    return new Output().begin(FrameKind.CALL).raw(new byte[bytes]).end();
  }

  private static int received(Wire wire) throws IOException {
    Wire.Frame frame = wire.receive();
    return frame == null ? -1 : frame.values().rest().length;
  }

  private static Thread.Builder threads(boolean virtual) {
    return virtual ? Thread.ofVirtual() : Thread.ofPlatform();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anInterruptedThreadSendsAndTheConnectionStays(boolean virtual) throws Exception {
    try (var executor = Executors.newThreadPerTaskExecutor(threads(virtual).factory())) {
      CompletableFuture<Boolean> flag =
          CompletableFuture.supplyAsync(
              () -> {
                Thread.currentThread().interrupt();
                try {
                  here.send(frame(5));
                  here.send(frame(6));
                } catch (IOException broken) {
                  throw new AssertionError(broken);
                }
                return Thread.interrupted();
              },
              executor);
      assertThat(flag.get()).isTrue();
    }
    assertThat(received(there)).isEqualTo(5);
    assertThat(received(there)).isEqualTo(6);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anInterruptInTheMiddleOfALargeFrameLosesNothing(boolean virtual) throws Exception {
    CompletableFuture<Boolean> flag = new CompletableFuture<>();
    Thread sender =
        threads(virtual)
            .start(() -> {
              try {
                here.send(frame(LARGE));
                flag.complete(Thread.currentThread().isInterrupted());
              } catch (IOException broken) {
                flag.completeExceptionally(broken);
              }
            });
    // Nobody reads yet, so it is in the middle, or has not begun.
    sender.interrupt();
    assertThat(received(there)).isEqualTo(LARGE);
    assertThat(flag.get()).isTrue();
  }

  @Test
  void anInterruptedThreadReceives() throws Exception {
    CompletableFuture<Integer> length = new CompletableFuture<>();
    Thread receiver =
        Thread.ofPlatform()
            .start(() -> {
              Thread.currentThread().interrupt();
              try {
                length.complete(received(there));
              } catch (IOException broken) {
                length.completeExceptionally(broken);
              }
            });
    receiver.interrupt();
    here.send(frame(7));
    assertThat(length.get()).isEqualTo(7);
  }

  @Test
  void theOtherSideFindsTheEnd() throws Exception {
    here.send(frame(1));
    here.close();
    assertThat(received(there)).isEqualTo(1);
    assertThat(received(there)).isEqualTo(-1);
  }

  @Test
  void closingEndsAWait() throws Exception {
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    Thread receiver =
        Thread.ofPlatform()
            .start(() -> {
              try {
                received(there);
                end.complete(new AssertionError("it was received"));
              } catch (IOException closed) {
                end.complete(closed);
              }
            });
    while (receiver.getState() != Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
    there.close();
    assertThat(end.get()).isInstanceOf(IOException.class);
  }
}
