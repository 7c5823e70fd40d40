package io.panallama.internal.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EmbeddingException;
import io.panallama.error.EmbeddingException.Reason;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.engine.ModelCheck;
import io.panallama.observe.EngineState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The thread that computes, over a model that gives the sum of a text's tokens. */
class EmbeddingFrontTest {
  /** llama.cpp fails on a batch with it. */
  private static final int DEADLY = 13;

  /** It makes a number that is none. */
  private static final int NAN = 17;

  /** An error of ours. */
  private static final int FAULT = 19;

  private final Summing decoder = new Summing();
  private final EmbeddingFront front =
      EmbeddingFront.start(new EmbeddingSettings("test", 1000, 100, ModelCheck.NONE), () -> decoder);

  @AfterEach
  void close() {
    front.close();
    assertThat(decoder.closed).isTrue();
  }

  private static EmbeddingJob job(int... tokens) {
    List<List<int[]>> texts = new ArrayList<>();
    for (int token : tokens) {
      texts.add(List.of(new int[] {1, token}));
    }
    return new EmbeddingJob(5, texts);
  }

  @Test
  void textsAreComputedTogetherAndForgotten() {
    assertThat(front.compute(job(1, 2, 3))).isDeepEqualTo(new float[][] {{2}, {3}, {4}});
    assertThat(decoder.batches).containsExactly(3);
    assertThat(decoder.remembered).isEmpty();
    assertThat(front.compute(job(5))).isDeepEqualTo(new float[][] {{6}});
  }

  @Test
  void onlyTheJobWhoseTextFailsFails() throws Exception {
    decoder.gate = new CountDownLatch(1);
    CompletableFuture<float[][]> first = CompletableFuture.supplyAsync(() -> front.compute(job(1)));
    decoder.entered.await();
    CompletableFuture<float[][]> bad = CompletableFuture.supplyAsync(() -> front.compute(job(2, DEADLY)));
    CompletableFuture<float[][]> good = CompletableFuture.supplyAsync(() -> front.compute(job(3)));
    while (front.waiting() < 3) {
      Thread.onSpinWait();
    }
    decoder.gate.countDown();
    assertThat(first.get()).isDeepEqualTo(new float[][] {{2}});
    assertThat(good.get()).isDeepEqualTo(new float[][] {{4}});
    assertThatThrownBy(bad::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            EmbeddingException.class, failure -> assertThat(failure.reason()).isEqualTo(Reason.COMPUTE_FAILED))
        .hasMessageContaining("it broke");
  }

  @Test
  void aNumberThatIsNoneIsReported() {
    assertThatExceptionOfType(EmbeddingException.class)
        .isThrownBy(() -> front.compute(job(1, NAN)))
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(Reason.NOT_FINITE))
        .withMessageContaining("texts[1]");
    assertThat(front.compute(job(1))).isDeepEqualTo(new float[][] {{2}});
  }

  @Test
  void anErrorEndsTheEmbedderAndIsTold() {
    assertThatThrownBy(() -> front.compute(job(FAULT)))
        .isInstanceOf(EngineFailedException.class)
        .hasRootCauseMessage("a fault");
    assertThatThrownBy(() -> front.compute(job(1))).isInstanceOf(EngineFailedException.class);
    assertThat(front.state()).isEqualTo(EngineState.FAILED);
    assertThat(front.failure()).hasMessage("a fault");
  }

  @Test
  void closingTellsThoseWhoWait() throws Exception {
    decoder.gate = new CountDownLatch(1);
    CompletableFuture<float[][]> running = CompletableFuture.supplyAsync(() -> front.compute(job(1)));
    decoder.entered.await();
    CompletableFuture<float[][]> waiting = CompletableFuture.supplyAsync(() -> front.compute(job(2)));
    while (front.waiting() < 1) {
      Thread.onSpinWait();
    }
    Thread closer = Thread.ofVirtual().start(front::close);
    while (front.state() != EngineState.CLOSED) {
      Thread.onSpinWait();
    }
    decoder.gate.countDown();
    assertThatThrownBy(waiting::join).cause().isInstanceOf(EngineClosedException.class);
    running.exceptionally(_ -> new float[0][]).join();
    closer.join();
    assertThatThrownBy(() -> front.compute(job(1))).isInstanceOf(EngineClosedException.class);
  }

  @Test
  void anInterruptedCallerLeaves() throws Exception {
    decoder.gate = new CountDownLatch(1);
    CompletableFuture<float[][]> running = CompletableFuture.supplyAsync(() -> front.compute(job(1)));
    decoder.entered.await();
    CompletableFuture<Throwable> seen = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                front.compute(job(2));
              } catch (EmbeddingException left) {
                seen.complete(Thread.currentThread().isInterrupted() ? left : null);
              }
            });
    while (front.waiting() < 1) {
      Thread.onSpinWait();
    }
    caller.interrupt();
    assertThat(seen.get())
        .isInstanceOfSatisfying(
            EmbeddingException.class, left -> assertThat(left.reason()).isEqualTo(Reason.INTERRUPTED));
    assertThat(front.waiting()).isZero();
    decoder.gate.countDown();
    running.join();
  }

  /** Adds up the tokens of each sequence. */
  private static final class Summing implements Decoder, Batch, Outputs, KvMemory {
    private final Map<Integer, Float> rows = new TreeMap<>();
    private final Map<Integer, Integer> remembered = new TreeMap<>();
    private final List<Integer> batches = new ArrayList<>();
    private final CountDownLatch entered = new CountDownLatch(1);
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile boolean closed;
    private boolean deadly;
    private boolean fault;

    @Override
    public int sequenceIds() {
      return 8;
    }

    @Override
    public int sequenceContextSize() {
      return 100;
    }

    @Override
    public Batch batch() {
      return this;
    }

    @Override
    public KvMemory memory() {
      return this;
    }

    @Override
    public Outputs outputs() {
      return this;
    }

    @Override
    public StateStore states() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Status decode() {
      entered.countDown();
      try {
        gate.await();
      } catch (InterruptedException never) {
        throw new AssertionError(never);
      }
      if (fault) {
        throw new IllegalStateException("a fault");
      }
      batches.add(rows.size());
      return deadly ? Status.FAILED : Status.OK;
    }

    @Override
    public String failure() {
      return "it broke";
    }

    @Override
    public void requestAbort() {}

    @Override
    public void clearAbort() {}

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public int capacity() {
      return 100;
    }

    @Override
    public int outputCapacity() {
      return 100;
    }

    @Override
    public void clear() {
      rows.clear();
      deadly = false;
      fault = false;
    }

    @Override
    public int addToken(int token, int position, int sequence, boolean output) {
      assertThat(remembered.merge(sequence, 1, Integer::sum)).isEqualTo(position + 1);
      assertThat(output).isTrue();
      rows.merge(sequence, token == NAN ? Float.NaN : token, Float::sum);
      deadly |= token == DEADLY;
      fault |= token == FAULT;
      return 0;
    }

    @Override
    public int pooledSize() {
      return 1;
    }

    @Override
    public void pooled(int sequence, float[] into) {
      into[0] = rows.get(sequence);
    }

    @Override
    public int contextSize() {
      return 100;
    }

    @Override
    public Rewind rewind() {
      return Rewind.ALWAYS;
    }

    @Override
    public boolean isOnHost() {
      return true;
    }

    @Override
    public boolean sharesPrefixes() {
      return false;
    }

    @Override
    public boolean share(int from, int to, int length) {
      return false;
    }

    @Override
    public boolean removeFrom(int sequence, int position) {
      return false;
    }

    @Override
    public void remove(int sequence) {
      remembered.remove(sequence);
    }

    @Override
    public void clearSamples() {}

    @Override
    public void addSample(TokenSampler sampler, int row, int topLogprobs) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void sample() {}

    @Override
    public int sampledToken(int index) {
      throw new UnsupportedOperationException();
    }

    @Override
    public float sampledLogprob(int index) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int topCount(int index) {
      return 0;
    }

    @Override
    public int topToken(int index, int rank) {
      throw new UnsupportedOperationException();
    }

    @Override
    public float topLogprob(int index, int rank) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String sampleFailure() {
      return "";
    }
  }
}
