package io.panallama.onnx;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * ONNX Runtime on the files of LangChain4j's artifact, with up to 512 tokens of a text and all texts of a request in one batch,
 * padded to the longest: what sentence-transformers does.
 */
final class OnnxRuntimeEncoder implements Encoder {
  private static final String MODEL = "/all-minilm-l6-v2.onnx";
  private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";
  private static final int MOST_TOKENS = 512;

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final HuggingFaceTokenizer tokenizer;

  OnnxRuntimeEncoder(int threads) throws IOException, OrtException {
    try (InputStream model = resource(MODEL);
        InputStream vocabulary = resource(TOKENIZER);
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(model.readAllBytes(), options);
      Map<String, String> settings =
          Map.of("padding", "true", "truncation", "true", "maxLength", Integer.toString(MOST_TOKENS));
      tokenizer = HuggingFaceTokenizer.newInstance(vocabulary, settings);
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(AllMiniLmL6V2EmbeddingModel.class.getResourceAsStream(name), name);
  }

  @Override
  public Encoded encode(List<String> texts) {
    Encoding[] encodings = tokenizer.batchEncode(texts);
    long[][] ids = new long[encodings.length][];
    long[][] masks = new long[encodings.length][];
    long[][] types = new long[encodings.length][];
    for (int i = 0; i < encodings.length; i++) {
      ids[i] = encodings[i].getIds();
      masks[i] = encodings[i].getAttentionMask();
      types[i] = encodings[i].getTypeIds();
    }
    try (OnnxTensor input = OnnxTensor.createTensor(environment, ids);
        OnnxTensor mask = OnnxTensor.createTensor(environment, masks);
        OnnxTensor type = OnnxTensor.createTensor(environment, types);
        OrtSession.Result result =
            session.run(Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", type))) {
      float[][][] rows = (float[][][]) result.get(0).getValue();
      long tokens = 0;
      List<float[]> vectors = new ArrayList<>();
      for (int i = 0; i < rows.length; i++) {
        int length = length(masks[i]);
        tokens += length;
        vectors.add(mean(rows[i], length));
      }
      return new Encoded(vectors, tokens);
    } catch (OrtException failure) {
      throw new IllegalStateException("ONNX Runtime can't compute it: " + failure.getMessage(), failure);
    }
  }

  private static int length(long[] mask) {
    int length = 0;
    for (long token : mask) {
      length += (int) token;
    }
    return length;
  }

  /** The mean of the first rows, scaled to length 1. */
  private static float[] mean(float[][] rows, int count) {
    float[] mean = new float[rows[0].length];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += rows[row][i];
      }
    }
    double squares = 0;
    for (float each : mean) {
      squares += (double) each * each;
    }
    float length = (float) Math.sqrt(squares);
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= length;
    }
    return mean;
  }

  @Override
  public void close() {
    tokenizer.close();
    try {
      session.close();
    } catch (OrtException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
