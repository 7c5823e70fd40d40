package io.panallama.internal.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufWriter;
import io.panallama.internal.llama.Natives;
import io.panallama.internal.trial.TrialResult.Outcome;
import io.panallama.internal.trial.TrialRun.Depth;
import io.panallama.observe.NativeReport;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The trial of a model file in a process of its own. The preflight is left out here, so that the files get that far. */
class ModelTrialTest {
  private final NativeReport natives = Natives.load();
  private final TrialRun run = new TrialRun(natives);

  /** llama.cpp asserts that it knows the scaling. */
  private static final Map<String, MetadataValue> DEADLY =
      Map.of("llama.rope.scaling.type", MetadataValue.of("unheard of"));

  private static final ModelConfig DEADLY_CONFIG = ModelConfig.builder().metadata(DEADLY).build();

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Depth.class)
  void aModelThatWorksPasses(Depth depth) {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"));

    assertThat(run.run(model, depth, model.toFile().length(), ModelConfig.defaults())).isEqualTo(TrialResult.PASSED);
  }

  @Test
  void aModelOnWhichLlamaCppAbortsHasItsLastWords() {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"));

    TrialResult result = run.run(model, Depth.GRAPHS, model.toFile().length(), DEADLY_CONFIG);

    assertThat(result.outcome()).isEqualTo(Outcome.DIED);
    assertThat(result.words())
        .startsWith("at the stage \"metadata\", SIGABRT: src/")
        .contains("GGML_ASSERT(hparams.rope_scaling_type_train != LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED) failed");
  }

  @Test
  void aModelThatLlamaCppRefusesWithAnErrorIsLeftToTheLoad() throws IOException {
    Path model = folder.resolve("empty.gguf");
    new GgufWriter().put("general.architecture", "llama").write(model);

    assertThat(run.run(model, Depth.GRAPHS, 1, ModelConfig.defaults())).isEqualTo(TrialResult.PASSED);
  }

  @Test
  void aModelOnWhichLlamaCppAbortsIsRefused() {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"));
    GgufFile file = GgufFile.read(model);
    ModelConfig always = DEADLY_CONFIG.toBuilder().trial(Trial.ALWAYS).build();

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelTrial.check(file, always, natives))
        .withMessageContaining(model.toString())
        .withMessageContaining("llama.cpp ends its process on this model, at the stage \"metadata\", SIGABRT")
        .returns(Reason.TRIAL_FAILED, ModelLoadException::reason)
        .returns(model, ModelLoadException::path);
    assertThatNoException()
        .isThrownBy(() -> ModelTrial.check(file, always.toBuilder().trial(Trial.NEVER).build(), natives));
  }

  @Test
  void theResultOfAFileIsRememberedByItsContent() throws IOException {
    Path model = TinyModels.write(folder.resolve("first.gguf"));
    Path copy = Files.copy(model, folder.resolve("second.gguf"));
    for (Path each : List.of(model, copy)) {
      GgufFile file = GgufFile.read(each);
      assertThatExceptionOfType(ModelLoadException.class)
          .isThrownBy(() -> ModelTrial.check(file, DEADLY_CONFIG, natives))
          .withMessageContaining(each.toString())
          .withMessageContaining("SIGABRT");
    }
  }

  @Test
  void librariesWithoutTheProgramAreNoReasonToRefuse() {
    GgufFile file = GgufFile.read(TinyModels.write(folder.resolve("tiny.gguf")));
    assertThatNoException().isThrownBy(() -> ModelTrial.check(file, DEADLY_CONFIG, elsewhere()));
  }

  @Test
  void aProgramThatCannotBeStartedIsNoReasonToRefuse() throws IOException {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"));
    Files.createFile(folder.resolve(run.program().getFileName().toString()));
    assertThat(new TrialRun(elsewhere()).run(model, Depth.GRAPHS, 1, DEADLY_CONFIG).outcome())
        .isEqualTo(Outcome.IMPOSSIBLE);
    assertThatNoException().isThrownBy(() -> ModelTrial.check(GgufFile.read(model), DEADLY_CONFIG, elsewhere()));
  }

  @Test
  void whoDemandsATrialGetsNoModelWithoutOne() {
    GgufFile file = GgufFile.read(TinyModels.write(folder.resolve("tiny.gguf")));
    ModelConfig always = ModelConfig.builder().trial(Trial.ALWAYS).build();

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelTrial.check(file, always, elsewhere()))
        .withMessageContaining("does not exist")
        .withMessageContaining("set trial to AUTO")
        .returns(Reason.TRIAL_FAILED, ModelLoadException::reason);
  }

  @Test
  void librariesThatDoNotLoadAreNoReasonToRefuse() throws IOException {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"));
    Path directory = Files.createDirectory(folder.resolve("libraries"));
    try (var libraries = Files.list(natives.directory())) {
      for (Path library : libraries.toList()) {
        Files.copy(library, directory.resolve(library.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    Files.writeString(directory.resolve("libggml-cpu-none.so"), "no library");
    NativeReport broken =
        new NativeReport(
            natives.llamaVersion(), natives.platform(), "cpu", directory, Optional.of("none"), Optional.empty());

    TrialResult result = new TrialRun(broken).run(model, Depth.GRAPHS, 1, DEADLY_CONFIG);

    assertThat(result.outcome()).isEqualTo(Outcome.IMPOSSIBLE);
    assertThat(result.words()).contains("does not load");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the program is a shell script")
  void aTrialWithoutAnEndIsEnded() throws IOException {
    Path program = folder.resolve("panallama-trial");
    Files.writeString(program, "#!/bin/sh\necho stage graphs\nexec sleep 600\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();

    TrialResult result =
        new TrialRun(elsewhere(), Duration.ofSeconds(1))
            .run(folder.resolve("any.gguf"), Depth.GRAPHS, 1, ModelConfig.defaults());

    assertThat(result)
        .isEqualTo(new TrialResult(Outcome.STOPPED, "at the stage \"graphs\", which did not end within 1 seconds"));
    assertThat(result.isFinal()).isFalse();
  }

  @Test
  void twoMayTryAFileAtOnce() throws Exception {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withSeed(System.nanoTime()));
    GgufFile file = GgufFile.read(model);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Callable<Boolean> check =
          () -> {
            ModelTrial.check(file, ModelConfig.defaults(), natives);
            return true;
          };
      for (Future<Boolean> passed : threads.invokeAll(List.of(check, check))) {
        assertThat(passed.get()).isTrue();
      }
    }
  }

  /** Libraries in a folder without the program. */
  private NativeReport elsewhere() {
    return new NativeReport(
        natives.llamaVersion(), natives.platform(), "cpu", folder, natives.cpuVariant(), Optional.empty());
  }

  @Test
  void memoryKeepsWhatIsFinal() {
    TrialMemory memory = new TrialMemory(folder.resolve("trials"));
    TrialResult died = new TrialResult(Outcome.DIED, "at the stage \"graphs\", SIGSEGV");

    assertThat(memory.find("a")).isEmpty();
    memory.store("a", TrialResult.PASSED);
    memory.store("b", died);
    memory.store("c", new TrialResult(Outcome.STOPPED, "killed"));
    assertThat(memory.find("a")).contains(TrialResult.PASSED);
    assertThat(memory.find("b")).contains(died);
    assertThat(memory.find("c")).isEmpty();
  }

  @Test
  void memoryThatCannotBeWrittenFailsNothing() throws IOException {
    TrialMemory memory = new TrialMemory(Files.createFile(folder.resolve("trials")));

    memory.store("a", TrialResult.PASSED);

    assertThat(memory.find("a")).isEmpty();
  }
}
