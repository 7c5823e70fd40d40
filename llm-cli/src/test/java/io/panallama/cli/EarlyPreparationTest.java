package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.cli.settings.Settings;
import io.panallama.config.IsolationConfig;
import io.panallama.error.NativeLibraryException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EarlyPreparationTest {
  private static final Settings NONE = Settings.of(Map.of("PATH", "/bin"));

  private final FakeInference inference = new FakeInference();

  private int preparations(Settings settings, String line) {
    EarlyPreparation.start(CliRun.context(inference), settings, line.split(" ")).close();
    return inference.prepared;
  }

  @ParameterizedTest
  @ValueSource(strings = {"run --input Hello -n 1", "chat", "chat -m some.gguf", "bench --quick"})
  void commandsThatComputeHaveTheLibrariesLoadedEarly(String line) {
    assertThat(preparations(NONE, line)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "inspect some.gguf",
        "--version",
        "doctor",
        "help serve",
        "bench serve --url http://127.0.0.1:1",
        "chat --backend cuda",
        "chat --backend=cuda",
        "serve",
        "serve --port 0 -m some.gguf",
        "run -v hi",
        "run hi --verbose",
        "run --help",
        "run -h"
      })
  void otherCommandsAndOptionsWithWhichTheyMustWaitDoNot(String line) {
    assertThat(preparations(NONE, line)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "serve --port 0 -m some.gguf",
        "serve --isolate always",
        "serve --isolate=AUTO",
        "serve --isolate never --isolate auto",
        "serve --backend cpu",
        "serve --config /dev/null"
      })
  void aServerHasItsProcessStartedEarly(String line) {
    assertThat(EarlyPreparation.isIsolated("Linux", line.split(" "))).isTrue();
    assertThat(preparations(NONE, line)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve --isolate never",
        "serve --isolate=never",
        "serve --isolate sometimes",
        "serve --worker-memory 8G",
        "serve --worker_memory=8G",
        "serve @options",
        "serve --backend gpu",
        "serve -v",
        "serve --verbose",
        "serve --help",
        "-v serve",
        "chat",
        "help serve",
        "bench serve --url http://127.0.0.1:1"
      })
  void argumentsThatMayMeanAnotherProcessOrNoneDoNot(String line) {
    assertThat(EarlyPreparation.isIsolated("Linux", line.split(" "))).isFalse();
    assertThat(preparations(NONE, line)).isEqualTo(line.equals("chat") ? 1 : 0);
    assertThat(inference.processes).isEmpty();
  }

  @Test
  void onlyLinuxIsolatesWithoutBeingAsked() {
    assertThat(EarlyPreparation.isIsolated("Mac OS X", "serve")).isFalse();
    assertThat(EarlyPreparation.isIsolated("Mac OS X", "serve", "--isolate", "always")).isTrue();
  }

  @Test
  void aProcessThatNothingNeededIsDropped() {
    EarlyPreparation preparation =
        EarlyPreparation.start(
            CliRun.context(inference), NONE, "serve", "--isolate", "always", "--backend", "CPU", "--port", "0");
    assertThat(inference.waitingProcess).isTrue();
    assertThat(inference.processes).containsExactly(IsolationConfig.defaults());
    assertThat(inference.backends).containsExactly("cpu");
    preparation.close();
    assertThat(inference.waitingProcess).isFalse();
  }

  @Test
  void wrongOptionsEndAsWithoutAProcess() {
    CliRun early = CliRun.of(inference, "serve", "--isolate", "always", "--ports", "0");
    assertThat(inference.processes).hasSize(1);
    assertThat(inference.waitingProcess).isFalse();
    CliRun late = CliRun.of(new FakeInference(), "serve", "--isolate", "never", "--ports", "0");
    assertThat(early).isEqualTo(late);
    assertThat(early.code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void settingsMayAskForAnythingSoTheLibrariesWaitForThem(@TempDir Path folder) throws Exception {
    assertThat(preparations(Settings.of(Map.of("PANALLAMA_CHAT_BACKEND", "cuda")), "chat")).isZero();
    assertThat(preparations(Settings.of(Map.of("PANALLAMA_ISOLATE", "never")), "serve")).isZero();
    assertThat(inference.processes).isEmpty();
    Path file = Files.writeString(folder.resolve("config.yaml"), "backend: cuda\n");
    assertThat(preparations(Settings.read(Map.of(), Optional.of(file), file), "chat")).isZero();
  }

  @Test
  void anEmptyFileSetsNothing(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("config.yaml"), "# nothing yet\n");
    assertThat(preparations(Settings.read(Map.of(), Optional.of(file), file), "chat")).isEqualTo(1);
  }

  @Test
  void aFailureIsLeftToTheCommand() {
    inference.nativesFailure =
        Optional.of(new NativeLibraryException(NativeLibraryException.Reason.NOT_FOUND, "there are none", null));
    assertThat(preparations(NONE, "chat")).isEqualTo(1);
  }

  @Test
  void theEndOfTheProcessWaitsForAnUnfinishedLoad() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    inference.preparing =
        () -> {
          begun.countDown();
          try {
            release.await();
          } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
          }
        };
    EarlyPreparation preparation = EarlyPreparation.start(CliRun.context(inference), NONE, "chat");
    begun.await();
    CountDownLatch closed = new CountDownLatch(1);
    Thread closing =
        new Thread(() -> {
          preparation.close();
          closed.countDown();
        });
    closing.start();
    while (closing.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(closed.getCount()).isEqualTo(1);

    release.countDown();

    assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(inference.prepared).isEqualTo(1);
  }
}
