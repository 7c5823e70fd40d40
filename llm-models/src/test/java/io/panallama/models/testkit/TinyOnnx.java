package io.panallama.models.testkit;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * A BERT encoder of a few kilobytes as PyTorch would export it: the same operators, anonymous matrices, random weights.
 * Tests change its operators and tensors before they write it. Not thread-safe.
 */
public final class TinyOnnx {
  public static final int LAYERS = 2;
  public static final int WIDTH = 16;
  public static final int HEADS = 4;
  public static final int INNER = 32;
  public static final int VOCABULARY = 12;
  public static final int CONTEXT = 24;
  public static final float EPSILON = 1e-12f;

  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  /** An operator; attributes are encoded {@code AttributeProto}s. */
  public record Node(
      String operator, String name, String domain, List<String> inputs, String output, List<byte[]> attributes) {
    public Node withOperator(String value) {
      return new Node(value, name, domain, inputs, output, attributes);
    }

    public Node withDomain(String value) {
      return new Node(operator, name, value, inputs, output, attributes);
    }

    public Node withInputs(String... values) {
      return new Node(operator, name, domain, List.of(values), output, attributes);
    }

    public Node withAttributes(List<byte[]> values) {
      return new Node(operator, name, domain, inputs, output, values);
    }
  }

  /** A stored tensor. */
  public record Tensor(String name, int type, List<Long> dimensions, byte[] raw) {}

  /** The operators in order. */
  public final List<Node> nodes = new ArrayList<>();

  /** The stored tensors in order. */
  public final Map<String, Tensor> tensors = new LinkedHashMap<>();

  public final List<String> inputs = new ArrayList<>(List.of("input_ids", "attention_mask", "token_type_ids"));
  public final List<String> outputs = new ArrayList<>(List.of("last_hidden_state"));

  /** The weights by what they are in PyTorch, as they are stored. */
  public final Map<String, float[]> weights = new LinkedHashMap<>();

  private final Random random;
  private int matrices = 100;

  private TinyOnnx(long seed) {
    random = new Random(seed);
    String mask = mask();
    String hidden = embeddings();
    for (int layer = 0; layer < LAYERS; layer++) {
      hidden = layer(layer, hidden, mask);
    }
    Node last = nodes.removeLast();
    nodes.add(new Node(last.operator(), last.name(), "", last.inputs(), "last_hidden_state", last.attributes()));
  }

  /** A new one with the same weights as every other. */
  public static TinyOnnx create() {
    return new TinyOnnx(7);
  }

  /** The index of the operator with this name. */
  public int indexOf(String name) {
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("no operator " + name);
  }

  /** Replaces the operator with this name. */
  public void replace(String name, UnaryOperator<Node> change) {
    int index = indexOf(name);
    nodes.set(index, change.apply(nodes.get(index)));
  }

  // ---- the graph
  // ----------------------------------------------------------------------------------------------------------

  private String mask() {
    String wide = add("Unsqueeze", "/Unsqueeze", List.of("attention_mask"), ints("axes", 1));
    wide = add("Unsqueeze", "/Unsqueeze_1", List.of(wide), ints("axes", 2));
    String cast = add("Cast", "/Cast", List.of(wide), integer("to", FLOAT));
    String hidden = add("Sub", "/Sub", List.of(scalar("/Constant", 1), cast));
    return add("Mul", "/Mul", List.of(hidden, scalar("/Constant_1", -Float.MAX_VALUE)));
  }

  private String embeddings() {
    String words = weight("embeddings.word_embeddings.weight", VOCABULARY, WIDTH);
    String positions = weight("embeddings.position_embeddings.weight", CONTEXT, WIDTH);
    String types = weight("embeddings.token_type_embeddings.weight", 2, WIDTH);
    long[] ids = new long[CONTEXT];
    Arrays.setAll(ids, i -> i);
    store("embeddings.position_ids", INT64, List.of(1L, (long) CONTEXT), longs(ids));
    String at = "/embeddings/";
    String shape = add("Shape", at + "Shape", List.of("input_ids"));
    String length = add("Gather", at + "Gather", List.of(shape, longConstant(at + "Constant", List.of(), 1)));
    length = add("Unsqueeze", at + "Unsqueeze", List.of(length), ints("axes", 0));
    String position =
        add(
            "Slice",
            at + "Slice",
            List.of(
                "embeddings.position_ids",
                longConstant(at + "Constant_1", List.of(1L), 0),
                length,
                longConstant(at + "Constant_2", List.of(1L), 1),
                longConstant(at + "Constant_3", List.of(1L), 1)));
    String word = add("Gather", at + "word_embeddings/Gather", List.of(words, "input_ids"));
    String type = add("Gather", at + "token_type_embeddings/Gather", List.of(types, "token_type_ids"));
    String sum = add("Add", at + "Add", List.of(word, type));
    String place = add("Gather", at + "position_embeddings/Gather", List.of(positions, position));
    return norm("embeddings.LayerNorm", add("Add", at + "Add_1", List.of(sum, place)));
  }

  private String layer(int index, String hidden, String mask) {
    String layer = "encoder.layer." + index + ".";
    String at = "/encoder/layer." + index + "/attention/self/";
    String query = linear(layer + "attention.self.query", hidden, WIDTH, WIDTH);
    String key = linear(layer + "attention.self.key", hidden, WIDTH, WIDTH);
    String keys = split(at + "key_", key, 0, 2, 3, 1);
    String value = linear(layer + "attention.self.value", hidden, WIDTH, WIDTH);
    String values = split(at + "value_", value, 0, 2, 1, 3);
    String queries = split(at + "query_", query, 0, 2, 1, 3);
    String scores = add("MatMul", at + "MatMul", List.of(queries, keys));
    float scale = (float) Math.sqrt((double) WIDTH / HEADS);
    scores = add("Div", at + "Div", List.of(scores, scalar(at + "scale", scale)));
    scores = add("Add", at + "Add", List.of(scores, mask));
    String weights = add("Softmax", at + "Softmax", List.of(scores), integer("axis", 3));
    String context = add("MatMul", at + "MatMul_1", List.of(weights, values));
    context = add("Transpose", at + "Transpose_3", List.of(context), ints("perm", 0, 2, 1, 3));
    String shape =
        add(
            "Concat",
            at + "Concat_3",
            List.of(
                dimension(at + "joined_0", context, 0),
                dimension(at + "joined_1", context, 1),
                longConstant(at + "joined_2", List.of(1L), WIDTH)),
            integer("axis", 0));
    context = add("Reshape", at + "Reshape_3", List.of(context, shape));
    String attended = linear(layer + "attention.output.dense", context, WIDTH, WIDTH);
    String outer = "/encoder/layer." + index + "/";
    attended = add("Add", outer + "attention/output/Add", List.of(attended, hidden));
    attended = norm(layer + "attention.output.LayerNorm", attended);
    String up = gelu(outer + "act/", linear(layer + "intermediate.dense", attended, WIDTH, INNER));
    String down = linear(layer + "output.dense", up, INNER, WIDTH);
    return norm(layer + "output.LayerNorm", add("Add", outer + "output/Add", List.of(down, attended)));
  }

  private String gelu(String at, String x) {
    String divided = add("Div", at + "Div", List.of(x, scalar(at + "Constant", (float) Math.sqrt(2))));
    String erf = add("Erf", at + "Erf", List.of(divided));
    String sum = add("Add", at + "Add", List.of(erf, scalar(at + "Constant_1", 1)));
    String product = add("Mul", at + "Mul", List.of(x, sum));
    return add("Mul", at + "Mul_1", List.of(product, scalar(at + "Constant_2", 0.5f)));
  }

  private String split(String at, String value, long... order) {
    String shape =
        add(
            "Concat",
            at + "Concat",
            List.of(
                dimension(at + "0", value, 0),
                dimension(at + "1", value, 1),
                longConstant(at + "heads", List.of(1L), HEADS),
                longConstant(at + "size", List.of(1L), WIDTH / HEADS)),
            integer("axis", 0));
    String cut = add("Reshape", at + "Reshape", List.of(value, shape));
    return add("Transpose", at + "Transpose", List.of(cut), ints("perm", order));
  }

  private String dimension(String at, String value, long index) {
    String shape = add("Shape", at + "/Shape", List.of(value));
    String length = add("Gather", at + "/Gather", List.of(shape, longConstant(at + "/Constant", List.of(), index)));
    return add("Unsqueeze", at + "/Unsqueeze", List.of(length), ints("axes", 0));
  }

  /** The matrix gets an anonymous name, as PyTorch gives it. */
  private String linear(String name, String input, int in, int out) {
    String at = "/" + name.replace('.', '/') + "/";
    String matrix = "onnx::MatMul_" + (matrices += 3);
    float[] values = floats(in * out);
    weights.put(name + ".weight", values);
    store(matrix, FLOAT, List.of((long) in, (long) out), bytes(values));
    String bias = weight(name + ".bias", out);
    String product = add("MatMul", at + "MatMul", List.of(input, matrix));
    return add("Add", at + "Add", List.of(bias, product));
  }

  private String norm(String name, String input) {
    String at = "/" + name.replace('.', '/') + "/";
    String mean = add("ReduceMean", at + "ReduceMean", List.of(input), ints("axes", -1));
    String difference = add("Sub", at + "Sub", List.of(input, mean));
    String square = add("Pow", at + "Pow", List.of(difference, scalar(at + "Constant", 2)));
    String variance = add("ReduceMean", at + "ReduceMean_1", List.of(square), ints("axes", -1));
    String stabilised = add("Add", at + "Add", List.of(variance, scalar(at + "Constant_1", EPSILON)));
    String root = add("Sqrt", at + "Sqrt", List.of(stabilised));
    String quotient = add("Div", at + "Div", List.of(difference, root));
    String scaled = add("Mul", at + "Mul", List.of(quotient, weight(name + ".weight", WIDTH)));
    return add("Add", at + "Add_1", List.of(scaled, weight(name + ".bias", WIDTH)));
  }

  private String weight(String name, int... dimensions) {
    float[] values = floats(Arrays.stream(dimensions).reduce(1, (a, b) -> a * b));
    weights.put(name, values);
    store(name, FLOAT, Arrays.stream(dimensions).mapToObj(it -> (long) it).toList(), bytes(values));
    return name;
  }

  private void store(String name, int type, List<Long> dimensions, byte[] raw) {
    tensors.put(name, new Tensor(name, type, dimensions, raw));
  }

  private float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private String scalar(String name, float value) {
    return add("Constant", name, List.of(), tensor("value", new Tensor("", FLOAT, List.of(), bytes(value))));
  }

  private String longConstant(String name, List<Long> dimensions, long value) {
    return add("Constant", name, List.of(), tensor("value", new Tensor("", INT64, dimensions, longs(value))));
  }

  private String add(String operator, String name, List<String> inputs, byte[]... attributes) {
    String output = name + "_output_0";
    nodes.add(new Node(operator, name, "", inputs, output, List.of(attributes)));
    return output;
  }

  // ---- the encoding
  // -------------------------------------------------------------------------------------------------------

  /** Writes it. */
  public Path write(Path file) throws IOException {
    return Files.write(file, encode());
  }

  /** The bytes of the file: a {@code ModelProto}. */
  public byte[] encode() {
    byte[] graph =
        message(out -> {
          for (Node node : nodes) {
            out.writeByteArray(1, encode(node));
          }
          out.writeString(2, "torch_jit");
          for (Tensor tensor : tensors.values()) {
            out.writeByteArray(5, encode(tensor));
          }
          for (String name : inputs) {
            out.writeByteArray(11, message(value -> value.writeString(1, name)));
          }
          for (String name : outputs) {
            out.writeByteArray(12, message(value -> value.writeString(1, name)));
          }
        });
    return message(out -> {
      out.writeInt64(1, 6);
      out.writeString(2, "pytorch");
      out.writeByteArray(7, graph);
      out.writeByteArray(8, message(version -> version.writeInt64(2, 11)));
    });
  }

  private static byte[] encode(Node node) {
    return message(out -> {
      for (String input : node.inputs()) {
        out.writeString(1, input);
      }
      out.writeString(2, node.output());
      out.writeString(3, node.name());
      out.writeString(4, node.operator());
      for (byte[] attribute : node.attributes()) {
        out.writeByteArray(5, attribute);
      }
      if (!node.domain().isEmpty()) {
        out.writeString(7, node.domain());
      }
    });
  }

  private static byte[] encode(Tensor tensor) {
    return message(out -> {
      for (long dimension : tensor.dimensions()) {
        out.writeInt64(1, dimension);
      }
      out.writeInt32(2, tensor.type());
      if (!tensor.name().isEmpty()) {
        out.writeString(8, tensor.name());
      }
      out.writeByteArray(9, tensor.raw());
    });
  }

  /** An attribute with integers. */
  public static byte[] ints(String name, long... values) {
    return message(out -> {
      out.writeString(1, name);
      for (long value : values) {
        out.writeInt64(8, value);
      }
      out.writeInt32(20, 7);
    });
  }

  /** An attribute with an integer. */
  public static byte[] integer(String name, long value) {
    return message(out -> {
      out.writeString(1, name);
      out.writeInt64(3, value);
      out.writeInt32(20, 2);
    });
  }

  /** An attribute with a tensor. */
  public static byte[] tensor(String name, Tensor value) {
    return message(out -> {
      out.writeString(1, name);
      out.writeByteArray(5, encode(value));
      out.writeInt32(20, 4);
    });
  }

  /** Floats as {@code raw_data}. */
  public static byte[] bytes(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  private static byte[] longs(long... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      bytes.putLong(value);
    }
    return bytes.array();
  }

  @FunctionalInterface
  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      fields.write(out);
      out.flush();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  // ---- the tokenizer
  // ------------------------------------------------------------------------------------------------------

  /** A {@code tokenizer.json} for {@link #VOCABULARY} tokens. */
  public static String tokenizer() {
    return """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [
       {"id": 0, "content": "[PAD]", "special": true}, {"id": 1, "content": "[UNK]", "special": true},
       {"id": 2, "content": "[CLS]", "special": true}, {"id": 3, "content": "[SEP]", "special": true},
       {"id": 4, "content": "[MASK]", "special": true}],
     "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
       "strip_accents": null, "lowercase": true},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
         {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]},
     "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
       "max_input_chars_per_word": 100,
       "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "[unused0]": 5, "#": 6, "!": 7,
         "hello": 8, "world": 9, "##s": 10, "##ing": 11}}}
    """;
  }

  /** Writes {@link #tokenizer}. */
  public static Path writeTokenizer(Path file) throws IOException {
    return Files.write(file, tokenizer().getBytes(StandardCharsets.UTF_8));
  }
}
