package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.Platform.Arch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
  @TempDir private Path folder;

  /** The headers of a library for a machine number, with one segment that reaches to the end of the file. */
  static byte[] library(int machine) {
    ByteBuffer file = ByteBuffer.allocate(64 + 2 * 56 + 100).order(ByteOrder.LITTLE_ENDIAN);
    file.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    file.putShort(18, (short) machine);
    file.putLong(32, 64);
    file.putShort(54, (short) 56);
    file.putShort(56, (short) 2);
    // PT_NOTE, whose sizes do not matter, and PT_LOAD.
    file.putInt(64, 4).putLong(64 + 32, Long.MAX_VALUE);
    file.putInt(120, 1).putLong(120 + 8, 0).putLong(120 + 32, file.capacity());
    return file.array();
  }

  @Test
  void acceptsAWholeLibraryForTheProcessor() {
    assertThatCode(() -> check(library(62), Arch.X64)).doesNotThrowAnyException();
    assertThatCode(() -> check(library(183), Arch.ARM64)).doesNotThrowAnyException();
  }

  @Test
  void refusesAnotherProcessor() {
    assertFails(library(183), Reason.WRONG_PLATFORM, "ELF machine 183, this machine is 62");
  }

  @Test
  void refusesALibraryThatIsCutOffAnywhere() {
    byte[] whole = library(62);
    for (int length = 0; length < whole.length; length++) {
      assertFails(Arrays.copyOf(whole, length), Reason.CORRUPT, "is truncated");
    }
  }

  @Test
  void refusesSizesThatOverflow() {
    byte[] library = library(62);
    ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN).putLong(120 + 8, Long.MAX_VALUE);
    assertFails(library, Reason.CORRUPT, "is truncated");
  }

  @Test
  void refusesWhatIsNoLibrary() {
    assertFails(
        "GROUP ( libggml.so.0 ) and so on, a script for the linker of a build".getBytes(StandardCharsets.UTF_8),
        Reason.CORRUPT,
        "ELF");
  }

  private void check(byte[] content, Arch arch) throws IOException {
    ElfFile.check(Files.write(folder.resolve("lib.so"), content), arch);
  }

  private void assertFails(byte[] content, Reason reason, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> check(content, Arch.X64))
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
