package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.generation.Generation;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.observe.EngineState;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine thread that ends by an error, and errors while it ends: nobody waits for ever, and everybody is told. */
@Timeout(30)
class EngineFailureTest {
  private static final int VOCABULARY = 200;
  private static final GenerationOptions MANY = GenerationOptions.builder().maxTokens(50).build();

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();

  /** A sampler that can't be closed. */
  private static final class Stubborn implements TokenSampler {
    final AtomicInteger closes = new AtomicInteger();

    @Override
    public void close() {
      closes.incrementAndGet();
      throw new OutOfMemoryError("no memory to close a sampler");
    }
  }

  /** A listener that can't be told. */
  private static final class Deaf implements SequenceListener {
    final AtomicInteger told = new AtomicInteger();

    @Override
    public void ended(int[] tokens) {
      told.incrementAndGet();
      throw new OutOfMemoryError("no memory to hear of the end");
    }

    @Override
    public void failed() {
      told.incrementAndGet();
      throw new OutOfMemoryError("no memory to hear of a failure");
    }
  }

  private EngineFront start(int slots, int queue) {
    return EngineFront.start(
        new EngineSettings("test-engine", slots, queue, 64),
        FakeDecoder.letters(VOCABULARY),
        () -> {
          decoder.set(new FakeDecoder(64, 512, 128, VOCABULARY, slots));
          return decoder.get();
        });
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }

  @Test
  void errorsWhileTheSequencesAreFailedKeepNobodyWaiting() {
    EngineFront engine = start(2, 8);
    CountDownLatch allIn = new CountDownLatch(1);
    decoder.get().beforeDecode =
        fake -> {
          await(allIn);
          throw new OutOfMemoryError("no memory to decode");
        };
    List<Generation> generations = new ArrayList<>();
    List<Stubborn> samplers = new ArrayList<>();
    List<Deaf> listeners = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      samplers.add(new Stubborn());
      listeners.add(new Deaf());
      generations.add(engine.submit(new int[] {1, 2, i}, MANY, List.of(), samplers.get(i), listeners.get(i)));
    }
    allIn.countDown();
    for (Generation generation : generations) {
      assertThatThrownBy(generation::await)
          .isInstanceOf(GenerationException.class)
          .hasMessageContaining("no memory to decode");
    }
    engine.close();
    assertThat(engine.state()).isEqualTo(EngineState.FAILED);
    assertThat(engine.failure()).hasMessage("no memory to decode");
    assertThat(engine.stats().running()).isZero();
    assertThat(engine.stats().waiting()).isZero();
    assertThat(decoder.get().closed).isTrue();
    assertThat(samplers).allSatisfy(sampler -> assertThat(sampler.closes).hasValue(1));
    assertThat(listeners).allSatisfy(listener -> assertThat(listener.told).hasValue(1));
  }

  @Test
  void anErrorWhileASequenceEndsReachesItsReader() {
    EngineFront engine = start(1, 8);
    Generation failing =
        engine.submit(
            new int[] {1, 2},
            MANY.toBuilder().maxTokens(1).build(),
            List.of(),
            new FakeDecoder.FakeSampler(),
            new Deaf());
    assertThatThrownBy(failing::await)
        .isInstanceOf(GenerationException.class)
        .hasMessageContaining("no memory to hear");
    engine.close();
    assertThat(engine.state()).isEqualTo(EngineState.FAILED);
    assertThat(engine.stats().running()).isZero();
  }

  @Test
  void anErrorOfTheIntakeEndsTheEngineAndNotTheWaiting() {
    AtomicInteger polls = new AtomicInteger();
    ConcurrentLinkedQueue<Sequence> inbox =
        new ConcurrentLinkedQueue<>() {
          private static final long serialVersionUID = 1L;

          @Override
          public Sequence poll() {
            if (!isEmpty() && polls.getAndIncrement() == 0) {
              throw new OutOfMemoryError("no memory to poll");
            }
            return super.poll();
          }
        };
    EngineFront engine =
        EngineFront.start(
            new EngineSettings("test-engine", 1, 8, 64),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(64, 512, 128, VOCABULARY, 1));
              return decoder.get();
            },
            inbox,
            System::nanoTime);
    Generation generation = engine.submit(new int[] {1, 2}, MANY, List.of(), new FakeDecoder.FakeSampler(), null);
    assertThatThrownBy(generation::await)
        .isInstanceOf(GenerationException.class)
        .hasMessageContaining("no memory to poll");
    engine.close();
    assertThat(engine.state()).isEqualTo(EngineState.FAILED);
  }

  @Test
  void aDecoderThatCannotBeClosedDoesNotKeepCloseWaiting() {
    EngineFront engine = start(1, 1);
    decoder.get().beforeClose =
        () -> {
          throw new OutOfMemoryError("no memory to close the decoder");
        };
    engine.close();
    assertThat(engine.state()).isEqualTo(EngineState.FAILED);
    assertThatThrownBy(engine::requireOpen)
        .isInstanceOf(EngineFailedException.class)
        .hasRootCauseMessage("no memory to close the decoder");
  }

  @Test
  void aFailureIsLoggedOnceWithItsCause() {
    List<LogRecord> records = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public synchronized void publish(LogRecord record) {
            records.add(record);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.panallama.engine");
    logger.addHandler(handler);
    try {
      EngineFront engine = start(1, 1);
      decoder.get().beforeDecode =
          fake -> {
            throw new IllegalStateException("the fake died");
          };
      Generation generation = engine.submit(new int[] {1, 2}, MANY, List.of(), new FakeDecoder.FakeSampler(), null);
      assertThatThrownBy(generation::await).isInstanceOf(GenerationException.class);
      assertThat(engine.awaitEnd(Duration.ofSeconds(20))).isTrue();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(engine::requireOpen).isInstanceOf(EngineFailedException.class);
      }
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(records)
        .filteredOn(record -> record.getLevel() == Level.SEVERE)
        .singleElement()
        .satisfies(record -> {
          assertThat(record.getThrown()).hasMessage("the fake died");
        });
  }
}
