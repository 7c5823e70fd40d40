package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.TokenSampler;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What the engine does not do yet and the seam can express: verifying tokens that were computed on trial, embeddings in
 * place of tokens, pooled outputs, and a context without a memory. Each is a small driver against {@link Decoder} alone.
 */
class DecoderSeamTest {
  private static final int VOCABULARY = 50;
  private static final int SEQUENCE = 1;

  private final FakeDecoder fake = new FakeDecoder(16, 64, 64, VOCABULARY, 3);

  /** Speculation: a draft is computed in one step, and the sampler decides how much of it holds. */
  private static final class Verifier {
    private final Decoder decoder;
    private final TokenSampler sampler;
    private int length;

    Verifier(Decoder decoder, TokenSampler sampler) {
      this.decoder = decoder;
      this.sampler = sampler;
    }

    /** Computes all of a prompt but its last token. */
    void prefill(int[] prompt) {
      Batch batch = decoder.batch();
      batch.clear();
      for (int i = 0; i < prompt.length - 1; i++) {
        batch.addToken(prompt[i], length++, SEQUENCE, false);
      }
      assertThat(decoder.decode()).isEqualTo(Status.OK);
    }

    /**
     * One step with an output at every row.
     *
     * @param last the token before the draft, which is not computed yet
     * @return the tokens of the draft that held, and the one that the model gives behind them
     */
    List<Integer> step(int last, int... draft) {
      Batch batch = decoder.batch();
      batch.clear();
      int[] rows = new int[draft.length + 1];
      rows[0] = batch.addToken(last, length, SEQUENCE, true);
      for (int i = 0; i < draft.length; i++) {
        rows[i + 1] = batch.addToken(draft[i], length + 1 + i, SEQUENCE, true);
      }
      assertThat(decoder.decode()).isEqualTo(Status.OK);
      List<Integer> tokens = new ArrayList<>();
      Outputs outputs = decoder.outputs();
      for (int row : rows) {
        outputs.clearSamples();
        outputs.addSample(sampler, row, 0);
        outputs.sample();
        int token = outputs.sampledToken(0);
        tokens.add(token);
        if (tokens.size() > draft.length || token != draft[tokens.size() - 1]) {
          break;
        }
      }
      length += tokens.size();
      assertThat(decoder.memory().removeFrom(SEQUENCE, length)).isTrue();
      return tokens;
    }
  }

  @Test
  void aDraftOfThreeTokensIsVerifiedWithFourOutputs() {
    int[] prompt = {3, 1, 4, 1, 5};
    int[] expected = FakeDecoder.expected(prompt, 8, VOCABULARY);
    Verifier verifier = new Verifier(fake, new FakeDecoder.FakeSampler());
    verifier.prefill(prompt);

    int[] held = Arrays.copyOf(expected, 3);
    assertThat(verifier.step(5, held)).containsExactly(expected[0], expected[1], expected[2], expected[3]);
    assertThat(fake.steps.getLast().outputs()).isEqualTo(4);

    int wrong = (expected[5] + 1) % VOCABULARY;
    assertThat(verifier.step(expected[3], expected[4], wrong, expected[6])).containsExactly(expected[4], expected[5]);
    assertThat(verifier.step(expected[5])).containsExactly(expected[6]);
    assertThat(fake.cells()).isEqualTo(prompt.length + 6);
  }

  @Test
  void rowsOfABatchCanBeEmbeddings() {
    fake.embeddingSize = 2;
    FloatBuffer patches = FloatBuffer.wrap(new float[] {0.5f, 1, -0.5f, 2});
    Batch batch = fake.batch();
    batch.clear();
    batch.addToken(7, 0, SEQUENCE, false);
    assertThatThrownBy(() -> batch.addEmbedding(patches, new int[] {1}, SEQUENCE, false))
        .isInstanceOf(IllegalStateException.class);
    assertThat(fake.decode()).isEqualTo(Status.OK);

    batch.clear();
    batch.addEmbedding(patches, new int[] {1}, SEQUENCE, false);
    assertThat(patches.position()).isZero();
    int row = batch.addEmbedding(patches.position(2), new int[] {2}, SEQUENCE, true);
    assertThat(fake.decode()).isEqualTo(Status.OK);
    Outputs outputs = fake.outputs();
    outputs.clearSamples();
    outputs.addSample(new FakeDecoder.FakeSampler(), row, 0);
    outputs.sample();
    int[] seen = {
      7, fake.embedded(FloatBuffer.wrap(new float[] {0.5f, 1})), fake.embedded(FloatBuffer.wrap(new float[] {-0.5f, 2}))
    };
    assertThat(outputs.sampledToken(0)).isEqualTo(FakeDecoder.expected(seen, 1, VOCABULARY)[0]);
  }

  @Test
  void aContextWithoutEmbeddingsSaysSo() {
    assertThat(fake.batch().embeddingSize()).isZero();
    assertThatThrownBy(() -> fake.batch().addEmbedding(FloatBuffer.allocate(2), new int[] {0}, SEQUENCE, false))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void aPooledVectorOfEachSequenceIsRead() {
    fake.pooledSize = 2;
    fake.encoder = true;
    assertThat(pooled(fake, new int[] {1, 2, 3}, new int[] {10, 20}))
        .containsExactly(new float[] {1, 3}, new float[] {10, 30});
    // Nothing is remembered: the next texts begin at position 0 in the same sequences.
    assertThat(pooled(fake, new int[] {4}, new int[] {5})).containsExactly(new float[] {4, 4}, new float[] {5, 5});
  }

  /** Embeds texts, each a sequence of one batch with an output at every row. */
  private static List<float[]> pooled(Decoder decoder, int[]... texts) {
    Batch batch = decoder.batch();
    batch.clear();
    for (int sequence = 0; sequence < texts.length; sequence++) {
      for (int position = 0; position < texts[sequence].length; position++) {
        batch.addToken(texts[sequence][position], position, sequence, true);
      }
    }
    assertThat(decoder.decode()).isEqualTo(Status.OK);
    List<float[]> vectors = new ArrayList<>();
    for (int sequence = 0; sequence < texts.length; sequence++) {
      float[] vector = new float[decoder.outputs().pooledSize()];
      decoder.outputs().pooled(sequence, vector);
      vectors.add(vector);
    }
    return vectors;
  }

  @Test
  void aContextThatDoesNotPoolSaysSo() {
    assertThat(fake.outputs().pooledSize()).isZero();
    assertThatThrownBy(() -> fake.outputs().pooled(SEQUENCE, new float[0]))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void anEncoderHasNoMemory() {
    fake.encoder = true;
    KvMemory memory = fake.memory();
    assertThat(memory.isNone()).isTrue();
    assertThat(memory.contextSize()).isZero();
    assertThat(memory.rewind()).isEqualTo(KvMemory.Rewind.NEVER);
    assertThat(memory.sharesPrefixes()).isFalse();
    assertThat(memory.share(0, 1, 1)).isFalse();
    assertThat(memory.removeFrom(SEQUENCE, 1)).isTrue();
    memory.remove(SEQUENCE);
    fake.encoder = false;
    assertThat(fake.memory().isNone()).isFalse();
  }
}
