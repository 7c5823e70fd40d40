package io.panallama.server.resume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.FrameSource;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.ollama.OllamaDialect;
import io.panallama.server.keys.KeyIdentity;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is kept of streams, who reads them, and when their writers wait, on a clock that the test sets. */
@Timeout(60)
class ResumableStreamTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** About what the stream counts for an event of {@link #event}. */
  private static final int EVENT = 1096;

  private final AtomicLong clock = new AtomicLong(-5);
  private final AtomicInteger cancels = new AtomicInteger();
  private ResumableStreams streams = streams(1 << 20, 1 << 24);

  private ResumableStreams streams(long streamBytes, long totalBytes) {
    return new ResumableStreams(new ResumeLimits(MINUTE, streamBytes, totalBytes), clock::get, false);
  }

  @AfterEach
  void close() {
    streams.close();
  }

  private ResumableStream open() {
    return open(KeyIdentity.NONE);
  }

  private ResumableStream open(KeyIdentity owner) {
    return streams.open(owner, new OllamaDialect(), Framing.SSE, MINUTE, cancels::incrementAndGet);
  }

  private void pass(Duration time) {
    clock.addAndGet(time.toNanos());
    streams.expire();
  }

  private static void write(ResumableStream stream, String... texts) {
    for (String text : texts) {
      stream.data(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** An event of a thousand bytes. */
  private static String event(int number) {
    return "%01000d".formatted(number);
  }

  private static List<String> events(int from, int to) {
    return IntStream.range(from, to).mapToObj(ResumableStreamTest::event).toList();
  }

  private static String read(FrameSource source) throws InterruptedException {
    return new String(source.next(PATIENCE).orElseThrow().data(), StandardCharsets.UTF_8);
  }

  private static List<String> readAll(FrameSource source) throws InterruptedException {
    List<String> all = new ArrayList<>();
    while (!source.isDone()) {
      Optional<FrameSource.Frame> frame = source.next(PATIENCE);
      frame.ifPresent(one -> all.add(new String(one.data(), StandardCharsets.UTF_8)));
    }
    return all;
  }

  /** What a reader can have without waiting. */
  private static List<String> readPresent(FrameSource source) throws InterruptedException {
    List<String> all = new ArrayList<>();
    while (true) {
      Optional<FrameSource.Frame> frame = source.next(Duration.ZERO);
      if (frame.isEmpty()) {
        return all;
      }
      all.add(new String(frame.get().data(), StandardCharsets.UTF_8));
    }
  }

  /** A thread that writes these events and ends the stream. */
  private static Thread writer(ResumableStream stream, List<String> events) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          events.forEach(text -> write(stream, text));
          stream.end(true);
        });
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(thread.isAlive()).isTrue();
      Thread.onSpinWait();
    }
  }

  @Test
  void eventsHaveTypesAndNumberedIds() throws Exception {
    ResumableStream stream = open();
    stream.data("a".getBytes(StandardCharsets.UTF_8), "b".getBytes(StandardCharsets.UTF_8));
    stream.event("ping", "c".getBytes(StandardCharsets.UTF_8));
    stream.end(true);
    FrameSource reader = stream.begin();
    FrameSource.Frame first = reader.next(PATIENCE).orElseThrow();
    assertThat(first.id()).isEqualTo(stream.id() + ":0");
    assertThat(first.type()).isNull();
    assertThat(first.data()).asString(StandardCharsets.UTF_8).isEqualTo("ab");
    FrameSource.Frame second = reader.next(PATIENCE).orElseThrow();
    assertThat(second.id()).isEqualTo(stream.id() + ":1");
    assertThat(second.type()).isEqualTo("ping");
    assertThat(reader.isDone()).isFalse();
    assertThat(reader.next(PATIENCE)).isEmpty();
    assertThat(reader.isDone()).isTrue();
    assertThat(reader.isCut()).isFalse();
  }

  @Test
  void aStreamThatIsCutAnywhereGoesOnBehindTheLastEvent() throws Exception {
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      ResumableStream stream = open();
      List<String> events = events(0, 1 + random.nextInt(60));
      Thread writer = writer(stream, events);
      List<String> got = new ArrayList<>();
      FrameSource reader = stream.begin();
      while (got.size() < events.size()) {
        int cut = got.size() + random.nextInt(events.size() - got.size() + 1);
        while (got.size() < cut) {
          got.add(read(reader));
        }
        // What a client was sent last it may not have received.
        int lost = random.nextInt(Math.min(3, got.size()) + 1);
        got.subList(got.size() - lost, got.size()).clear();
        if (random.nextBoolean()) {
          reader.leave();
        }
        reader = stream.after(got.size() - 1);
      }
      assertThat(readAll(reader)).isEmpty();
      assertThat(got).isEqualTo(events);
      writer.join();
    }
    assertThat(cancels).hasValue(0);
  }

  @Test
  void anotherReaderTakesOver() throws Exception {
    ResumableStream stream = open();
    write(stream, "a", "b");
    FrameSource old = stream.begin();
    assertThat(read(old)).isEqualTo("a");
    FrameSource fresh = stream.after(0);
    assertThat(old.isDone()).isFalse();
    assertThat(read(fresh)).isEqualTo("b");
    assertThat(old.next(PATIENCE)).isEmpty();
    assertThat(old.isDone()).isTrue();
    assertThat(old.isCut()).isTrue();
    old.leave();
    write(stream, "c");
    assertThat(read(fresh)).isEqualTo("c");
    assertThat(streams.resumed()).isEqualTo(1);
    assertThat(streams.detached()).isZero();
  }

  @Test
  void aReaderThatWaitsIsWokenWhenItLeaves() throws Exception {
    ResumableStream stream = open();
    FrameSource reader = stream.begin();
    Thread leaving = Thread.ofVirtual().start(reader::leave);
    assertThat(reader.next(Duration.ofDays(1))).isEmpty();
    assertThat(reader.isCut()).isTrue();
    leaving.join();
    assertThat(streams.detached()).isEqualTo(1);
  }

  @Test
  void aReaderThatLeavesBeforeItBeginsTakesNothingOver() throws Exception {
    ResumableStream stream = open();
    FrameSource old = stream.begin();
    FrameSource fresh = stream.after(-1);
    fresh.leave();
    assertThat(fresh.next(PATIENCE)).isEmpty();
    assertThat(fresh.isCut()).isTrue();
    write(stream, "a");
    assertThat(read(old)).isEqualTo("a");
  }

  @Test
  void theWriterWaitsWhileHalfTheBufferWasNotSent() throws Exception {
    streams = streams(20 * EVENT, 1 << 20);
    ResumableStream stream = open();
    FrameSource first = stream.begin();
    Thread writer = writer(stream, events(0, 100));
    assertThat(read(first)).isEqualTo(event(0));
    first.leave();
    awaitWaiting(writer);
    assertThat(streams.bytes()).isBetween(9L * EVENT, 11L * EVENT);
    FrameSource second = stream.after(0);
    assertThat(readAll(second)).isEqualTo(events(1, 100));
    writer.join();
    assertThat(second.isCut()).isFalse();
  }

  @Test
  void aClientThatHasEverythingGetsAnEventOfAnySize() throws Exception {
    streams = streams(2 * EVENT, 2 * EVENT);
    ResumableStream stream = open();
    FrameSource reader = stream.begin();
    String large = "x".repeat(10 * EVENT);
    Thread writer = writer(stream, List.of(large, "a", large, "b"));
    assertThat(readAll(reader)).containsExactly(large, "a", large, "b");
    writer.join();
  }

  @Test
  void ofWhatWasSentTheNewestHalfBufferAtLeastIsKept() throws Exception {
    streams = streams(20 * EVENT, 1 << 20);
    ResumableStream stream = open();
    Thread writer = writer(stream, events(0, 100));
    assertThat(readAll(stream.begin())).hasSize(100);
    writer.join();
    assertThat(streams.bytes()).isLessThanOrEqualTo(20L * EVENT);
    assertThat(readAll(stream.after(89))).isEqualTo(events(90, 100));
    assertThatThrownBy(() -> stream.after(-1))
        .isInstanceOfSatisfying(
            ApiException.class,
            gone -> {
              assertThat(gone.status()).isEqualTo(410);
              assertThat(gone.code()).isEqualTo("events_not_kept");
              assertThat(gone.text()).contains("before number 80");
            });
  }

  @Test
  void anEventThatHasNotBeenIsRefused() {
    ResumableStream stream = open();
    assertThatThrownBy(() -> stream.after(0)).isInstanceOf(ApiException.class).hasMessageContaining("has had none");
    write(stream, "a");
    assertThatThrownBy(() -> stream.after(1))
        .isInstanceOfSatisfying(ApiException.class, wrong -> assertThat(wrong.status()).isEqualTo(400))
        .hasMessageContaining("the last one has the number 0");
  }

  @Test
  void aStreamWithoutItsClientIsGivenUpAfterItsTime() throws Exception {
    ResumableStream stream = open();
    FrameSource reader = stream.begin();
    write(stream, "a");
    assertThat(read(reader)).isEqualTo("a");
    pass(MINUTE.multipliedBy(5));
    assertThat(cancels).as("while it is read").hasValue(0);
    reader.leave();
    pass(MINUTE.minusNanos(1));
    assertThat(streams.find(stream.id(), KeyIdentity.NONE)).containsSame(stream);
    pass(Duration.ofNanos(1));
    assertThat(cancels).hasValue(1);
    assertThat(streams.find(stream.id(), KeyIdentity.NONE)).isEmpty();
    assertThat(streams.expired()).isEqualTo(1);
    assertThat(streams.bytes()).isZero();
  }

  @Test
  void aClientThatComesBackInTimeKeepsItsStream() throws Exception {
    ResumableStream stream = open();
    stream.begin().leave();
    pass(MINUTE.dividedBy(2));
    FrameSource reader = stream.after(-1);
    assertThat(reader.next(Duration.ZERO)).isEmpty();
    pass(MINUTE.multipliedBy(2));
    write(stream, "a");
    assertThat(read(reader)).isEqualTo("a");
    assertThat(cancels).hasValue(0);
    assertThat(streams.expired()).isZero();
  }

  @Test
  void theEndOfAStreamStaysForItsTime() throws Exception {
    ResumableStream stream = open();
    FrameSource reader = stream.begin();
    write(stream, "a");
    stream.end(true);
    assertThat(readAll(reader)).containsExactly("a");
    reader.leave();
    assertThat(stream.endsWith(0)).isTrue();
    assertThat(stream.endsWith(-1)).isFalse();
    pass(MINUTE.minusNanos(1));
    assertThat(readAll(stream.after(-1))).containsExactly("a");
    streams.find(stream.id(), KeyIdentity.NONE).orElseThrow();
    FrameSource again = stream.after(-1);
    assertThat(readAll(again)).containsExactly("a");
    again.leave();
    pass(MINUTE);
    assertThat(streams.kept()).isZero();
    assertThat(cancels).hasValue(0);
    assertThat(streams.expired()).as("the client had everything").isZero();
  }

  @Test
  void theTimeOfAStreamThatEndsAloneBeginsWithItsEnd() {
    ResumableStream stream = open();
    stream.begin().leave();
    pass(MINUTE.dividedBy(2));
    write(stream, "a");
    stream.end(true);
    pass(MINUTE.minusNanos(1));
    assertThat(streams.kept()).isEqualTo(1);
    pass(Duration.ofNanos(1));
    assertThat(streams.kept()).isZero();
    assertThat(streams.expired()).isEqualTo(1);
    assertThat(cancels).as("it had ended").hasValue(0);
  }

  @Test
  void onlyTheKeyThatBeganAStreamFindsIt() {
    KeyIdentity one = new KeyIdentity("one");
    ResumableStream stream = open(one);
    KeyIdentity other = new KeyIdentity("other");
    assertThat(streams.find(stream.id(), other)).isEmpty();
    assertThat(streams.delete(stream.id(), other)).isFalse();
    assertThat(streams.find(stream.id(), KeyIdentity.NONE)).isEmpty();
    assertThat(cancels).hasValue(0);
    assertThat(streams.find(stream.id(), one)).containsSame(stream);
    assertThat(streams.delete(stream.id(), one)).isTrue();
    assertThat(cancels).hasValue(1);
    assertThat(streams.find(stream.id(), one)).isEmpty();
    assertThat(streams.delete(stream.id(), one)).isFalse();
  }

  @Test
  void aWriterThatWaitsGoesOnWhenItsStreamIsDeleted() throws Exception {
    streams = streams(4 * EVENT, 1 << 20);
    ResumableStream stream = open();
    Thread writer = writer(stream, events(0, 20));
    awaitWaiting(writer);
    FrameSource reader = stream.begin();
    assertThat(streams.delete(stream.id(), KeyIdentity.NONE)).isTrue();
    writer.join();
    assertThat(readAll(reader)).isEqualTo(events(0, 20));
    assertThat(streams.bytes()).isZero();
  }

  @Test
  void aStreamThatEndsWithoutItsLastEventsIsCut() throws Exception {
    ResumableStream stream = open();
    write(stream, "a");
    stream.end(false);
    FrameSource reader = stream.begin();
    assertThat(readAll(reader)).containsExactly("a");
    assertThat(reader.isCut()).isTrue();
    assertThat(stream.endsWith(0)).isFalse();
  }

  @Test
  void whenTheMemoryOfAllIsFullSpentStreamsGoFirst() throws Exception {
    streams = streams(20 * EVENT, 20 * EVENT);
    ResumableStream spent = open();
    writer(spent, events(0, 9)).join();
    FrameSource reader = spent.begin();
    assertThat(readAll(reader)).hasSize(9);
    reader.leave();
    ResumableStream unread = open();
    writer(unread, events(0, 9)).join();
    ResumableStream next = open();
    writer(next, events(0, 9)).join();
    assertThat(streams.find(spent.id(), KeyIdentity.NONE)).isEmpty();
    assertThat(readAll(unread.begin())).isEqualTo(events(0, 9));
    assertThat(streams.bytes()).isLessThanOrEqualTo(20L * EVENT);
  }

  @Test
  void whenTheMemoryOfAllIsFullWritersWithoutAClientWaitAndOthersGoOn() throws Exception {
    streams = streams(20 * EVENT, 20 * EVENT);
    ResumableStream unread = open();
    writer(unread, events(0, 9)).join();
    ResumableStream alsoUnread = open();
    writer(alsoUnread, events(0, 9)).join();
    ResumableStream waiting = open();
    Thread writer = writer(waiting, events(0, 9));
    awaitWaiting(writer);
    ResumableStream read = open();
    Thread other = writer(read, events(0, 50));
    assertThat(readAll(read.begin())).isEqualTo(events(0, 50));
    other.join();
    assertThat(streams.bytes()).isLessThanOrEqualTo(22L * EVENT);
    assertThat(writer.isAlive()).isTrue();
    assertThat(streams.delete(unread.id(), KeyIdentity.NONE)).isTrue();
    writer.join();
    assertThat(readAll(waiting.begin())).isEqualTo(events(0, 9));
  }

  @Test
  void whoWritesCanWaitForTheClientToHaveEverything() throws Exception {
    ResumableStream stream = open();
    write(stream, "a");
    stream.end(true);
    stream.awaitSent();
    FrameSource reader = stream.begin();
    Thread writer = Thread.ofPlatform().daemon().start(stream::awaitSent);
    awaitWaiting(writer);
    assertThat(readPresent(reader)).containsExactly("a");
    writer.join();
    FrameSource slow = stream.after(-1);
    assertThat(read(slow)).isEqualTo("a");
    Thread another = Thread.ofPlatform().daemon().start(stream::awaitSent);
    awaitWaiting(another);
    slow.leave();
    another.join();
  }

  @Test
  void streamsAreGivenUpWithoutBeingAsked() throws Exception {
    streams = new ResumableStreams(new ResumeLimits(MINUTE, 1 << 20, 1 << 20), System::nanoTime);
    CountDownLatch cancelled = new CountDownLatch(3);
    for (int i = 0; i < 3; i++) {
      Duration time = Duration.ofMillis(1 + 20 * i);
      streams.open(KeyIdentity.NONE, new OllamaDialect(), Framing.SSE, time, cancelled::countDown);
    }
    assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(streams.kept()).isZero();
    assertThat(streams.expired()).isEqualTo(3);
  }

  @Test
  void aServerThatStopsCancelsAllStreams() {
    ResumableStream stream = open();
    streams.close();
    assertThat(cancels).hasValue(1);
    assertThat(streams.find(stream.id(), KeyIdentity.NONE)).isEmpty();
    open();
    assertThat(cancels).hasValue(2);
    assertThat(streams.kept()).isZero();
  }
}
