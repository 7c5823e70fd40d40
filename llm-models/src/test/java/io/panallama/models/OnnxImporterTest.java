package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.embedding.Pooling;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.models.ModelImportException.Reason;
import io.panallama.models.testkit.TinyOnnx;
import io.panallama.models.testkit.TinyOnnx.Node;
import io.panallama.models.testkit.TinyOnnx.Tensor;
import io.panallama.quantize.QuantizationType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxImporterTest {
  private static final OnnxImportConfig F32 = OnnxImportConfig.DEFAULT.withType(QuantizationType.F32);

  /** GGUF names of the matrices that are stored transposed, and what they are in PyTorch. */
  private static final Map<String, String> MATRICES =
      Map.of(
          "attn_q", "attention.self.query",
          "attn_k", "attention.self.key",
          "attn_v", "attention.self.value",
          "attn_output", "attention.output.dense",
          "ffn_up", "intermediate.dense",
          "ffn_down", "output.dense");

  private static final Map<String, String> NORMS =
      Map.of("attn_output_norm", "attention.output.LayerNorm", "layer_output_norm", "output.LayerNorm");

  @TempDir private Path folder;

  private Path tokenizer;
  private Path output;

  @BeforeEach
  void writeTokenizer() throws IOException {
    tokenizer = TinyOnnx.writeTokenizer(folder.resolve("tokenizer.json"));
    output = folder.resolve("out.gguf");
  }

  private OnnxImportResult convert(TinyOnnx model, OnnxImportConfig config) throws IOException {
    return OnnxImporter.importModel(model.write(folder.resolve("tiny.onnx")), tokenizer, output, config);
  }

  private ModelImportException refused(TinyOnnx model) {
    return catchThrowableOfType(ModelImportException.class, () -> convert(model, F32));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private float[] floats(GgufFile file, String name) throws IOException {
    GgufTensor tensor = file.tensors().stream().filter(it -> it.name().equals(name)).findFirst().orElseThrow();
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(output, StandardOpenOption.READ)) {
      channel.read(bytes, file.dataOffset() + tensor.offset());
    }
    bytes.flip();
    float[] values = new float[(int) tensor.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.type() == GgufType.F16 ? Float.float16ToFloat(bytes.getShort()) : bytes.getFloat();
    }
    return values;
  }

  private static float[] transposed(float[] values, int in, int out) {
    float[] result = new float[values.length];
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < out; o++) {
        result[o * in + i] = values[i * out + o];
      }
    }
    return result;
  }

  @Test
  void everyTensorIsInItsPlace() throws IOException {
    TinyOnnx model = TinyOnnx.create();

    OnnxImportResult result = convert(model, F32);

    GgufFile file = GgufFile.read(output);
    assertThat(file.tensors()).hasSize(5 + 16 * TinyOnnx.LAYERS);
    assertThat(result.tensors()).isEqualTo(file.tensors().size());
    assertThat(result.name()).isEqualTo("tiny");
    assertThat(result.parameters()).isEqualTo(model.weights.values().stream().mapToLong(values -> values.length).sum());
    assertThat(result.bitsPerWeight()).isEqualTo(32);
    assertThat(floats(file, "token_embd.weight")).isEqualTo(model.weights.get("embeddings.word_embeddings.weight"));
    assertThat(floats(file, "position_embd.weight"))
        .isEqualTo(model.weights.get("embeddings.position_embeddings.weight"));
    assertThat(floats(file, "token_types.weight"))
        .isEqualTo(model.weights.get("embeddings.token_type_embeddings.weight"));
    assertThat(floats(file, "token_embd_norm.weight")).isEqualTo(model.weights.get("embeddings.LayerNorm.weight"));
    assertThat(floats(file, "token_embd_norm.bias")).isEqualTo(model.weights.get("embeddings.LayerNorm.bias"));
    for (int layer = 0; layer < TinyOnnx.LAYERS; layer++) {
      String block = "blk." + layer + ".";
      String encoder = "encoder.layer." + layer + ".";
      for (Map.Entry<String, String> matrix : MATRICES.entrySet()) {
        int in = matrix.getKey().equals("ffn_down") ? TinyOnnx.INNER : TinyOnnx.WIDTH;
        int out = matrix.getKey().equals("ffn_up") ? TinyOnnx.INNER : TinyOnnx.WIDTH;
        assertThat(floats(file, block + matrix.getKey() + ".weight"))
            .as(block + matrix.getKey())
            .isEqualTo(transposed(model.weights.get(encoder + matrix.getValue() + ".weight"), in, out));
        assertThat(floats(file, block + matrix.getKey() + ".bias"))
            .isEqualTo(model.weights.get(encoder + matrix.getValue() + ".bias"));
      }
      for (Map.Entry<String, String> norm : NORMS.entrySet()) {
        for (String part : List.of(".weight", ".bias")) {
          assertThat(floats(file, block + norm.getKey() + part))
              .isEqualTo(model.weights.get(encoder + norm.getValue() + part));
        }
      }
    }
    GgufTensor up =
        file.tensors().stream().filter(it -> it.name().equals("blk.1.ffn_up.weight")).findFirst().orElseThrow();
    assertThat(up.dimensions()).containsExactly((long) TinyOnnx.WIDTH, (long) TinyOnnx.INNER);
  }

  @Test
  void metadataHasTheTypesThatLlamaReads() throws IOException {
    convert(
        TinyOnnx.create(),
        OnnxImportConfig.DEFAULT.withPooling(Pooling.CLS).withName("Tiny").withLicense("apache-2.0"));

    Map<String, GgufValue> metadata = GgufFile.read(output).metadata();
    GgufValue.Text bert = new GgufValue.Text("bert");
    assertThat(metadata)
        .containsEntry("general.architecture", bert)
        .containsEntry("general.name", new GgufValue.Text("Tiny"))
        .containsEntry("general.license", new GgufValue.Text("apache-2.0"))
        .containsEntry("general.file_type", GgufValue.Int.u32(1))
        .containsEntry("bert.block_count", GgufValue.Int.u32(TinyOnnx.LAYERS))
        .containsEntry("bert.context_length", GgufValue.Int.u32(TinyOnnx.CONTEXT))
        .containsEntry("bert.embedding_length", GgufValue.Int.u32(TinyOnnx.WIDTH))
        .containsEntry("bert.feed_forward_length", GgufValue.Int.u32(TinyOnnx.INNER))
        .containsEntry("bert.attention.head_count", GgufValue.Int.u32(TinyOnnx.HEADS))
        .containsEntry("bert.attention.layer_norm_epsilon", GgufValue.Real.f32(TinyOnnx.EPSILON))
        .containsEntry("bert.attention.causal", new GgufValue.Bool(false))
        .containsEntry("bert.pooling_type", GgufValue.Int.u32(2))
        .containsEntry("tokenizer.ggml.token_type_count", GgufValue.Int.u32(2))
        .containsEntry("tokenizer.ggml.model", bert)
        .containsEntry("tokenizer.ggml.unknown_token_id", GgufValue.Int.u32(1))
        .containsEntry("tokenizer.ggml.bos_token_id", GgufValue.Int.u32(2))
        .containsEntry("tokenizer.ggml.eos_token_id", GgufValue.Int.u32(3))
        .containsEntry("tokenizer.ggml.seperator_token_id", GgufValue.Int.u32(3))
        .containsEntry("tokenizer.ggml.padding_token_id", GgufValue.Int.u32(0))
        .containsEntry("tokenizer.ggml.mask_token_id", GgufValue.Int.u32(4))
        .containsEntry("tokenizer.ggml.normalizer.lowercase", new GgufValue.Bool(true))
        .doesNotContainKey("tokenizer.ggml.normalizer.strip_accents");
    assertThat(((GgufArray) metadata.get("tokenizer.ggml.tokens")).strings())
        .containsExactly(
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            "\u2581[unused0]",
            "\u2581#",
            "\u2581!",
            "\u2581hello",
            "\u2581world",
            "s",
            "ing");
    GgufArray types = (GgufArray) metadata.get("tokenizer.ggml.token_type");
    assertThat(types.toString()).isEqualTo("arr[i32,12]");
    assertThat(types.integer(4)).isEqualTo(3);
    assertThat(types.integer(5)).isEqualTo(1);
  }

  @Test
  void halfPrecisionLeavesSmallTensorsAsTheyAre() throws IOException {
    TinyOnnx model = TinyOnnx.create();

    convert(model, OnnxImportConfig.DEFAULT);

    GgufFile file = GgufFile.read(output);
    assertThat(
            new TreeSet<>(
                file.tensors().stream()
                    .filter(tensor -> tensor.type() == GgufType.F16)
                    .map(tensor -> tensor.name().replaceFirst("blk\\.\\d\\.", ""))
                    .toList()))
        .containsExactly(
            "attn_k.weight",
            "attn_output.weight",
            "attn_q.weight",
            "attn_v.weight",
            "ffn_down.weight",
            "ffn_up.weight",
            "token_embd.weight");
    float[] words = model.weights.get("embeddings.word_embeddings.weight");
    float[] found = floats(file, "token_embd.weight");
    for (int i = 0; i < words.length; i++) {
      assertThat(found[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(words[i])));
    }
  }

  @Test
  void aQuantisedImportLeavesNothingButItsOutput() throws IOException {
    OnnxImportResult result = convert(TinyOnnx.create(), OnnxImportConfig.DEFAULT.withType(QuantizationType.Q8_0));

    assertThat(files()).containsExactly("out.gguf", "tiny.onnx", "tokenizer.json");
    assertThat(result.type()).isEqualTo(QuantizationType.Q8_0);
    // Only ffn_down has rows of a whole block of 32.
    assertThat(GgufFile.read(output).tensors())
        .filteredOn(tensor -> tensor.name().contains("ffn_down.weight"))
        .extracting(GgufTensor::type)
        .containsOnly(GgufType.Q8_0);
  }

  @Test
  void exporterMayOrderOperandsOtherwise() throws IOException {
    TinyOnnx model = TinyOnnx.create();
    // Sums and products commute.
    for (int i = 0; i < model.nodes.size(); i++) {
      Node node = model.nodes.get(i);
      if (List.of("Add", "Mul").contains(node.operator())) {
        model.nodes.set(i, node.withInputs(node.inputs().get(1), node.inputs().get(0)));
      }
    }

    convert(model, F32);

    assertThat(floats(GgufFile.read(output), "blk.0.attn_q.bias"))
        .isEqualTo(model.weights.get("encoder.layer.0.attention.self.query.bias"));
  }

  @Test
  void layersAreToldApartWithoutAnyNames() throws IOException {
    TinyOnnx model = TinyOnnx.create();
    int number = 0;
    for (int i = 0; i < model.nodes.size(); i++) {
      Node node = model.nodes.get(i);
      model.nodes.set(i, new Node(node.operator(), "", "", node.inputs(), node.output(), node.attributes()));
    }
    for (String name : List.copyOf(model.tensors.keySet())) {
      String anonymous = "t" + number++;
      Tensor tensor = model.tensors.remove(name);
      model.tensors.put(anonymous, new Tensor(anonymous, tensor.type(), tensor.dimensions(), tensor.raw()));
      for (int i = 0; i < model.nodes.size(); i++) {
        Node node = model.nodes.get(i);
        model.nodes.set(
            i,
            node.withInputs(node.inputs().stream().map(it -> it.equals(name) ? anonymous : it).toArray(String[]::new)));
      }
    }

    convert(model, F32);

    assertThat(floats(GgufFile.read(output), "blk.1.ffn_down.weight"))
        .isEqualTo(
            transposed(model.weights.get("encoder.layer.1.output.dense.weight"), TinyOnnx.INNER, TinyOnnx.WIDTH));
  }

  // ---- what does not fit
  // ----------------------------------------------------------------------------------------------

  static Stream<Arguments> misfits() {
    String attention = "/encoder/layer.1/attention/self/";
    return Stream.of(
        misfit(
            "operator 3, MatMulInteger",
            model ->
                model.nodes.add(
                    3, new Node("MatMulInteger", "/x", "", List.of("/Unsqueeze_output_0"), "y", List.of()))),
        misfit(
            "operator 4, Sub \"/Sub\" of com.microsoft",
            model -> model.replace("/Sub", it -> it.withDomain("com.microsoft"))),
        misfit("no input \"position_ids\"", model -> model.inputs.add("position_ids")),
        misfit(
            "no input \"token_type_ids\"",
            model -> {
              model.inputs.remove("token_type_ids");
              model.replace(
                  "/embeddings/token_type_embeddings/Gather",
                  it -> it.withInputs("embeddings.token_type_embeddings.weight", "input_ids"));
            }),
        misfit(
            "no output \"last_hidden_state\", only [logits]",
            model -> {
              model.outputs.clear();
              model.outputs.add("logits");
            }),
        misfit(
            "Add \"/encoder/layer/0/intermediate/dense/Add\": BERT has Div in its place",
            model ->
                model.replace(
                    "/encoder/layer.0/act/Erf",
                    it -> it.withInputs("/encoder/layer/0/intermediate/dense/Add_output_0"))),
        misfit(
            "its axis is 1, expected the last",
            model ->
                model.replace(attention + "Softmax", it -> it.withAttributes(List.of(TinyOnnx.integer("axis", 1))))),
        misfit(
            "its order is [0, 1, 2, 3], expected [0, 2, 3, 1]",
            model ->
                model.replace(
                    attention + "key_Transpose", it -> it.withAttributes(List.of(TinyOnnx.ints("perm", 0, 1, 2, 3))))),
        misfit("it divides by 3.0, expected 2.0", model -> model.replace(attention + "scale", it -> constant(it, 3))),
        misfit(
            "GELU multiplies by 0.5 here",
            model -> model.replace("/encoder/layer.0/act/Constant_2", it -> constant(it, 0.4f))),
        misfit(
            "it adds 1.0E-5, unlike other normalisations",
            model -> model.replace("/encoder/layer/0/output/LayerNorm/Constant_1", it -> constant(it, 1e-5f))),
        misfit(
            "a variance has the exponent 2",
            model -> model.replace("/encoder/layer/0/output/LayerNorm/Constant", it -> constant(it, 3))),
        misfit(
            "multiplied with \"/embeddings/Add_1_output_0\"",
            model ->
                model.replace(
                    "/encoder/layer/0/attention/self/key/MatMul",
                    it -> it.withInputs("/embeddings/Add_1_output_0", it.inputs().get(1)))),
        misfit(
            "\"pooler.dense.weight\" has no place in a BERT encoder",
            model ->
                model.tensors.put(
                    "pooler.dense.weight", new Tensor("pooler.dense.weight", 1, List.of(1L), TinyOnnx.bytes(1)))),
        misfit(
            "position 0 is not 0",
            model ->
                model.tensors.put(
                    "embeddings.position_ids",
                    new Tensor("embeddings.position_ids", 7, List.of(1L, (long) TinyOnnx.CONTEXT), positions(2)))),
        misfit(
            "\"embeddings.LayerNorm.bias\" has the shape [15], expected [16]",
            model ->
                model.tensors.put(
                    "embeddings.LayerNorm.bias",
                    new Tensor("embeddings.LayerNorm.bias", 1, List.of(15L), TinyOnnx.bytes(new float[15])))),
        misfit(
            "\"embeddings.LayerNorm.bias\" has elements of type FLOAT16, expected FLOAT",
            model ->
                model.tensors.put(
                    "embeddings.LayerNorm.bias",
                    new Tensor("embeddings.LayerNorm.bias", 10, List.of(16L), new byte[32]))),
        misfit(
            "\"embeddings.LayerNorm.bias\" has 12 bytes for 16 elements",
            model ->
                model.tensors.put(
                    "embeddings.LayerNorm.bias",
                    new Tensor("embeddings.LayerNorm.bias", 1, List.of(16L), new byte[12]))),
        misfit(
            "holds the value NaN, which F32 can't express",
            model -> {
              float[] values = new float[16];
              values[9] = Float.NaN;
              model.tensors.put(
                  "embeddings.LayerNorm.bias",
                  new Tensor("embeddings.LayerNorm.bias", 1, List.of(16L), TinyOnnx.bytes(values)));
            }),
        misfit(
            "has a row for each of 11 tokens, the tokenizer has 12",
            model ->
                model.tensors.put(
                    "embeddings.word_embeddings.weight",
                    new Tensor(
                        "embeddings.word_embeddings.weight", 1, List.of(11L, 16L), TinyOnnx.bytes(new float[176])))),
        misfit(
            "takes \"nothing\", which nothing before it gives",
            model -> model.replace("/Cast", it -> it.withInputs("nothing"))),
        misfit("which is given already", model -> model.nodes.add(model.nodes.getLast())));
  }

  private static Arguments misfit(String expected, Consumer<TinyOnnx> change) {
    return Arguments.of(expected, change);
  }

  private static Node constant(Node node, float value) {
    return node.withAttributes(List.of(TinyOnnx.tensor("value", new Tensor("", 1, List.of(), TinyOnnx.bytes(value)))));
  }

  private static byte[] positions(long first) {
    ByteBuffer bytes = ByteBuffer.allocate(TinyOnnx.CONTEXT * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < TinyOnnx.CONTEXT; i++) {
      bytes.putLong(first + i);
    }
    return bytes.array();
  }

  @ParameterizedTest
  @MethodSource("misfits")
  void whatDoesNotFitIsNamed(String expected, Consumer<TinyOnnx> change) throws IOException {
    TinyOnnx model = TinyOnnx.create();
    change.accept(model);

    ModelImportException refused = refused(model);

    assertThat(refused).hasMessageContaining(expected);
    assertThat(refused.getMessage()).startsWith(folder.resolve("tiny.onnx") + ": ");
    assertThat(refused.reason()).isIn(Reason.UNSUPPORTED, Reason.MALFORMED);
    assertThat(files()).containsExactly("tiny.onnx", "tokenizer.json");
  }

  @Test
  void halfPrecisionRefusesWhatItCanNotExpress() throws IOException {
    TinyOnnx model = TinyOnnx.create();
    String name = "embeddings.word_embeddings.weight";
    float[] values = new float[TinyOnnx.VOCABULARY * TinyOnnx.WIDTH];
    values[100] = 70_000;
    Tensor old = model.tensors.get(name);
    model.tensors.put(name, new Tensor(name, 1, old.dimensions(), TinyOnnx.bytes(values)));

    ModelImportException refused =
        catchThrowableOfType(ModelImportException.class, () -> convert(model, OnnxImportConfig.DEFAULT));

    assertThat(refused).hasMessageContaining(name).hasMessageContaining("70000.0, which F16 can't express");
    assertThat(convert(model, F32).tensors()).isPositive();
  }

  // ---- damaged and hostile files ------------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {"", "GGUF", "{\"a\": 1}", "PK\u0003\u0004", "root:x:0:0:root:/root:/bin/bash\n", "\n\n\n\n\n\n\n\n"})
  void otherFilesAreNotOnnx(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("x.onnx"), content);

    ModelImportException refused =
        catchThrowableOfType(ModelImportException.class, () -> OnnxImporter.importModel(file, tokenizer, output, F32));

    assertThat(refused.reason()).isEqualTo(Reason.MALFORMED);
    // In words of this project, whatever the library of the format says.
    assertThat(refused.getMessage())
        .matches(".*x\\.onnx: not an ONNX file[^.]*\\.")
        .doesNotContainIgnoringCase("protocol");
    assertThat(output).doesNotExist();
  }

  @Test
  void truncatedFilesAreRefused() throws IOException {
    byte[] whole = TinyOnnx.create().encode();
    for (int length = 0; length < whole.length; length += 61) {
      Path file = Files.write(folder.resolve("x.onnx"), Arrays.copyOf(whole, length));
      ModelImportException refused =
          catchThrowableOfType(
              ModelImportException.class, () -> OnnxImporter.importModel(file, tokenizer, output, F32));
      assertThat(refused).as("%d bytes", length).isNotNull();
      assertThat(refused.reason()).isEqualTo(Reason.MALFORMED);
      assertThat(refused.getMessage()).doesNotContainIgnoringCase("protocol").doesNotContain("..");
    }
  }

  /** Each mutant is imported or refused with the typed exception; memory is bounded by the test JVM's heap. */
  @Test
  void mutantsAreImportedOrRefused() throws IOException {
    byte[] whole = TinyOnnx.create().encode();
    int imported = 0;
    int refusals = 0;
    OnnxImportConfig config = F32.withOverwrite(true);
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] mutant = mutate(whole, random);
      Path file = Files.write(folder.resolve("x.onnx"), mutant);
      try {
        OnnxImporter.importModel(file, tokenizer, output, config);
        imported++;
      } catch (ModelImportException refused) {
        assertThat(refused.getMessage()).isNotBlank();
        refusals++;
      } catch (RuntimeException | Error other) {
        throw new AssertionError("seed " + seed, other);
      }
    }
    assertThat(imported).isPositive();
    assertThat(refusals).isPositive();
    assertThat(files()).allMatch(name -> !name.endsWith(".part"));
  }

  private static byte[] mutate(byte[] whole, Random random) {
    byte[] mutant = whole.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(mutant.length);
      switch (random.nextInt(4)) {
        case 0 -> mutant[at] = (byte) random.nextInt();
        case 1 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> mutant[at] = (byte) 0xFF;
        default -> {
          int length = Math.min(random.nextInt(64), mutant.length - at);
          System.arraycopy(whole, random.nextInt(whole.length - length), mutant, at, length);
        }
      }
    }
    return mutant;
  }

  /** Half a million operators without anything in them: two bytes each. */
  @Test
  void theNumberOfOperatorsIsBounded() throws IOException {
    byte[] graph = new byte[1 << 20];
    for (int i = 0; i < graph.length; i += 2) {
      graph[i] = 0x0A;
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(new byte[] {0x3A, (byte) 0x80, (byte) 0x80, 0x40});
    file.writeBytes(graph);
    Path path = Files.write(folder.resolve("x.onnx"), file.toByteArray());

    ModelImportException refused =
        catchThrowableOfType(ModelImportException.class, () -> OnnxImporter.importModel(path, tokenizer, output, F32));

    assertThat(refused).hasMessageContaining("more than 100000 operators");
  }

  @Test
  void aFileBeyondTwoGibibytesIsRefusedUnread() throws IOException {
    Path file = folder.resolve("x.onnx");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), 1L << 31);
    }

    ModelImportException refused =
        catchThrowableOfType(ModelImportException.class, () -> OnnxImporter.importModel(file, tokenizer, output, F32));

    assertThat(refused).hasMessageContaining("2 GiB at most");
    Files.delete(file);
  }

  // ---- the output
  // -------------------------------------------------------------------------------------------------------

  @Test
  void anExistingOutputIsKeptUnlessOverwritingIsAllowed() throws IOException {
    Files.writeString(output, "old");
    TinyOnnx model = TinyOnnx.create();

    assertThat(refused(model).reason()).isEqualTo(Reason.OUTPUT_EXISTS);
    assertThat(output).hasContent("old");

    convert(model, F32.withOverwrite(true));
    assertThat(GgufFile.read(output).tensors()).isNotEmpty();
  }

  @Test
  void theOutputCanNotBeASourceOrAFolder() throws IOException {
    Path onnx = TinyOnnx.create().write(folder.resolve("tiny.onnx"));
    OnnxImportConfig config = F32.withOverwrite(true);

    assertThat(
            catchThrowableOfType(
                    ModelImportException.class, () -> OnnxImporter.importModel(onnx, tokenizer, tokenizer, config))
                .reason())
        .isEqualTo(Reason.SAME_FILE);
    for (Path bad : List.of(folder, folder.resolve("none").resolve("out.gguf"))) {
      assertThat(
              catchThrowableOfType(
                      ModelImportException.class, () -> OnnxImporter.importModel(onnx, tokenizer, bad, config))
                  .reason())
          .isEqualTo(Reason.OUTPUT_NOT_WRITABLE);
    }
  }

  @Test
  void missingSourcesAreNamed() {
    Path missing = folder.resolve("missing.onnx");

    ModelImportException refused =
        catchThrowableOfType(
            ModelImportException.class, () -> OnnxImporter.importModel(missing, tokenizer, output, F32));

    assertThat(refused.reason()).isEqualTo(Reason.SOURCE_NOT_READABLE);
    assertThat(refused.path()).isEqualTo(missing);
  }

  @Test
  void typesWithoutMeaningForAnImportAreNotAccepted() {
    for (QuantizationType type : List.of(QuantizationType.COPY, QuantizationType.IQ1_S)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> OnnxImportConfig.DEFAULT.withType(type))
          .withMessageContaining(type.name());
    }
    assertThatIllegalArgumentException().isThrownBy(() -> OnnxImportConfig.DEFAULT.withName(" "));
  }

  // ---- the tokenizer
  // ----------------------------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "'\"type\": \"WordPiece\", \"unk' | '\"type\": \"Unigram\", \"unk' | model.type is \"Unigram\"",
        "BertNormalizer | Lowercase | normalizer.type is \"Lowercase\", expected \"BertNormalizer\"",
        "BertPreTokenizer | Whitespace | pre_tokenizer.type is \"Whitespace\"",
        "'prefix\": \"##' | 'prefix\": \"@@' | model.continuing_subword_prefix is \"@@\"",
        "'\"clean_text\": true' | '\"clean_text\": false' | normalizer.clean_text is false",
        "'word\": 100' | 'word\": 50' | max_input_chars_per_word is 50",
        "'\"!\": 7' | '\"!\": 8' | '\"hello\" has the id 8'",
        "'\"!\": 7' | '\"!\": 700' | '\"!\" has the id 700; ids must be 0 to 11'",
        "'\"!\": 7' | '\"!\": \"7\"' | ids must be",
        "'\"world\"' | '\"##world\", \"s\"' | not JSON",
        "'\"!\"' | '\"##\"' | 'token 7, \"##\", is empty'",
        "'\"!\"' | '\"\\ud800\"' | 'not JSON'",
        "'\"[MASK]\", \"special\": true}' | '\"[MASK]\", \"special\": true}, {\"id\": 12, \"content\": \"\\ud800\","
            + " \"special\": true}' | 'token 12'",
        "'\"!\"' | '\"##[CLS]\"' | 'is spelt like another one'",
        "'\"unk_token\": \"[UNK]\"' | '\"unk_token\": \"<u>\"' | 'names \"<u>\", which is not'",
        "'\"id\": 4, \"content\"' | '\"id\": 9, \"content\"' | 'added_tokens: \"[MASK]\" has the id 9'",
        "'\"[MASK]\", \"special\": true' | '\"[MASK]\", \"special\": false' | 'only special ones'",
        "'TemplateProcessing' | 'RobertaProcessing' | 'post_processor.type is \"RobertaProcessing\"'",
        "'{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}},' | '' | 'post_processor.single'",
        "'{\"version\"' | '[1] {\"version\"' | 'not JSON, or with a name twice, at line 1, column '"
      })
  void tokenizersThatGgufCanNotExpressAreRefused(String part, String replacement, String expected) throws IOException {
    String changed = TinyOnnx.tokenizer().replace(part, replacement == null ? "" : replacement);
    assertThat(changed).isNotEqualTo(TinyOnnx.tokenizer());
    Files.writeString(tokenizer, changed);

    ModelImportException refused = refused(TinyOnnx.create());

    assertThat(refused).hasMessageContaining(expected);
    assertThat(refused.path()).isEqualTo(tokenizer);
  }

  @Test
  void bertProcessingNamesTheSameTokens() throws IOException {
    String template = TinyOnnx.tokenizer();
    int from = template.indexOf("{\"type\": \"TemplateProcessing\"");
    int to = template.indexOf("\"decoder\"");
    Files.writeString(
        tokenizer,
        template.substring(0, from)
            + "{\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 3], \"cls\": [\"[CLS]\", 2]},"
            + template.substring(to));

    convert(TinyOnnx.create(), F32);

    assertThat(GgufFile.read(output).metadata())
        .containsEntry("tokenizer.ggml.bos_token_id", GgufValue.Int.u32(2))
        .containsEntry("tokenizer.ggml.eos_token_id", GgufValue.Int.u32(3));
  }
}
