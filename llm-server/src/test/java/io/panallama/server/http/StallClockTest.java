package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How long a client has left its answer unread, with a clock of the test's own. */
class StallClockTest {
  private long now = 5;
  private Duration longest = Duration.ZERO;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  /** A client that takes a second for this many bytes. */
  private StallClock clock(int bytesPerSecond) {
    StallClock[] clock = new StallClock[1];
    clock[0] =
        new StallClock(
            new DataWriter() {
              @Override
              public void write(BufferData... buffers) {
                write(BufferData.create(buffers));
              }

              @Override
              public void write(BufferData buffer) {
                now += Duration.ofSeconds(1).toNanos() * buffer.available() / bytesPerSecond;
                longest = clock[0].stalledFor().compareTo(longest) > 0 ? clock[0].stalledFor() : longest;
                buffer.writeTo(written);
              }

              @Override
              public void writeNow(BufferData... buffers) {
                write(buffers);
              }

              @Override
              public void writeNow(BufferData buffer) {
                write(buffer);
              }
            },
            () -> now);
    return clock[0];
  }

  @Test
  void aLargeAnswerIsWrittenAsItIs() {
    byte[] answer = new byte[1_000_003];
    new Random(1).nextBytes(answer);
    clock(1_000_000_000).write(BufferData.create(answer));
    assertThat(written.toByteArray()).isEqualTo(answer);
  }

  @Test
  void aClientThatReadsSlowlyIsNotStalled() {
    StallClock clock = clock(1_000);
    clock.write(BufferData.create(new byte[1 << 20]));
    assertThat(longest).as("of more than a quarter of an hour").isLessThan(Duration.ofSeconds(10));
    assertThat(clock.stalledFor()).isZero();
  }

  @Test
  void aClientThatHardlyReadsIsStalledThoughNoWriteIsLong() {
    StallClock clock = clock(10);
    for (int i = 0; i < 10; i++) {
      clock.writeNow(BufferData.create(new byte[100]));
    }
    // Ten times ten seconds, less 100 bytes at 240 bytes a second for each but the last.
    assertThat(longest).isBetween(Duration.ofSeconds(96), Duration.ofSeconds(97));
    assertThat(clock.stalledFor()).as("between writes").isZero();
  }

  @Test
  void aPauseBetweenWritesIsNotTheClients() {
    StallClock clock = clock(1_000);
    clock.write(BufferData.create(new byte[10]));
    now += Duration.ofHours(1).toNanos();
    clock.write(BufferData.create(new byte[10]));
    assertThat(longest).isLessThan(Duration.ofSeconds(1));
  }
}
