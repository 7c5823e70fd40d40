package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.internal.stream.SingleReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When tokens are sent, and that all of them are. */
@Timeout(60)
class PumpTest {
  private static final GenerationEvent END =
      new GenerationEvent.Finished(
          FinishReason.LENGTH, new Usage(1, 0, 1, 0), new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO));

  private final Frames frames = new Frames();
  private final Pump pump = new Pump(frames, _ -> {});

  /** What was sent, by the thread that sent it. */
  private static final class Frames implements Wire {
    private final List<String> texts = Collections.synchronizedList(new ArrayList<>());

    /** What the next frame of events says of the length of the prompt. */
    private volatile int accepted;

    private final List<Thread> senders = Collections.synchronizedList(new ArrayList<>());

    List<String> texts() {
      synchronized (texts) {
        return List.copyOf(texts);
      }
    }

    @Override
    public void send(Output out) {
      byte[] bytes = out.toBytes();
      Input in = new Input(bytes, 5, bytes.length);
      assertThat(in.number()).isEqualTo(1);
      if (bytes[4] == FrameKind.ACCEPTED.ordinal()) {
        texts.add("accepted " + in.integer());
        return;
      }
      assertThat(in.integer()).isEqualTo(accepted);
      assertThat(in.integers()).isEmpty();
      StringBuilder text = new StringBuilder();
      for (GenerationEvent event : in.list(EventCodec::read)) {
        text.append(event instanceof GenerationEvent.Text piece ? piece.text() : "!");
      }
      senders.add(Thread.currentThread());
      texts.add(text.toString());
    }

    @Override
    public @Nullable Frame receive() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }

  /** Has the events that a test puts into it. */
  private static final class Scripted extends SingleReader {
    final Queue<GenerationEvent> events = new ConcurrentLinkedQueue<>();

    void token(int number) {
      events.add(new GenerationEvent.Text(number + " ", List.of()));
    }

    @Override
    protected Optional<GenerationEvent> next(Duration timeout) {
      return Optional.ofNullable(events.poll());
    }

    @Override
    protected Optional<GenerationEvent> nextOfMany() {
      return next(Duration.ZERO);
    }

    @Override
    public long id() {
      return 1;
    }

    @Override
    public OptionalInt promptTokens() {
      return OptionalInt.empty();
    }

    @Override
    public void cancel() {}

    @Override
    public void close() {}
  }

  private Outgoing outgoing(Generation generation) {
    Outgoing outgoing = new Outgoing(1, 1 << 20);
    outgoing.started(generation, 1);
    outgoing.tell(new Output());
    return outgoing;
  }

  private String sent() {
    return String.join("", frames.texts());
  }

  @Test
  void theFirstTokenIsSentBeforeTheStepIsOver() throws IOException {
    Scripted generation = new Scripted();
    pump.start();
    pump.add(outgoing(generation), false);
    assertThat(frames.texts()).isEmpty();
    pump.began();
    generation.token(0);
    pump.ended(true);
    assertThat(frames.texts()).containsExactly("0 ");
    assertThat(frames.senders).containsExactly(Thread.currentThread());
  }

  @Test
  void aTokenOfAStepThatHasEndedBeforeTheGenerationWasAddedIsSent() throws IOException {
    Scripted generation = new Scripted();
    pump.start();
    generation.token(0);
    pump.add(outgoing(generation), false);
    assertThat(frames.texts()).containsExactly("0 ");
  }

  @Test
  void tokensOfShortStepsAreSentTogetherAndNoneIsLost() throws Exception {
    int steps = 20_000;
    Scripted generation = new Scripted();
    StringBuilder all = new StringBuilder();
    pump.start();
    pump.add(outgoing(generation), false);
    long begin = System.nanoTime();
    for (int i = 0; i < steps; i++) {
      pump.began();
      generation.token(i);
      all.append(i).append(' ');
      pump.ended(true);
    }
    generation.events.add(END);
    pump.began();
    pump.ended(false);
    while (!sent().endsWith("!")) {
      Thread.sleep(1);
    }
    long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    // A text of this length is not shown.
    assertThat(sent().equals(all + "!")).as("all tokens were sent, in order").isTrue();
    // The first by itself, the end perhaps, and what came while the pump was woken for the second.
    assertThat((long) frames.texts().size()).isLessThanOrEqualTo(4 + 2 * milliseconds);
  }

  /** One frame tells both, so that the supervisor and the caller are woken once. */
  @Test
  void theFirstTokenTellsThatItIsAccepted() throws Exception {
    Scripted generation = new Scripted();
    pump.start();
    generation.token(0);
    Outgoing outgoing = new Outgoing(1, 1 << 20);
    outgoing.started(generation, 7);
    frames.accepted = 8;
    pump.add(outgoing, false);
    assertThat(frames.texts()).containsExactly("0 ");
    frames.accepted = 0;
    pump.began();
    generation.token(1);
    pump.ended(true);
    while (!sent().equals("0 1 ")) {
      Thread.sleep(1);
    }
  }

  @Test
  void whatHasNoTokenInAMomentIsToldByItself() throws Exception {
    Scripted generation = new Scripted();
    pump.start();
    Outgoing outgoing = new Outgoing(1, 1 << 20);
    outgoing.started(generation, 7);
    pump.add(outgoing, false);
    assertThat(frames.texts()).containsExactly("accepted 7");
    pump.began();
    generation.token(0);
    pump.ended(true);
    assertThat(frames.texts()).containsExactly("accepted 7", "0 ");
  }

  /** Without an end, and with no further step that would wake the pump. */
  @Test
  void theLastTokenBeforeALongStepIsNotHeldBack() throws Exception {
    Scripted generation = new Scripted();
    pump.start();
    pump.add(outgoing(generation), false);
    for (int i = 0; i < 100; i++) {
      pump.began();
      generation.token(i);
      pump.ended(true);
    }
    while (!sent().endsWith(" 99 ")) {
      Thread.sleep(1);
    }
  }
}
