package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.NativeLibraryException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DoctorCommandTest {
  private final FakeInference inference = new FakeInference();

  @Test
  void usableMachineIsReportedRowByRow() {
    CliRun run = CliRun.of(inference, "doctor");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("0.5.0 for linux-x64", "haswell", "no: no driver", "(Some processor), 2.0 GiB")
        .contains("demo model", "ok, \"Hello there\"", "This machine can run Panallama.");
    assertThat(run.err()).isEmpty();
    assertThat(inference.requests.getFirst().options().maxTokens()).isEqualTo(1);
    assertThat(inference.open).isZero();
  }

  @Test
  void missingLibrariesAreReportedWithAdvice() {
    inference.nativesFailure =
        Optional.of(new NativeLibraryException(NativeLibraryException.Reason.NOT_FOUND, "no libraries for cpu", null));

    CliRun run = CliRun.of(inference, "doctor");

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.out()).contains("FAILED", "no libraries for cpu", "what to do", "PANALLAMA_NATIVE_DIR");
  }

  @ParameterizedTest
  @MethodSource("troubles")
  void theAdviceFitsTheTrouble(Throwable cause, String message, String advice) {
    inference.nativesFailure =
        Optional.of(new NativeLibraryException(NativeLibraryException.Reason.LOAD_FAILED, message, cause));

    CliRun run = CliRun.of(inference, "doctor");

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.out().lines().filter(line -> line.startsWith("what to do")))
        .singleElement()
        .asString()
        .contains(advice);
  }

  static Stream<Arguments> troubles() {
    return Stream.of(
        Arguments.of(
            new IllegalStateException("unpacking", new AccessDeniedException("/cache/natives")),
            "The native libraries cannot be unpacked to /cache/natives",
            "Choose a writable folder: PANALLAMA_CACHE_DIR"),
        Arguments.of(
            new IllegalStateException("unpacking", new FileSystemException("/cache", null, "No space left on device")),
            "The native libraries cannot be unpacked to /cache/natives",
            "Free some disk space"),
        Arguments.of(
            null,
            "/cache/libggml.so cannot be loaded: /cache/libggml.so: failed to map segment from shared object",
            "mounted noexec"),
        Arguments.of(
            null,
            "/cache/libggml.so cannot be loaded: libggml-base.so: cannot open shared object file: Too many open files",
            "ulimit -n"),
        Arguments.of(null, "/cache/libggml.so cannot be loaded: version `GLIBC_2.38' not found", "glibc 2.35"));
  }

  @Test
  void backendIsSelectedFirst() {
    CliRun.of(inference, "doctor", "--backend", "cuda");

    assertThat(inference.backends).containsExactly("cuda");
  }
}
