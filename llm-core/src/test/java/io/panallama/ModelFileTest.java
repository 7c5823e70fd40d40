package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.error.ModelLoadException;
import io.panallama.generation.Generation;
import io.panallama.internal.llama.ModelFiles;
import io.panallama.observe.EngineState;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Model files that change while they are mapped. */
@Timeout(120)
class ModelFileTest {
  private static final CompletionRequest REQUEST =
      CompletionRequest.of("Once").with(GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(3).build());

  @TempDir private Path folder;

  private Path model(int seed) {
    TinySpec spec = TinySpec.defaults().withSeed(seed).withEnd(TinySpec.End.NEVER);
    return TinyModels.write(folder.resolve("tiny-" + seed + ".gguf"), spec);
  }

  private static void truncate(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
  }

  /** The size stays, so that nothing but the time of modification tells. */
  private static void overwrite(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    Arrays.fill(content, content.length / 2, content.length, (byte) 0);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(content));
    }
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
  }

  private static void awaitFailed(Engine engine) throws InterruptedException {
    while (engine.state() == EngineState.RUNNING) {
      Thread.sleep(5);
    }
    assertThat(engine.state()).isEqualTo(EngineState.FAILED);
  }

  private static void assertRefused(Engine engine, Path file) {
    assertThatThrownBy(() -> engine.generate(REQUEST))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("model file changed under the engine: " + file)
        .hasCauseInstanceOf(ModelFileChangedException.class);
  }

  @Test
  void aTruncatedFileEndsTheEngineAndNotTheProcess() throws IOException {
    Path file = model(1);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      engine.generate(REQUEST).await();
      truncate(file);
      assertRefused(engine, file);
      assertThat(engine.state()).isEqualTo(EngineState.FAILED);
    }
  }

  @Test
  void anIdleEngineOnATruncatedFileSaysSo() throws Exception {
    Path file = model(1);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      truncate(file);
      awaitFailed(engine);
      assertRefused(engine, file);
    }
  }

  private static GenerationOptions endless(Model model) {
    return TestEngines.endless(model).toBuilder().overflow(new ContextOverflow.Shift(0)).build();
  }

  @Test
  void whatIsRunningIsEndedWhenTheFileIsWrittenTo() throws IOException {
    Path file = model(1);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config());
        Generation endless = engine.generate(CompletionRequest.of("Once").with(endless(model)))) {
      assertThat(endless.iterator().next()).isNotNull();
      overwrite(file);
      assertThatThrownBy(endless::await)
          .isInstanceOf(GenerationException.class)
          .hasRootCauseInstanceOf(ModelFileChangedException.class)
          .hasMessageContaining("was written to");
      assertRefused(engine, file);
    }
  }

  @Test
  void aFileThatWasOnlyTouchedStaysInUse() throws Exception {
    Path file = model(1);
    try (ModelFiles files = ModelFiles.open(file)) {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
      assertThat(files.changeWhileLoading()).isNull();
      overwrite(file);
      assertThat(files.changeWhileLoading()).contains("was written to");
    }
  }

  @Test
  void aFileMayBeReplacedByRenamingAndDeleted() throws IOException {
    Path file = model(1);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      String before = engine.generate(REQUEST).await().text();
      Files.move(model(2), file, StandardCopyOption.ATOMIC_MOVE);
      assertThat(engine.generate(REQUEST).await().text()).isEqualTo(before);
      try (Model next = Model.load(file);
          Engine other = Engine.start(next, TestEngines.config())) {
        assertThat(other.generate(REQUEST).await().usage().completionTokens()).isEqualTo(3);
      }
      Files.delete(file);
      assertThat(engine.generate(REQUEST).await().text()).isEqualTo(before);
      assertThat(engine.state()).isEqualTo(EngineState.RUNNING);
    }
  }

  @Test
  void weightsThatWereReadAreIndependentOfTheFile() throws IOException {
    Path file = model(1);
    try (Model model = Model.load(file, ModelConfig.builder().loadMode(LoadMode.READ).build());
        Engine engine = Engine.start(model, TestEngines.config())) {
      String before = engine.generate(REQUEST).await().text();
      truncate(file);
      assertThat(engine.generate(REQUEST).await().text()).isEqualTo(before);
    }
  }

  @Test
  void aFileThatChangesDuringTheLoadIsRefused() {
    Path file = model(1);
    ModelConfig meddling =
        ModelConfig.builder()
            .listener(fraction -> {
              try {
                overwrite(file);
              } catch (IOException failure) {
                throw new AssertionError(failure);
              }
              return true;
            })
            .build();
    assertThatThrownBy(() -> Model.load(file, meddling))
        .isInstanceOfSatisfying(
            ModelLoadException.class,
            refused -> assertThat(refused.reason()).isEqualTo(ModelLoadException.Reason.REFUSED))
        .hasMessageContaining("while it was loaded");
  }
}
