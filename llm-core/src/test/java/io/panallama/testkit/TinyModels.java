package io.panallama.testkit;

import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import io.panallama.testkit.TinySpec.End;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes GGUF files that llama.cpp loads and generates with: random weights, a real tokenizer, no sense.
 *
 * <p>The default model has 0.4 MB and loads in milliseconds. Weights are numbers of a generator that needs no state:
 * SplitMix64 of seed, tensor name and index, spread evenly over an interval of unit variance, so that any piece of any
 * tensor can be made at any time.
 *
 * <p>How likely a token is can be steered because channel 0 of the residual stream carries a constant: every embedding
 * has it, no block adds to it, and the output matrix turns it into a bias per token.
 */
public final class TinyModels {
  /** Added to the logit of a token that must not come, taken from one that must; the constant is some 0.5 by then. */
  private static final float DECISIVE = 1000;

  /** Recurrent models: states per channel, and steps that its convolution sees. */
  private static final int STATE = 16;

  private static final int CONVOLUTION = 4;

  private static final float EPSILON = 1e-5f;

  private final TinySpec spec;
  private final TinyVocabulary vocabulary;
  private final GgufWriter writer = new GgufWriter();

  private TinyModels(TinySpec spec) {
    this.spec = spec;
    this.vocabulary = new TinyVocabulary(spec);
  }

  /** Writes the default model. */
  public static Path write(Path path) {
    return write(path, TinySpec.defaults());
  }

  /** Writes a model and returns its path. */
  public static Path write(Path path, TinySpec spec) {
    return write(path, writer(spec));
  }

  /** What {@link #write} would write, to be changed before it is. */
  public static GgufWriter writer(TinySpec spec) {
    TinyModels model = new TinyModels(spec);
    model.metadata();
    model.weights();
    return model.writer;
  }

  /** The metadata and vocabulary of a model, without weights. */
  public static GgufWriter vocabularyWriter(TinySpec spec) {
    TinyModels model = new TinyModels(spec);
    model.metadata();
    return model.writer;
  }

  /** The vocabulary that a model of this spec has. */
  public static TinyVocabulary vocabulary(TinySpec spec) {
    return new TinyVocabulary(spec);
  }

  static Path write(Path path, GgufWriter writer) {
    try {
      writer.write(path);
      return path;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void metadata() {
    String name = spec.architecture().label();
    writer
        .put("general.architecture", name)
        .put("general.name", "tiny " + name)
        .put(name + ".context_length", spec.contextLength())
        .put(name + ".embedding_length", spec.width())
        .put(name + ".block_count", spec.layers())
        .put(name + ".attention.layer_norm_rms_epsilon", EPSILON)
        .put(name + ".vocab_size", spec.vocabulary());
    switch (spec.architecture()) {
      case TRANSFORMER -> attentionMetadata(name);
      case SLIDING_WINDOW -> {
        attentionMetadata(name);
        writer
            .put(name + ".attention.key_length", headSize())
            .put(name + ".attention.value_length", headSize())
            .put(name + ".attention.sliding_window", spec.slidingWindow())
            .put(name + ".attention.sliding_window_pattern", 2);
      }
      case RECURRENT ->
          writer
              .put(name + ".feed_forward_length", 0)
              .put(name + ".attention.head_count", 0)
              .put(name + ".ssm.conv_kernel", CONVOLUTION)
              .put(name + ".ssm.inner_size", inner())
              .put(name + ".ssm.state_size", STATE)
              .put(name + ".ssm.time_step_rank", rank());
    }
    vocabulary.put(writer);
    if (!spec.template().isEmpty()) {
      writer.put("tokenizer.chat_template", spec.template());
    }
  }

  private void attentionMetadata(String name) {
    writer
        .put(name + ".feed_forward_length", spec.feedForward())
        .put(name + ".attention.head_count", spec.heads())
        .put(name + ".attention.head_count_kv", spec.keyValueHeads())
        .put(name + ".rope.dimension_count", headSize())
        .put(name + ".rope.freq_base", 10000f);
  }

  private void weights() {
    embeddings();
    for (int i = 0; i < spec.layers(); i++) {
      String block = "blk." + i + ".";
      norm(block + "attn_norm.weight", spec.width());
      switch (spec.architecture()) {
        case TRANSFORMER -> {
          attention(block);
          feedForward(block);
        }
        case SLIDING_WINDOW -> {
          attention(block);
          norm(block + "attn_q_norm.weight", headSize());
          norm(block + "attn_k_norm.weight", headSize());
          norm(block + "post_attention_norm.weight", spec.width());
          feedForward(block);
          norm(block + "post_ffw_norm.weight", spec.width());
        }
        case RECURRENT -> recurrence(block);
      }
    }
  }

  private void embeddings() {
    int width = spec.width();
    FloatSource random = random("token_embd.weight", 1);
    writer.tensor(
        "token_embd.weight",
        spec.type(),
        List.of((long) width, (long) vocabulary.size()),
        (first, target, count) -> {
          random.read(first, target, count);
          for (int i = 0; i < count; i++) {
            if ((first + i) % width == 0) {
              target[i] = 1;
            }
          }
        });
    norm("output_norm.weight", width);
    float[] bias = bias();
    FloatSource logits = random("output.weight", 2 / Math.sqrt(width));
    writer.tensor(
        "output.weight",
        spec.type(),
        List.of((long) width, (long) vocabulary.size()),
        (first, target, count) -> {
          logits.read(first, target, count);
          for (int i = 0; i < count; i++) {
            if ((first + i) % width == 0) {
              target[i] = bias[(int) ((first + i) / width)];
            }
          }
        });
  }

  private float[] bias() {
    float[] bias = new float[vocabulary.size()];
    for (int i = 0; i < bias.length; i++) {
      boolean wanted = vocabulary.isText(i) && (!spec.printable() || vocabulary.isPrintable(i));
      if (vocabulary.isEnd(i)) {
        bias[i] = spec.end() == End.NATURAL ? 0 : spec.end() == End.NEVER ? -DECISIVE : DECISIVE;
      } else {
        bias[i] = wanted ? 0 : -DECISIVE;
      }
    }
    return bias;
  }

  private void attention(String block) {
    matrix(block + "attn_q.weight", spec.width(), spec.width());
    matrix(block + "attn_k.weight", spec.width(), spec.keyValueHeads() * headSize());
    matrix(block + "attn_v.weight", spec.width(), spec.keyValueHeads() * headSize());
    residual(block + "attn_output.weight", spec.width());
  }

  private void feedForward(String block) {
    norm(block + "ffn_norm.weight", spec.width());
    matrix(block + "ffn_gate.weight", spec.width(), spec.feedForward());
    matrix(block + "ffn_up.weight", spec.width(), spec.feedForward());
    residual(block + "ffn_down.weight", spec.feedForward());
  }

  private void recurrence(String block) {
    int inner = inner();
    matrix(block + "ssm_in.weight", spec.width(), 2 * inner);
    vector(block + "ssm_conv1d.weight", List.of((long) CONVOLUTION, (long) inner), random(block + "c", 0.5));
    vector(block + "ssm_conv1d.bias", List.of((long) inner), FloatSource.constant(0));
    matrix(block + "ssm_x.weight", inner, rank() + 2 * STATE);
    vector(block + "ssm_dt.weight", List.of((long) rank(), (long) inner), random(block + "dt", 0.1));
    vector(block + "ssm_dt.bias", List.of((long) inner), FloatSource.constant(-2));
    // decay rates -1 ... -STATE, as S4D initializes them
    vector(
        block + "ssm_a",
        List.of((long) STATE, (long) inner),
        (first, target, count) -> {
          for (int i = 0; i < count; i++) {
            target[i] = -1 - (first + i) % STATE;
          }
        });
    vector(block + "ssm_d", List.of((long) inner), FloatSource.constant(1));
    residual(block + "ssm_out.weight", inner);
  }

  private void norm(String name, int length) {
    vector(name, List.of((long) length), FloatSource.constant(1));
  }

  private void vector(String name, List<Long> dimensions, FloatSource source) {
    writer.tensor(name, GgufType.F32, dimensions, source);
  }

  private void matrix(String name, int in, int out) {
    writer.tensor(name, spec.type(), List.of((long) in, (long) out), random(name, 1 / Math.sqrt(in)));
  }

  /** A matrix whose result is added to the residual stream; its row for channel 0 is zero. */
  private void residual(String name, int in) {
    FloatSource random = random(name, 1 / Math.sqrt(in));
    writer.tensor(
        name,
        spec.type(),
        List.of((long) in, (long) spec.width()),
        (first, target, count) -> {
          random.read(first, target, count);
          for (int i = 0; i < count && first + i < in; i++) {
            target[i] = 0;
          }
        });
  }

  private int headSize() {
    return spec.width() / spec.heads();
  }

  /** llama.cpp supports an expansion factor of 2 only. */
  private int inner() {
    return 2 * spec.width();
  }

  private int rank() {
    return spec.width() / 16;
  }

  private FloatSource random(String name, double deviation) {
    long start = spec.seed() * 0x9E3779B97F4A7C15L ^ (long) name.hashCode() << 32;
    double scale = deviation * Math.sqrt(3) * 0x1p-52; // uniform in [-sqrt 3, sqrt 3): variance 1
    return (first, target, count) -> {
      for (int i = 0; i < count; i++) {
        target[i] = (float) (((mix(start + first + i) >>> 11) - 0x1p52) * scale);
      }
    };
  }

  /** The output function of SplitMix64 (Steele, Lea and Flood, 2014), over a counter with its golden-ratio step. */
  private static long mix(long index) {
    long z = index * 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
