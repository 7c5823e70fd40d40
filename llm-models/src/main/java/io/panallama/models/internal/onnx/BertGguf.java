package io.panallama.models.internal.onnx;

import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import io.panallama.models.internal.onnx.BertEncoder.Layer;
import io.panallama.models.internal.onnx.BertEncoder.Linear;
import io.panallama.models.internal.onnx.BertEncoder.Norm;
import java.nio.ByteBuffer;
import java.util.List;

/** Writes a BERT encoder as llama.cpp v0.5.0 reads it: architecture {@code bert} in {@code llama-arch.cpp}. */
final class BertGguf {
  /** {@code LLAMA_TOKEN_TYPE_NORMAL}. */
  private static final int NORMAL = 1;

  /** {@code LLAMA_TOKEN_TYPE_CONTROL}. */
  private static final int CONTROL = 3;

  /** {@code GGML_QNT_VERSION}. */
  private static final int QUANTIZATION_VERSION = 2;

  /** The largest finite half-precision number. */
  private static final float LARGEST_HALF = 65504;

  private final GgufWriter writer = new GgufWriter();
  private final GgufType matrices;
  private long parameters;
  private long bytes;
  private int tensors;

  private BertGguf(GgufType matrices) {
    this.matrices = matrices;
  }

  /**
   * What will be written, with its size.
   *
   * @param writer writes it
   * @param tensors number of tensors
   * @param parameters number of weights
   * @param bytes bytes of the tensors
   */
  record Prepared(GgufWriter writer, int tensors, long parameters, long bytes) {}

  /**
   * Prepares the file. The tensors are read when it is written.
   *
   * @param matrices type of the matrices, except that of the embeddings of positions and token types, which are always F32
   * @param fileType {@code general.file_type}
   */
  static Prepared prepare(
      BertEncoder encoder,
      WordPieceVocabulary vocabulary,
      SourceModel.Description description,
      GgufType matrices,
      int fileType) {
    if (encoder.vocabulary() != vocabulary.tokens().size()) {
      throw RefusedSourceException.unsupported(
          encoder.words().describe()
              + " has a row for each of "
              + encoder.vocabulary()
              + " tokens, the tokenizer has "
              + vocabulary.tokens().size());
    }
    BertGguf file = new BertGguf(matrices);
    file.describe(encoder, description, fileType);
    file.vocabulary(vocabulary, encoder.tokenTypes());
    file.tensors(encoder);
    return new Prepared(file.writer, file.tensors, file.parameters, file.bytes);
  }

  private void describe(BertEncoder encoder, SourceModel.Description description, int fileType) {
    writer
        .put("general.architecture", "bert")
        .put("general.type", "model")
        .put("general.name", description.name())
        .put("general.file_type", fileType)
        .put("general.quantization_version", QUANTIZATION_VERSION);
    description.license().ifPresent(license -> writer.put("general.license", license));
    writer
        .put("bert.block_count", encoder.layers().size())
        .put("bert.context_length", encoder.context())
        .put("bert.embedding_length", encoder.width())
        .put("bert.feed_forward_length", encoder.feedForward())
        .put("bert.attention.head_count", encoder.heads())
        .put("bert.attention.layer_norm_epsilon", encoder.epsilon())
        .put("bert.attention.causal", false)
        .put("bert.pooling_type", description.poolingType());
  }

  private void vocabulary(WordPieceVocabulary vocabulary, int tokenTypes) {
    long[] types = new long[vocabulary.tokens().size()];
    for (int id = 0; id < types.length; id++) {
      types[id] = vocabulary.special().get(id) ? CONTROL : NORMAL;
    }
    writer
        .put("tokenizer.ggml.token_type_count", tokenTypes)
        .put("tokenizer.ggml.model", "bert")
        .put("tokenizer.ggml.pre", "bert-bge")
        .put("tokenizer.ggml.tokens", vocabulary.tokens())
        .put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, types))
        .put("tokenizer.ggml.bos_token_id", vocabulary.first())
        .put("tokenizer.ggml.eos_token_id", vocabulary.last())
        .put("tokenizer.ggml.unknown_token_id", vocabulary.unknown())
        // Spelt so in llama-arch.cpp.
        .put("tokenizer.ggml.seperator_token_id", vocabulary.last());
    vocabulary.padding().ifPresent(id -> writer.put("tokenizer.ggml.padding_token_id", (long) id));
    vocabulary.mask().ifPresent(id -> writer.put("tokenizer.ggml.mask_token_id", (long) id));
    writer
        .put("tokenizer.ggml.add_bos_token", true)
        .put("tokenizer.ggml.add_eos_token", true)
        .put("tokenizer.ggml.add_sep_token", false)
        .put("tokenizer.ggml.normalizer.lowercase", vocabulary.lowercase());
    vocabulary
        .stripAccents()
        .ifPresent(strip -> writer.put("tokenizer.ggml.normalizer.strip_accents", (boolean) strip));
  }

  private void tensors(BertEncoder encoder) {
    matrix("token_embd.weight", encoder.words(), matrices);
    matrix("position_embd.weight", encoder.positions(), GgufType.F32);
    matrix("token_types.weight", encoder.types(), GgufType.F32);
    norm("token_embd_norm", encoder.norm());
    for (int i = 0; i < encoder.layers().size(); i++) {
      Layer layer = encoder.layers().get(i);
      String block = "blk." + i + ".";
      linear(block + "attn_q", layer.query());
      linear(block + "attn_k", layer.key());
      linear(block + "attn_v", layer.value());
      linear(block + "attn_output", layer.attentionOutput());
      norm(block + "attn_output_norm", layer.attentionNorm());
      linear(block + "ffn_up", layer.up());
      linear(block + "ffn_down", layer.down());
      norm(block + "layer_output_norm", layer.outputNorm());
    }
  }

  private void norm(String name, Norm norm) {
    vector(name + ".weight", norm.weight());
    vector(name + ".bias", norm.bias());
  }

  /** ONNX multiplies rows with {@code [in, out]}; GGUF stores a row per output. */
  private void linear(String name, Linear linear) {
    int in = Math.toIntExact(linear.weight().dimensions().get(0));
    int out = Math.toIntExact(linear.weight().dimensions().get(1));
    ByteBuffer data = linear.weight().floats();
    FloatSource transposed =
        (first, target, count) -> {
          int row = (int) (first / in);
          int column = (int) (first % in);
          for (int i = 0; i < count; i++) {
            target[i] = data.getFloat((column * out + row) * Float.BYTES);
            if (++column == in) {
              column = 0;
              row++;
            }
          }
        };
    tensor(name + ".weight", linear.weight(), matrices, List.of((long) in, (long) out), transposed);
    vector(name + ".bias", linear.bias());
  }

  private void matrix(String name, OnnxTensor tensor, GgufType type) {
    tensor(name, tensor, type, tensor.dimensions().reversed(), inOrder(tensor));
  }

  private void vector(String name, OnnxTensor tensor) {
    tensor(name, tensor, GgufType.F32, tensor.dimensions(), inOrder(tensor));
  }

  private static FloatSource inOrder(OnnxTensor tensor) {
    ByteBuffer data = tensor.floats();
    return (first, target, count) -> {
      for (int i = 0; i < count; i++) {
        target[i] = data.getFloat(((int) first + i) * Float.BYTES);
      }
    };
  }

  private void tensor(String name, OnnxTensor source, GgufType type, List<Long> dimensions, FloatSource elements) {
    float largest = type == GgufType.F16 ? LARGEST_HALF : Float.MAX_VALUE;
    FloatSource checked =
        (first, target, count) -> {
          elements.read(first, target, count);
          for (int i = 0; i < count; i++) {
            // Also false for NaN.
            if (!(Math.abs(target[i]) <= largest)) {
              throw RefusedSourceException.unsupported(
                  source.describe() + " holds the value " + target[i] + ", which " + type + " can't express");
            }
          }
        };
    writer.tensor(name, type, dimensions, checked);
    tensors++;
    parameters += source.count();
    bytes += type.bytes(source.count());
  }
}
