package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.TestEngines;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.Outputs;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The roles of the seam on a real context. */
@Timeout(120)
class NativeDecoderTest {
  private static final int CELLS = 256;

  @TempDir Path folder;
  private ModelHandle model;
  private NativeDecoder decoder;

  @BeforeEach
  void create() {
    Natives.load();
    model = ModelHandle.load(TinyModels.write(folder.resolve("tiny.gguf")), ModelConfig.defaults());
    EngineConfig config =
        TestEngines.config().toBuilder().contextSize(CELLS).batchSize(CELLS).microBatchSize(32).slots(2).build();
    decoder = NativeDecoder.create(model, config);
  }

  @AfterEach
  void close() {
    decoder.close();
    model.close();
    assertThat(model.isFreed()).isTrue();
  }

  private void compute(int sequence, int first, int count) {
    decoder.batch().clear();
    for (int i = 0; i < count; i++) {
      decoder.batch().addToken(40 + i % 50, first + i, sequence, false);
    }
    assertThat(decoder.decode()).isEqualTo(Status.OK);
  }

  private int sample(SamplerChain chain, int row) {
    Outputs outputs = decoder.outputs();
    outputs.clearSamples();
    outputs.addSample(chain, row, 0);
    outputs.sample();
    return outputs.sampledToken(0);
  }

  /** One step verifies three tokens that four steps gave one by one. */
  @Test
  void aSequenceMayHaveSeveralOutputsInAStep() {
    try (SamplerChain chain = SamplerChain.create(model, Sampling.greedy(), new int[0])) {
      compute(0, 0, 20);
      List<Integer> tokens = new ArrayList<>(List.of(7));
      for (int i = 0; i < 4; i++) {
        decoder.batch().clear();
        int row = decoder.batch().addToken(tokens.getLast(), 20 + i, 0, true);
        assertThat(decoder.decode()).isEqualTo(Status.OK);
        tokens.add(sample(chain, row));
      }

      assertThat(decoder.memory().removeFrom(0, 20)).isTrue();
      decoder.batch().clear();
      int[] rows = new int[4];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = decoder.batch().addToken(tokens.get(i), 20 + i, 0, true);
      }
      assertThat(decoder.decode()).isEqualTo(Status.OK);
      for (int i = 0; i < rows.length; i++) {
        assertThat(sample(chain, rows[i])).isEqualTo(tokens.get(i + 1));
      }
    }
  }

  /** The scores of a prompt are to the last bit what sampling reports for the same rows, whichever threads compute them. */
  @Test
  void theScoresOfAPromptAreThoseOfItsSamples() {
    int rows = Outputs.PROMPT_ROWS;
    int[] tokens = new int[rows + 1];
    float[] logprobs = new float[rows];
    int[][] top = new int[rows][3];
    float[][] topLogprobs = new float[rows][3];
    Outputs outputs = decoder.outputs();
    decoder.batch().clear();
    for (int i = 0; i < rows; i++) {
      decoder.batch().addToken(40 + i % 50, i, 0, true);
    }
    assertThat(decoder.decode()).isEqualTo(Status.OK);
    for (int i = 0; i < rows; i++) {
      // Sampled at random, so that the tokens are not only the likeliest.
      Sampling sampling = Sampling.builder().temperature(3).topK(0).topP(1).minP(0).seed(i).build();
      try (SamplerChain chain = SamplerChain.create(model, sampling, new int[0])) {
        outputs.clearSamples();
        outputs.addSample(chain, i, 3);
        outputs.sample();
        tokens[i + 1] = outputs.sampledToken(0);
        logprobs[i] = outputs.sampledLogprob(0);
        for (int rank = 0; rank < 3; rank++) {
          top[i][rank] = outputs.topToken(0, rank);
          topLogprobs[i][rank] = outputs.topLogprob(0, rank);
        }
      }
    }
    assertThat(outputs.scorePrompt(0, tokens, 1, rows, 3)).isTrue();
    for (int i = 0; i < rows; i++) {
      assertThat(outputs.promptLogprob(i)).isEqualTo(logprobs[i]);
      for (int rank = 0; rank < 3; rank++) {
        assertThat(outputs.promptTopToken(i, rank)).isEqualTo(top[i][rank]);
        assertThat(outputs.promptTopLogprob(i, rank)).isEqualTo(topLogprobs[i][rank]);
      }
    }
    assertThat(outputs.scorePrompt(5, tokens, 6, 1, 0)).isTrue();
    assertThat(outputs.promptLogprob(0)).isEqualTo(logprobs[5]);
  }

  @Test
  void rowsWithoutOutputsCantBeScored() {
    compute(0, 0, 4);
    assertThat(decoder.outputs().scorePrompt(2, new int[] {1, 2}, 0, 2, 1)).isFalse();
    assertThat(decoder.outputs().promptFailure()).contains("no logits at output index");
    assertThatThrownBy(() -> decoder.outputs().scorePrompt(0, new int[100], 0, 100, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** llama.cpp asserts that a step has no more outputs than its context was made for. */
  @Test
  void moreOutputsThanTheContextHasRoomForAreRefused() {
    Batch batch = decoder.batch();
    batch.clear();
    for (int i = 0; i < batch.outputCapacity(); i++) {
      batch.addToken(1, i, 0, true);
    }
    int next = batch.outputCapacity();
    assertThatThrownBy(() -> batch.addToken(1, next, 0, true)).isInstanceOf(IllegalArgumentException.class);
    batch.addToken(1, next, 0, false);
    assertThat(decoder.decode()).isEqualTo(Status.OK);
  }

  @Test
  void aContextThatGeneratesTakesNoEmbeddingsAndPoolsNothing() {
    assertThat(decoder.batch().embeddingSize()).isZero();
    assertThatThrownBy(() -> decoder.batch().addEmbedding(FloatBuffer.allocate(64), new int[] {0}, 0, true))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(decoder.outputs().pooledSize()).isZero();
    assertThat(decoder.memory().isNone()).isFalse();
    assertThat(decoder.memory().contextSize()).isEqualTo(CELLS);
  }

  /** llama.cpp warns of a full cache; the engine makes room, so a user hears nothing of it. */
  @Test
  void aFullCacheIsAStatusAndNoTrouble() {
    Logger logger = Logger.getLogger("io.panallama.llama.cpp");
    List<String> seen = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.INFO.intValue()) {
              seen.add(record.getMessage());
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    compute(0, 0, CELLS);
    logger.addHandler(handler);
    try {
      decoder.batch().clear();
      decoder.batch().addToken(1, 0, 1, true);
      assertThat(decoder.decode()).isEqualTo(Status.NO_ROOM);
      decoder.memory().remove(0);
      assertThat(decoder.decode()).isEqualTo(Status.OK);
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(seen).isEmpty();
  }
}
