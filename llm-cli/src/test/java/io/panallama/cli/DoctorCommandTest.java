package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.NativeLibraryException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

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

  @Test
  void backendIsSelectedFirst() {
    CliRun.of(inference, "doctor", "--backend", "cuda");

    assertThat(inference.backends).containsExactly("cuda");
  }
}
