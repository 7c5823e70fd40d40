package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.internal.decode.Lineage;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.internal.schedule.RequestClock;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Mailbox;
import io.panallama.internal.stream.ReaderListener;
import io.panallama.internal.stream.StopMatcher;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class SequenceTest {
  private static final ReaderListener NOBODY =
      new ReaderListener() {
        @Override
        public void caughtUp() {}

        @Override
        public void cancelled(EngineGeneration generation) {}
      };

  private final Mailbox mailbox = new Mailbox(8, 8, 0);
  private final EngineGeneration generation = new EngineGeneration(1, 0, mailbox, false, NOBODY);
  private final Sequence sequence =
      new Sequence(
          generation,
          new RequestClock(() -> 0),
          new FakeSampler(),
          new StopMatcher(List.of(), 1),
          Lineage.EMPTY,
          new int[5],
          100,
          GenerationOptions.defaults(),
          Schedulable.NO_DEADLINE,
          null);

  private void fillMailbox() {
    while (mailbox.hasRoom()) {
      mailbox.write(1, new byte[1], 0, 1);
      mailbox.publish();
    }
  }

  @Test
  void aSequenceWhoseReaderIsBehindPausesUntilHalfOfTheMailboxIsFree() throws InterruptedException {
    fillMailbox();
    assertThat(sequence.isPaused()).as("a query alone changes nothing").isFalse();
    sequence.updateBackpressure(0);
    assertThat(sequence.isPaused()).isTrue();
    generation.poll(Duration.ZERO);
    sequence.updateBackpressure(0);
    assertThat(sequence.isPaused()).as("one entry is free").isTrue();
    for (int read = 1; read < 4; read++) {
      generation.poll(Duration.ZERO);
    }
    assertThat(sequence.isPaused()).as("a query alone changes nothing").isTrue();
    sequence.updateBackpressure(0);
    assertThat(sequence.isPaused()).as("half of the mailbox is free").isFalse();
  }

  @Test
  void aWrongOrderIsNamed() {
    sequence.activate();
    assertThatThrownBy(sequence::activate)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("activate on a sequence that is ACTIVE");
    sequence.finish();
    assertThatThrownBy(() -> sequence.append(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("append to a finished sequence");
  }
}
