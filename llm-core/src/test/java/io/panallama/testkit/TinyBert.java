package io.panallama.testkit;

import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A tiny BERT: an encoder with random weights and a WordPiece vocabulary of letters, digits and a few words. It also
 * computes what the model should give, in plain Java, as Devlin et al. (2018) describe it, with the GELU that llama.cpp
 * uses. It may have a head that ranks or classifies ({@link #withHead}), and there is one with rotary positions
 * ({@link #nomic}).
 */
public final class TinyBert {
  /** The trained context. */
  public static final int CONTEXT = 64;

  /** The id of [CLS]. */
  public static final int CLS = 2;

  /** The id of [SEP]. */
  public static final int SEP = 3;

  private static final int WIDTH = 32;
  private static final int HEADS = 2;
  private static final int FEED_FORWARD = 64;
  private static final int LAYERS = 2;
  private static final float EPSILON = 1e-12f;
  private static final String WORD_BEGIN = "\u2581";

  private static final double ROPE_BASE = 10000;

  private final long seed;

  /** Whether it is a {@code nomic-bert}: rotary positions, and a feed-forward layer with a gate and without biases. */
  private final boolean nomic;

  private final List<String> vocabulary = new ArrayList<>();
  private final Map<String, float[]> weights = new LinkedHashMap<>();
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  /** The labels of its head; empty for a head of a single output without a label, or none at all. */
  private List<String> labels = List.of();

  /** Makes the model; equal seeds give equal ones. */
  public TinyBert(long seed) {
    this(seed, false);
  }

  private TinyBert(long seed, boolean nomic) {
    this.seed = seed;
    this.nomic = nomic;
    vocabulary.addAll(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
    for (char c = 'a'; c <= 'z'; c++) {
      vocabulary.add(WORD_BEGIN + c);
      vocabulary.add(String.valueOf(c));
    }
    for (String word : List.of("the", "llama", "sings", ".", ",", "?")) {
      vocabulary.add(WORD_BEGIN + word);
    }
    Random random = new Random(seed);
    matrix(random, "token_embd.weight", WIDTH, vocabulary.size(), 1);
    if (!nomic) {
      matrix(random, "position_embd.weight", WIDTH, CONTEXT, 1);
    }
    matrix(random, "token_types.weight", WIDTH, 2, 1);
    norm(random, "token_embd_norm");
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "blk." + layer + ".";
      for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
        linear(random, block + name, WIDTH, WIDTH);
      }
      norm(random, block + "attn_output_norm");
      linear(random, block + "ffn_up", WIDTH, FEED_FORWARD);
      linear(random, block + "ffn_down", FEED_FORWARD, WIDTH);
      if (nomic) {
        matrix(random, block + "ffn_gate.weight", WIDTH, FEED_FORWARD, 1 / Math.sqrt(WIDTH));
        remove(block + "ffn_up.bias");
        remove(block + "ffn_down.bias");
      }
      norm(random, block + "layer_output_norm");
    }
  }

  /** A model of Nomic's kind (Nussbaum et al., 2024): rotary positions, and SiLU with a gate. */
  public static TinyBert nomic(long seed) {
    return new TinyBert(seed, true);
  }

  /**
   * The same model with a head on the vector of its first token.
   *
   * @param dense whether there is a layer with tanh in front of the last one, as in RoBERTa
   * @param names the labels; without any there is a single output, as a reranker has
   */
  public TinyBert withHead(boolean dense, String... names) {
    TinyBert other = new TinyBert(seed, nomic);
    other.labels = List.of(names);
    Random random = new Random(seed + 1);
    if (dense) {
      other.linear(random, "cls", WIDTH, WIDTH);
    }
    other.linear(random, "cls.output", WIDTH, Math.max(1, names.length));
    return other;
  }

  /** Changes what is added to each output of its head, and returns the model. */
  public TinyBert biased(float bias) {
    Arrays.fill(weights.get("cls.output.bias"), bias);
    return this;
  }

  private void remove(String name) {
    weights.remove(name);
    shapes.remove(name);
  }

  private String architecture() {
    return nomic ? "nomic-bert" : "bert";
  }

  private void matrix(Random random, String name, int in, int out, double deviation) {
    vector(random, name, List.of((long) in, (long) out), 0, deviation);
  }

  private void linear(Random random, String name, int in, int out) {
    matrix(random, name + ".weight", in, out, 1 / Math.sqrt(in));
    vector(random, name + ".bias", List.of((long) out), 0, 0.1);
  }

  private void norm(Random random, String name) {
    vector(random, name + ".weight", List.of((long) WIDTH), 1, 0.1);
    vector(random, name + ".bias", List.of((long) WIDTH), 0, 0.1);
  }

  private void vector(Random random, String name, List<Long> shape, double mean, double deviation) {
    float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (mean + deviation * random.nextGaussian());
    }
    weights.put(name, values);
    shapes.put(name, shape);
  }

  /** Replaces a number of a tensor. */
  public TinyBert set(String tensor, int index, float value) {
    weights.get(tensor)[index] = value;
    return this;
  }

  /** The width of its vectors. */
  public int width() {
    return WIDTH;
  }

  /** What {@link #write} would write, to be changed before it is. */
  public GgufWriter writer() {
    long[] types = new long[vocabulary.size()];
    for (int i = 0; i < types.length; i++) {
      types[i] = vocabulary.get(i).startsWith("[") ? 3 : 1; // LLAMA_TOKEN_TYPE_CONTROL, _NORMAL
    }
    GgufWriter writer =
        new GgufWriter()
            .put("general.architecture", architecture())
            .put("general.name", "tiny bert")
            .put(architecture() + ".block_count", LAYERS)
            .put(architecture() + ".context_length", CONTEXT)
            .put(architecture() + ".embedding_length", WIDTH)
            .put(architecture() + ".feed_forward_length", FEED_FORWARD)
            .put(architecture() + ".attention.head_count", HEADS)
            .put(architecture() + ".attention.layer_norm_epsilon", EPSILON)
            .put(architecture() + ".attention.causal", false)
            .put(architecture() + ".pooling_type", 1)
            .put("tokenizer.ggml.token_type_count", 2)
            .put("tokenizer.ggml.model", "bert")
            .put("tokenizer.ggml.tokens", vocabulary)
            .put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, types))
            .put("tokenizer.ggml.bos_token_id", CLS)
            .put("tokenizer.ggml.eos_token_id", SEP)
            .put("tokenizer.ggml.unknown_token_id", 1)
            .put("tokenizer.ggml.seperator_token_id", SEP)
            .put("tokenizer.ggml.padding_token_id", 0)
            .put("tokenizer.ggml.mask_token_id", 4);
    if (!labels.isEmpty()) {
      writer.put(architecture() + ".classifier.output_labels", labels);
    }
    weights.forEach((name, values) -> writer.tensor(name, GgufType.F32, shapes.get(name), FloatSource.of(values)));
    return writer;
  }

  /** Writes the model and returns its path. */
  public Path write(Path path) {
    return TinyModels.write(path, writer());
  }

  // ---- what it gives ----

  /** The mean of the vectors of all tokens. */
  public float[] mean(int... tokens) {
    double[][] rows = forward(tokens);
    float[] mean = new float[WIDTH];
    for (double[] row : rows) {
      for (int i = 0; i < WIDTH; i++) {
        mean[i] += (float) (row[i] / rows.length);
      }
    }
    return mean;
  }

  /** The vector of one of the tokens. */
  public float[] row(int index, int... tokens) {
    double[] row = forward(tokens)[index];
    float[] vector = new float[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      vector[i] = (float) row[i];
    }
    return vector;
  }

  /** The outputs of its head. */
  public float[] outputs(int... tokens) {
    double[] vector = forward(tokens)[0];
    if (weights.containsKey("cls.weight")) {
      vector = applied("cls", vector);
      for (int i = 0; i < vector.length; i++) {
        vector[i] = Math.tanh(vector[i]);
      }
    }
    double[] last = applied("cls.output", vector);
    float[] outputs = new float[last.length];
    for (int i = 0; i < last.length; i++) {
      outputs[i] = (float) last[i];
    }
    return outputs;
  }

  private double[][] forward(int[] tokens) {
    double[][] rows = new double[tokens.length][WIDTH];
    for (int t = 0; t < tokens.length; t++) {
      for (int i = 0; i < WIDTH; i++) {
        rows[t][i] =
            weights.get("token_embd.weight")[tokens[t] * WIDTH + i]
                + (nomic ? 0 : weights.get("position_embd.weight")[t * WIDTH + i])
                + weights.get("token_types.weight")[i];
      }
      rows[t] = normed("token_embd_norm", rows[t]);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "blk." + layer + ".";
      double[][] attended = attention(block, rows);
      for (int t = 0; t < rows.length; t++) {
        double[] middle = normed(block + "attn_output_norm", sum(rows[t], attended[t]));
        double[] up = applied(block + "ffn_up", middle);
        for (int i = 0; i < up.length; i++) {
          up[i] = nomic ? up[i] : gelu(up[i]);
        }
        if (nomic) {
          double[] gate = applied(block + "ffn_gate", middle);
          for (int i = 0; i < up.length; i++) {
            up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
          }
        }
        rows[t] = normed(block + "layer_output_norm", sum(middle, applied(block + "ffn_down", up)));
      }
    }
    return rows;
  }

  private double[][] attention(String block, double[][] rows) {
    int size = WIDTH / HEADS;
    double[][] queries = new double[rows.length][];
    double[][] keys = new double[rows.length][];
    double[][] values = new double[rows.length][];
    for (int t = 0; t < rows.length; t++) {
      queries[t] = applied(block + "attn_q", rows[t]);
      keys[t] = applied(block + "attn_k", rows[t]);
      values[t] = applied(block + "attn_v", rows[t]);
      if (nomic) {
        rotate(queries[t], t);
        rotate(keys[t], t);
      }
    }
    double[][] result = new double[rows.length][];
    for (int t = 0; t < rows.length; t++) {
      double[] mixed = new double[WIDTH];
      for (int head = 0; head < HEADS; head++) {
        int from = head * size;
        double[] shares = new double[rows.length];
        double total = 0;
        for (int other = 0; other < rows.length; other++) {
          double score = 0;
          for (int i = from; i < from + size; i++) {
            score += queries[t][i] * keys[other][i];
          }
          shares[other] = Math.exp(score / Math.sqrt(size));
          total += shares[other];
        }
        for (int other = 0; other < rows.length; other++) {
          for (int i = from; i < from + size; i++) {
            mixed[i] += shares[other] / total * values[other][i];
          }
        }
      }
      result[t] = applied(block + "attn_output", mixed);
    }
    return result;
  }

  /** Su et al. (2021), with the first half of a head's channels paired with the second one. */
  private static void rotate(double[] row, int position) {
    int half = WIDTH / HEADS / 2;
    for (int from = 0; from < WIDTH; from += 2 * half) {
      for (int i = 0; i < half; i++) {
        double angle = position * Math.pow(ROPE_BASE, -(double) i / half);
        double first = row[from + i];
        double second = row[from + half + i];
        row[from + i] = first * Math.cos(angle) - second * Math.sin(angle);
        row[from + half + i] = first * Math.sin(angle) + second * Math.cos(angle);
      }
    }
  }

  private double[] applied(String name, double[] in) {
    float[] matrix = weights.get(name + ".weight");
    float[] bias = weights.get(name + ".bias");
    double[] out = new double[matrix.length / in.length];
    for (int row = 0; row < out.length; row++) {
      out[row] = bias == null ? 0 : bias[row];
      for (int i = 0; i < in.length; i++) {
        out[row] += matrix[row * in.length + i] * in[i];
      }
    }
    return out;
  }

  private double[] normed(String name, double[] in) {
    double mean = 0;
    for (double value : in) {
      mean += value / in.length;
    }
    double variance = 0;
    for (double value : in) {
      variance += (value - mean) * (value - mean) / in.length;
    }
    double[] out = new double[in.length];
    for (int i = 0; i < in.length; i++) {
      double scaled = (in[i] - mean) / Math.sqrt(variance + EPSILON);
      out[i] = scaled * weights.get(name + ".weight")[i] + weights.get(name + ".bias")[i];
    }
    return out;
  }

  private static double[] sum(double[] a, double[] b) {
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  /** The tanh form of Hendrycks and Gimpel (2016). */
  private static double gelu(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }
}
