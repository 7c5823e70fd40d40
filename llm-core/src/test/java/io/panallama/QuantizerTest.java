package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.ModelLoadException;
import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import io.panallama.quantize.ImportanceMatrix;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationProgress;
import io.panallama.quantize.QuantizationResult;
import io.panallama.quantize.QuantizationType;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.BrokenModels;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizerTest {
  /** Rows of 256 and 512: blocks of every type fit. */
  private static final TinySpec SPEC = TinySpec.defaults().withSize(1, 256, 4).withKeyValueHeads(2);

  @TempDir Path folder;

  private Path source() {
    return TinyModels.write(folder.resolve("tiny-f16.gguf"), SPEC);
  }

  private Path output() {
    return folder.resolve("out.gguf");
  }

  private static QuantizationConfig.Builder config(QuantizationType type) {
    return QuantizationConfig.builder(type).threads(2);
  }

  /** For all matrices but those that llama-imatrix does not see, as its own files have it. */
  private static Map<String, float[]> importance(Path model) {
    Map<String, float[]> weights = new HashMap<>();
    for (GgufTensor tensor : GgufFile.read(model).tensors()) {
      if (tensor.dimensions().size() == 2 && tensor.name().startsWith("blk.")) {
        float[] values = new float[(int) tensor.dimension(0)];
        for (int i = 0; i < values.length; i++) {
          values[i] = i % 7;
        }
        weights.put(tensor.name(), values);
      }
    }
    return weights;
  }

  private static void generates(Path file) {
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      GenerationOptions options = GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(4).build();
      assertThat(engine.generate(CompletionRequest.of("abc").with(options)).await().usage().completionTokens())
          .isEqualTo(4);
    }
  }

  private void refuses(Path source, QuantizationConfig config, Reason reason, String words) {
    assertThatThrownBy(() -> Quantizer.quantize(source, output(), config))
        .isInstanceOfSatisfying(
            QuantizationException.class,
            refused -> assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(reason))
        .hasMessageContaining(words)
        .hasMessageNotContaining("\n");
  }

  private void nothingIsLeftBut(Path... files) throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactlyInAnyOrder(files);
    }
  }

  @ParameterizedTest
  @EnumSource(QuantizationType.class)
  void everyTypeGivesAModelThatGenerates(QuantizationType type) throws IOException {
    Path source = source();
    QuantizationConfig.Builder config = config(type);
    if (type.needsImportanceMatrix()) {
      config.importanceMatrix(ImportanceMatrix.of(importance(source)));
    }
    QuantizationResult estimate = Quantizer.estimate(source, config.build());
    QuantizationResult result = Quantizer.quantize(source, output(), config.build());

    GgufFile file = GgufFile.read(output());
    assertThat(file.tensor("blk.0.ffn_gate.weight").orElseThrow().type().blockSize() > 1)
        .isEqualTo(type.tensorType().blockSize() > 1 && type != QuantizationType.COPY);
    if (type != QuantizationType.COPY) {
      assertThat(file.integer("general.file_type")).hasValue(type.id());
    }
    assertThat(result.bytes()).isEqualTo(file.tensors().stream().mapToLong(GgufTensor::byteSize).sum());
    assertThat(estimate.bytes()).isBetween(result.bytes() - 10_486, result.bytes() + 10_486);
    assertThat(result.fallbackTensors()).isEqualTo(estimate.fallbackTensors()).isZero();
    assertThat(result.sourceBitsPerWeight()).isBetween(16.0, 16.1);
    nothingIsLeftBut(source, output());
    generates(output());
  }

  @Test
  void typesAreFoundByNameInAnyCaseAndByAlias() {
    assertThat(QuantizationType.of("q4_k_m")).contains(QuantizationType.Q4_K_M);
    assertThat(QuantizationType.of("Q5_K")).contains(QuantizationType.Q5_K_M);
    assertThat(QuantizationType.of("Q9")).isEmpty();
  }

  @Test
  void threadsDoNotChangeTheBytes() throws IOException {
    Path source = source();
    byte[] one = null;
    for (int threads : new int[] {1, 2, 5}) {
      Quantizer.quantize(source, output(), config(QuantizationType.Q4_K_M).threads(threads).overwrite(true).build());
      byte[] bytes = Files.readAllBytes(output());
      assertThat(one == null || Arrays.equals(one, bytes)).isTrue();
      one = bytes;
    }
  }

  @Test
  void rowsThatDoNotFitGetAnotherTypeAndAreCounted() {
    Path source = TinyModels.write(folder.resolve("narrow.gguf"), TinySpec.defaults());
    QuantizationResult result = Quantizer.quantize(source, output(), config(QuantizationType.Q4_K_M).build());
    assertThat(result.fallbackTensors()).isPositive();
    assertThat(GgufFile.read(output()).tensor("blk.0.attn_k.weight").orElseThrow().type()).isEqualTo(GgufType.Q5_0);
    generates(output());
  }

  @Test
  void outputAndEmbeddingsCanHaveTheirOwnType() {
    QuantizationConfig config =
        config(QuantizationType.Q4_0).outputTensorType(GgufType.Q8_0).tokenEmbeddingType(GgufType.Q5_K).build();
    Quantizer.quantize(source(), output(), config);
    GgufFile file = GgufFile.read(output());
    assertThat(file.tensor("output.weight").orElseThrow().type()).isEqualTo(GgufType.Q8_0);
    assertThat(file.tensor("token_embd.weight").orElseThrow().type()).isEqualTo(GgufType.Q5_K);
    generates(output());
  }

  @Test
  void pureGivesEveryMatrixTheSameTypeAndTheOutputCanBeLeft() {
    Quantizer.quantize(source(), output(), config(QuantizationType.Q4_K_M).pure(true).quantizeOutput(false).build());
    GgufFile file = GgufFile.read(output());
    assertThat(file.tensor("output.weight").orElseThrow().type()).isEqualTo(GgufType.F16);
    assertThat(file.tensors())
        .filteredOn(tensor -> tensor.dimensions().size() == 2 && !tensor.name().equals("output.weight"))
        .allMatch(tensor -> tensor.type() == GgufType.Q4_K);
  }

  @Test
  void tellsHowFarItIs() {
    List<QuantizationProgress> heard = new ArrayList<>();
    Quantizer.quantize(source(), output(), config(QuantizationType.Q8_0).listener(heard::add).build());
    int tensors = GgufFile.read(output()).tensors().size();
    assertThat(heard).hasSize(tensors + 1).extracting(QuantizationProgress::fraction).isSorted();
    assertThat(heard).extracting(QuantizationProgress::tensorsDone).isSorted().startsWith(0).endsWith(tensors);
    assertThat(heard.getFirst().tensor()).isNotEmpty();
    assertThat(heard.getLast().fraction()).isEqualTo(1);
  }

  @Test
  void theListenerCanStopIt() throws IOException {
    Path source = source();
    QuantizationConfig config = config(QuantizationType.Q8_0).listener(progress -> progress.tensorsDone() < 3).build();
    refuses(source, config, Reason.CANCELLED, "stopped");
    nothingIsLeftBut(source);
    // The same thread can go on.
    Quantizer.quantize(source, output(), config(QuantizationType.Q8_0).build());
    generates(output());
  }

  @Test
  void aListenerThatThrowsStopsItAndIsTheCause() throws IOException {
    IllegalStateException thrown = new IllegalStateException("no more");
    Path source = source();
    QuantizationConfig config =
        config(QuantizationType.Q8_0)
            .listener(progress -> {
              throw thrown;
            })
            .build();
    assertThatThrownBy(() -> Quantizer.quantize(source, output(), config))
        .isInstanceOf(QuantizationException.class)
        .hasCause(thrown);
    nothingIsLeftBut(source);
  }

  @Test
  void anInterruptStopsIt() throws IOException {
    Path source = source();
    QuantizationConfig config =
        config(QuantizationType.Q8_0)
            .listener(progress -> {
              Thread.currentThread().interrupt();
              return true;
            })
            .build();
    try {
      refuses(source, config, Reason.CANCELLED, "stopped");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    nothingIsLeftBut(source);
  }

  @Test
  void anInterruptAfterTheLastTensorStopsItToo() throws IOException {
    Path source = source();
    QuantizationConfig config =
        config(QuantizationType.Q8_0)
            .listener(progress -> {
              if (progress.tensor().isEmpty()) {
                Thread.currentThread().interrupt();
              }
              return true;
            })
            .build();
    try {
      refuses(source, config, Reason.CANCELLED, "stopped");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    nothingIsLeftBut(source);
  }

  @Test
  void anInterruptedThreadDoesNotBegin() throws IOException {
    Path source = source();
    Thread.currentThread().interrupt();
    try {
      refuses(source, config(QuantizationType.Q8_0).build(), Reason.CANCELLED, "stopped");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    nothingIsLeftBut(source);
  }

  /** The weights of an F32 model are read for a type that searches a grid, before anything is converted. */
  @Test
  void lookingThroughTheWeightsCanBeStopped() {
    Path source = TinyModels.write(folder.resolve("tiny-f32.gguf"), SPEC.withType(GgufType.F32));
    List<QuantizationProgress> heard = new ArrayList<>();
    QuantizationListener third =
        progress -> {
          heard.add(progress);
          return heard.size() < 3;
        };
    QuantizationListener interrupting =
        _ -> {
          Thread.currentThread().interrupt();
          return true;
        };
    for (QuantizationListener listener : List.of(third, interrupting)) {
      QuantizationConfig config = config(QuantizationType.IQ3_S).listener(listener).build();
      assertThatThrownBy(() -> Quantizer.estimate(source, config))
          .isInstanceOfSatisfying(
              QuantizationException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.CANCELLED));
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(heard).hasSize(3).allMatch(progress -> progress.bytesDone() == 0 && !progress.tensor().isEmpty());
  }

  @Test
  void aListenerMayQuantizeAsWell() throws IOException {
    Path source = source();
    Path inner = folder.resolve("inner.gguf");
    List<QuantizationProgress> heard = new ArrayList<>();
    QuantizationConfig config =
        config(QuantizationType.Q8_0)
            .listener(progress -> {
              heard.add(progress);
              if (heard.size() == 2) {
                Quantizer.quantize(source, inner, config(QuantizationType.Q8_0).build());
              }
              return true;
            })
            .build();
    Quantizer.quantize(source, output(), config);
    assertThat(heard).hasSize(GgufFile.read(output()).tensors().size() + 1);
    assertThat(inner).hasSameBinaryContentAs(output());
  }

  /** A file that is deleted and then replaced would be lost if replacing it failed. */
  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere the JDK looks for changes every few seconds only")
  void whatIsOverwrittenIsNeverGone() throws Exception {
    Path source = source();
    Files.writeString(output(), "mine");
    try (WatchService changes = folder.getFileSystem().newWatchService()) {
      folder.register(changes, StandardWatchEventKinds.ENTRY_DELETE, StandardWatchEventKinds.ENTRY_CREATE);
      Quantizer.quantize(source, output(), config(QuantizationType.Q8_0).overwrite(true).build());
      Path last = Files.createFile(folder.resolve("last"));
      List<String> seen = new ArrayList<>();
      while (!seen.contains("ENTRY_CREATE last")) {
        WatchKey key = changes.take();
        key.pollEvents().forEach(event -> seen.add(event.kind() + " " + event.context()));
        key.reset();
      }
      assertThat(seen).contains("ENTRY_CREATE out.gguf").doesNotContain("ENTRY_DELETE out.gguf");
      nothingIsLeftBut(source, output(), last);
    }
  }

  @ParameterizedTest
  @EnumSource(BrokenModels.class)
  void refusesWhatIsNoModel(BrokenModels broken) {
    Path file = broken.create(folder);
    assertThatThrownBy(() -> Quantizer.quantize(file, output(), config(QuantizationType.Q8_0).build()))
        .isInstanceOfSatisfying(
            ModelLoadException.class, refused -> assertThat(refused.reason()).isEqualTo(broken.reason()));
    assertThat(output()).doesNotExist();
  }

  @Test
  void refusesToWriteOverTheSourceOrAnythingElse() throws IOException {
    Path source = source();
    QuantizationConfig overwriting = config(QuantizationType.Q8_0).overwrite(true).build();
    Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), source);
    for (Path same : List.of(source, folder.resolve("../" + folder.getFileName() + "/tiny-f16.gguf"), link)) {
      assertThatThrownBy(() -> Quantizer.quantize(source, same, overwriting))
          .isInstanceOfSatisfying(
              QuantizationException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.SAME_FILE));
    }
    Files.writeString(output(), "mine");
    refuses(source, config(QuantizationType.Q8_0).build(), Reason.OUTPUT_EXISTS, "exists");
    assertThat(output()).hasContent("mine");
    Quantizer.quantize(source, output(), overwriting);
    generates(output());
  }

  @Test
  void refusesAnOutputThatCannotBeMade() throws IOException {
    Path source = source();
    QuantizationConfig config = config(QuantizationType.Q8_0).build();
    Path directory = Files.createDirectory(folder.resolve("directory"));
    Path inAFile = source.resolve("out.gguf");
    for (Path bad : List.of(directory, folder.resolve("missing").resolve("out.gguf"), inAFile)) {
      assertThatThrownBy(() -> Quantizer.quantize(source, bad, config))
          .isInstanceOfSatisfying(
              QuantizationException.class,
              refused -> assertThat(refused.reason()).isEqualTo(Reason.OUTPUT_NOT_WRITABLE))
          .hasMessageStartingWith(bad.toString());
    }
  }

  @Test
  void refusesWhatIsQuantizedAlreadyUnlessAllowed() {
    Path source = TinyModels.write(folder.resolve("tiny-q8_0.gguf"), SPEC.withType(GgufType.Q8_0));
    refuses(source, config(QuantizationType.Q4_0).build(), Reason.ALREADY_QUANTIZED, "Q8_0");
    Quantizer.quantize(source, output(), config(QuantizationType.Q4_0).allowRequantize(true).build());
    generates(output());
  }

  @Test
  void whatHasItsNewTypeAlreadyIsCopiedAndAMixtureIsRefused() throws IOException {
    Path plain = folder.resolve("plain.gguf");
    Quantizer.quantize(source(), plain, config(QuantizationType.Q4_K_S).pure(true).build());
    Quantizer.quantize(plain, output(), config(QuantizationType.Q4_K_S).pure(true).build());
    assertThat(output()).hasSameBinaryContentAs(plain);
    Files.delete(output());
    // Here it is llama.cpp that finds a Q4_K which the recipe wants in Q6_K.
    refuses(plain, config(QuantizationType.Q4_K_M).build(), Reason.ALREADY_QUANTIZED, "q4_K");
    Path mixture = folder.resolve("mixture.gguf");
    Quantizer.quantize(source(), mixture, config(QuantizationType.Q4_K_M).build());
    refuses(mixture, config(QuantizationType.Q4_K_M).build(), Reason.ALREADY_QUANTIZED, "Q6_K");
  }

  @ParameterizedTest
  @EnumSource(
      value = QuantizationType.class,
      names = {"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "Q2_K_S", "IQ3_XXS", "IQ3_XS"})
  void refusesTypesThatNeedAnImportanceMatrixWithoutOne(QuantizationType type) {
    refuses(source(), config(type).build(), Reason.IMPORTANCE_MATRIX_REQUIRED, type.name());
  }

  /** llama.cpp asserts these, which would end this process. */
  @Test
  void refusesEmbeddingsThatNeedAnImportanceMatrixWithoutTheirs() {
    Path source = source();
    ImportanceMatrix blocksOnly = ImportanceMatrix.of(importance(source));
    refuses(
        source,
        config(QuantizationType.IQ2_XXS).pure(true).importanceMatrix(blocksOnly).build(),
        Reason.IMPORTANCE_MATRIX_REQUIRED,
        "token_embd.weight");
    refuses(
        source,
        config(QuantizationType.Q8_0).outputTensorType(GgufType.IQ1_S).build(),
        Reason.IMPORTANCE_MATRIX_REQUIRED,
        "output.weight");
    refuses(
        source,
        config(QuantizationType.F16).tokenEmbeddingType(GgufType.IQ2_XS).build(),
        Reason.IMPORTANCE_MATRIX_REQUIRED,
        "token_embd.weight");
    Map<String, float[]> all = importance(source);
    all.put("token_embd.weight", all.get("blk.0.attn_q.weight"));
    all.put("output.weight", all.get("blk.0.attn_q.weight"));
    Quantizer.quantize(
        source,
        output(),
        config(QuantizationType.IQ2_XXS).pure(true).importanceMatrix(ImportanceMatrix.of(all)).build());
    generates(output());
  }

  @Test
  void refusesAnImportanceMatrixOfAnotherModelOrWithGaps() {
    Path source = source();
    Map<String, float[]> weights = importance(source);
    weights.put("blk.0.attn_q.weight", new float[128]);
    refuses(
        source,
        config(QuantizationType.IQ2_XS).importanceMatrix(ImportanceMatrix.of(weights)).build(),
        Reason.IMPORTANCE_MATRIX_INVALID,
        "another model");
    weights.remove("blk.0.attn_q.weight");
    refuses(
        source,
        config(QuantizationType.IQ2_XS).importanceMatrix(ImportanceMatrix.of(weights)).build(),
        Reason.IMPORTANCE_MATRIX_REQUIRED,
        "blk.0.attn_q.weight");
  }

  @Test
  void refusesTensorsThatLlamaCppWouldAssertOn() throws IOException {
    // For llama.cpp a name of 5 bytes ends in "weight", too.
    for (String name : List.of("odd.weight", "abcde", "éé1", "abcdef")) {
      Path source = folder.resolve("odd.gguf");
      TinyModels.writer(SPEC)
          .tensor(name, GgufType.F32, List.of(32L, 2L, 2L, 2L), FloatSource.constant(1))
          .write(source);
      refuses(source, config(QuantizationType.Q8_0).build(), Reason.UNSUPPORTED_TENSOR, name);
    }

    Path narrow = TinyModels.write(folder.resolve("narrow.gguf"), TinySpec.defaults());
    refuses(
        narrow,
        config(QuantizationType.Q8_0).outputTensorType(GgufType.Q6_K).build(),
        Reason.UNSUPPORTED_TENSOR,
        "rows of 64");
    assertThatThrownBy(() -> config(QuantizationType.Q8_0).outputTensorType(GgufType.Q8_K).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("outputTensorType");
  }

  @Test
  void refusesWeightsThatAreTooLargeForAGridSearch() throws IOException {
    for (GgufType type : List.of(GgufType.F32, GgufType.BF16)) {
      Path source = folder.resolve(type + ".gguf");
      TinyModels.writer(SPEC.withType(type))
          .tensor("blk.0.odd.weight", type, List.of(256L, 2L), FloatSource.constant(1e20f))
          .write(source);
      refuses(source, config(QuantizationType.IQ3_S).build(), Reason.UNSUPPORTED_TENSOR, "blk.0.odd.weight");
    }
    Path source = TinyModels.write(folder.resolve("sound.gguf"), SPEC.withType(GgufType.F32));
    Quantizer.quantize(source, output(), config(QuantizationType.IQ3_S).build());
    generates(output());
  }

  /** Each assert in llama.cpp's quantisers would end this process. */
  @Test
  void extremeWeightsAndImportancesAreConvertedOrRefused() throws IOException {
    List<FloatSource> weights =
        List.of(
            FloatSource.constant(0),
            FloatSource.constant(65504),
            FloatSource.constant(-1e-40f),
            (first, target, count) -> {
              for (int i = 0; i < count; i++) {
                // Every exponent up to that of 65504, both signs.
                float value = Float.intBitsToFloat((int) ((first + i) * 0x9E3779B9L) & 0x8FFF_FFFF | (i % 5 << 28));
                target[i] = Math.clamp(value, -65504f, 65504f);
              }
            });
    Path source = folder.resolve("extreme.gguf");
    // No other weights: those of a whole model would only take time.
    List<Float> importances = List.of(0f, 1e-30f, ImportanceMatrix.MAX_IMPORTANCE);
    GgufWriter all = TinyModels.vocabularyWriter(SPEC);
    List<Path> single = new ArrayList<>();
    Map<String, float[]> matrix = new HashMap<>();
    for (int i = 0; i < weights.size() * importances.size(); i++) {
      String name = "blk.0.odd" + i + ".weight";
      float[] row = new float[256];
      Arrays.fill(row, importances.get(i % importances.size()));
      matrix.put(name, row);
      FloatSource values = weights.get(i / importances.size());
      all.tensor(name, GgufType.F32, List.of(256L, 16L), values);
      Path alone = folder.resolve("extreme" + i + ".gguf");
      TinyModels.vocabularyWriter(SPEC).tensor(name, GgufType.F32, List.of(256L, 16L), values).write(alone);
      single.add(alone);
    }
    all.write(source);
    ImportanceMatrix importance = ImportanceMatrix.of(matrix);
    // One recipe for each format: the others call the same code.
    Set<GgufType> formats = EnumSet.noneOf(GgufType.class);
    for (QuantizationType type : QuantizationType.values()) {
      if (formats.add(type.tensorType())) {
        QuantizationConfig config = config(type).overwrite(true).importanceMatrix(importance).build();
        if (!convertsOrFails(source, config)) {
          // The tensors after the one that was refused have not had their turn.
          single.forEach(alone -> convertsOrFails(alone, config));
        }
      }
    }
  }

  private boolean convertsOrFails(Path source, QuantizationConfig config) {
    try {
      Quantizer.quantize(source, output(), config);
      return true;
    } catch (QuantizationException refused) {
      assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(Reason.FAILED);
      return false;
    }
  }

  @Test
  void weightsThatAreNoNumbersAreAnError() throws IOException {
    Path source = folder.resolve("nan.gguf");
    TinyModels.writer(SPEC)
        .tensor("blk.0.odd.weight", GgufType.F16, List.of(256L, 2L), FloatSource.constant(Float.NaN))
        .write(source);
    refuses(source, config(QuantizationType.Q4_K_M).build(), Reason.FAILED, "invalid data");
    nothingIsLeftBut(source);
  }

  @Test
  void copyMakesOneFileOfAModelInSeveral() throws IOException {
    GgufWriter first = TinyModels.writer(SPEC);
    first
        .put("split.no", new GgufValue.Int(GgufValueType.UINT16, 0))
        .put("split.count", new GgufValue.Int(GgufValueType.UINT16, 2));
    Path source = folder.resolve("m-00001-of-00002.gguf");
    first.write(folder.resolve("whole.gguf"));
    int tensors = GgufFile.read(folder.resolve("whole.gguf")).tensors().size() + 1;
    first.put("split.tensors.count", new GgufValue.Int(GgufValueType.INT32, tensors)).write(source);
    new GgufWriter()
        .put("split.no", new GgufValue.Int(GgufValueType.UINT16, 1))
        .put("split.count", new GgufValue.Int(GgufValueType.UINT16, 2))
        .put("split.tensors.count", new GgufValue.Int(GgufValueType.INT32, tensors))
        .tensor("rope_freqs.weight", GgufType.F32, List.of(32L), FloatSource.constant(1))
        .write(folder.resolve("m-00002-of-00002.gguf"));

    QuantizationResult result = Quantizer.quantize(source, output(), QuantizationConfig.of(QuantizationType.COPY));
    assertThat(result.tensors()).isEqualTo(tensors);
    assertThat(result.bytes()).isEqualTo(result.sourceBytes());
    assertThat(GgufFile.read(output()).value("split.count")).isEmpty();
    generates(output());
    assertThatThrownBy(() ->
            Quantizer.quantize(
                source, folder.resolve("m-00002-of-00002.gguf"), config(QuantizationType.Q8_0).overwrite(true).build()))
        .isInstanceOfSatisfying(
            QuantizationException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.SAME_FILE));
  }
}
