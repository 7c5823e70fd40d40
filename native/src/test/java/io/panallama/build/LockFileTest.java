package io.panallama.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LockFileTest {
  private static final String HASH = Base64.getEncoder().encodeToString(new byte[64]);

  @Test
  void readsItsOwnForm() {
    LockFile lock =
        LockFile.parse(
            "test.lock",
            List.of(
                "# a comment",
                "",
                "llama 1.2.3",
                "source some-package 4.5.6 " + HASH,
                "binary linux-x64  cpu  @scope/plain 4.5.6 " + HASH,
                "binary linux-x64  cuda @scope/cuda  4.5.6 -"));

    assertThat(lock.llamaVersion()).isEqualTo("1.2.3");
    assertThat(lock.source()).isEqualTo(new LockFile.Package("some-package", "4.5.6", Optional.of(HASH)));
    assertThat(lock.binary("linux-x64", Optional.empty()).backend()).isEqualTo("cpu");
    assertThat(lock.binary("linux-x64", Optional.of("cuda")).pack().sha512()).isEmpty();
    assertThat(lock.binary("linux-x64", Optional.empty()).pack().key()).isEqualTo("scope-plain-4.5.6-0000000000000000");
  }

  @Test
  void saysWhichLineIsWrong() {
    assertThatThrownBy(() -> LockFile.parse("test.lock", List.of("llama 1.2.3", "sauce x y z")))
        .isInstanceOf(BuildFailure.class)
        .hasMessageContaining("test.lock line 2");
    assertThatThrownBy(() -> LockFile.parse("test.lock", List.of("source x 1 AAAA")))
        .hasMessageContaining("test.lock line 1")
        .hasMessageContaining("not a SHA-512");
    assertThatThrownBy(() -> LockFile.parse("test.lock", List.of("source x 1 ???"))).hasMessageContaining("not base64");
    assertThatThrownBy(() -> LockFile.parse("test.lock", List.of("llama 1.2.3"))).hasMessageContaining("needs");
  }

  @Test
  void namesWhatThereIsForAnUnknownPlatform() throws Exception {
    LockFile lock = LockFile.read(Path.of("natives.lock"));

    assertThatThrownBy(() -> lock.binary("plan9-x64", Optional.empty()))
        .isInstanceOf(BuildFailure.class)
        .hasMessageContaining("plan9-x64")
        .hasMessageContaining("linux-x64 cpu");
    assertThatThrownBy(() -> lock.binary("linux-arm64", Optional.of("cuda"))).hasMessageContaining("with cuda");
  }

  @Test
  void theCommittedFileCoversTheSupportedPlatforms() throws Exception {
    LockFile lock = LockFile.read(Path.of("natives.lock"));

    assertThat(lock.source().sha512()).isPresent();
    for (String platform :
        List.of("linux-x64", "linux-arm64", "mac-arm64", "mac-x64", "windows-x64", "windows-arm64")) {
      assertThat(lock.binary(platform, Optional.empty()).platform()).isEqualTo(platform);
    }
    assertThat(lock.binary("linux-x64", Optional.of("cuda")).pack().sha512()).isPresent();
  }
}
