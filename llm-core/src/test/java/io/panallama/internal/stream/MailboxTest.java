package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class MailboxTest {
  @ParameterizedTest
  @CsvSource({"1, true", "3, true", "1, false", "3, false", "64, false"})
  void everyByteArrivesInOrderUnderAnyInterleaving(int capacity, boolean hurried) throws Exception {
    int largest = 9;
    Mailbox mailbox = new Mailbox(capacity, largest, 0);
    Random random = new Random(3);
    byte[] sent = new byte[50_000];
    random.nextBytes(sent);
    for (int i = 0; i < sent.length; i++) {
      sent[i] = (byte) ('a' + Math.floorMod(sent[i], 26));
    }
    CompletableFuture<String> received =
        CompletableFuture.supplyAsync(() -> drain(mailbox, hurried), task -> Thread.ofVirtual().start(task));
    int token = 0;
    for (int at = 0; at < sent.length; ) {
      if (!mailbox.hasRoom()) {
        mailbox.paused(true);
        while (!mailbox.hasDrained()) {
          Thread.onSpinWait();
        }
        mailbox.paused(false);
      }
      int length = Math.min(random.nextInt(largest + 1), sent.length - at);
      mailbox.write(token++, sent, at, length);
      mailbox.publish();
      at += length;
    }
    mailbox.end();
    assertThat(received.get()).isEqualTo(new String(sent, StandardCharsets.US_ASCII));
  }

  private static String drain(Mailbox mailbox, boolean hurried) {
    try {
      Utf8Assembler assembler = new Utf8Assembler();
      StringBuilder text = new StringBuilder();
      int expectedToken = 0;
      while (true) {
        if (hurried) {
          mailbox.await(Duration.ofSeconds(20));
        } else {
          mailbox.awaitMany();
        }
        if (mailbox.isEmpty()) {
          return text.toString();
        }
        assertThat(mailbox.token()).isEqualTo(expectedToken++);
        mailbox.drainBytes(assembler);
        mailbox.advance();
        text.append(assembler.take());
      }
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }

  @Test
  void isFullAtItsCapacityAndDrainedAtHalf() {
    Mailbox mailbox = new Mailbox(4, 8, 0);
    for (int i = 0; i < 4; i++) {
      assertThat(mailbox.hasRoom()).isTrue();
      mailbox.write(i, new byte[] {'x'}, 0, 1);
      mailbox.publish();
    }
    assertThat(mailbox.hasRoom()).isFalse();
    mailbox.advance();
    assertThat(mailbox.hasDrained()).isFalse();
    mailbox.advance();
    assertThat(mailbox.hasDrained()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 150})
  void awaitGivesUpAfterItsTimeout(long millis) throws InterruptedException {
    long begin = System.nanoTime();
    assertThat(new Mailbox(4, 8, 0).await(Duration.ofMillis(millis))).isFalse();
    assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  @Test
  void longWaitGivesUpEvenIfOthersWereInTimeOrMayTakeLonger() throws InterruptedException {
    Mailbox mailbox = new Mailbox(4, 8, 0);
    for (int token = 0; token < 3; token++) {
      int sent = token;
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                mailbox.write(sent, new byte[] {'x'}, 0, 1);
                mailbox.publish();
              });
      assertThat(mailbox.await(Duration.ofHours(2))).isTrue();
      writer.join();
      mailbox.advance();
      assertThat(mailbox.await(Duration.ofMillis(150))).isFalse();
    }
    mailbox.waitingIsOver();
  }

  @Test
  void interruptEndsALongWait() throws Exception {
    Mailbox mailbox = new Mailbox(4, 8, 0);
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              try {
                mailbox.await(Duration.ofMinutes(10));
                interrupted.complete(false);
              } catch (InterruptedException expected) {
                interrupted.complete(true);
              }
            });
    reader.interrupt();
    assertThat(interrupted.get()).isTrue();
    mailbox.waitingIsOver();
  }
}
