package io.panallama.testkit;

import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A tiny Qwen3-Reranker: a decoder with random weights, the byte-pair vocabulary of {@link TinyModels}, a template, and a
 * head whose outputs are "yes" and "no".
 */
public final class TinyQwen {
  /** The trained context. */
  public static final int CONTEXT = 256;

  private static final int WIDTH = 64;
  private static final int HEADS = 2;
  private static final int FEED_FORWARD = 64;
  private static final String TEMPLATE = "<|im_start|>user\n{query}\n{document}<|im_end|>\n<|im_start|>assistant\n";

  private final Random random = new Random(11);
  private final float[] head = new float[2 * WIDTH];
  private final GgufWriter writer = TinyModels.vocabularyWriter(TinySpec.defaults());

  /** Makes the model. */
  public TinyQwen() {
    for (String key :
        List.of(
            "context_length",
            "embedding_length",
            "block_count",
            "vocab_size",
            "feed_forward_length",
            "attention.layer_norm_rms_epsilon",
            "attention.head_count",
            "attention.head_count_kv",
            "rope.dimension_count",
            "rope.freq_base")) {
      writer.remove("llama." + key);
    }
    writer
        .put("general.architecture", "qwen3")
        .put("qwen3.context_length", CONTEXT)
        .put("qwen3.embedding_length", WIDTH)
        .put("qwen3.block_count", 1)
        .put("qwen3.feed_forward_length", FEED_FORWARD)
        .put("qwen3.attention.head_count", HEADS)
        .put("qwen3.attention.head_count_kv", HEADS)
        .put("qwen3.attention.layer_norm_rms_epsilon", 1e-6f)
        .put("qwen3.pooling_type", 4)
        .put("qwen3.classifier.output_labels", List.of("yes", "no"))
        .put("tokenizer.chat_template.rerank", TEMPLATE);
    matrix("token_embd.weight", TinyModels.vocabulary(TinySpec.defaults()).size());
    ones("output_norm.weight", WIDTH);
    ones("blk.0.attn_norm.weight", WIDTH);
    ones("blk.0.ffn_norm.weight", WIDTH);
    ones("blk.0.attn_q_norm.weight", WIDTH / HEADS);
    ones("blk.0.attn_k_norm.weight", WIDTH / HEADS);
    for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
      matrix("blk.0." + name + ".weight", WIDTH);
    }
    matrix("blk.0.ffn_gate.weight", FEED_FORWARD);
    matrix("blk.0.ffn_up.weight", FEED_FORWARD);
    matrix("blk.0.ffn_down.weight", WIDTH);
    System.arraycopy(matrix("cls.output.weight", 2), 0, head, 0, head.length);
  }

  private float[] matrix(String name, int out) {
    float[] values = new float[WIDTH * out];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt(WIDTH));
    }
    writer.tensor(name, GgufType.F32, List.of((long) WIDTH, (long) out), FloatSource.of(values));
    return values;
  }

  private void ones(String name, int length) {
    writer.tensor(name, GgufType.F32, List.of((long) length), FloatSource.constant(1));
  }

  /** What {@link #write} writes, to be changed before it is. */
  public GgufWriter writer() {
    return writer;
  }

  /** Writes the model and returns its path. */
  public Path write(Path path) {
    return TinyModels.write(path, writer);
  }

  /** A prompt as the template has it. */
  public static String prompt(String query, String document) {
    return TEMPLATE.replace("{query}", query).replace("{document}", document);
  }

  /** The probability of "yes" after a token with this vector. */
  public float score(float[] vector) {
    double yes = 0;
    double no = 0;
    for (int i = 0; i < WIDTH; i++) {
      yes += head[i] * vector[i];
      no += head[WIDTH + i] * vector[i];
    }
    return (float) (1 / (1 + Math.exp(no - yes)));
  }
}
