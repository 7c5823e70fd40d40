package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A target of {@code .ci/fuzz-coverage}: a GGUF file, read and checked before anything native sees it. */
public final class GgufTarget {
  private static final Path FILE = file();

  private GgufTarget() {}

  private static Path file() {
    try {
      Path file = Files.createTempFile("panallama-fuzz", ".gguf");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException unwritable) {
      throw new IllegalStateException(unwritable);
    }
  }

  /** Reads the input; anything but a {@link ModelLoadException} is a fault. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Files.write(FILE, input);
    try {
      GgufFile file = GgufFile.read(FILE);
      ModelPreflight.check(file);
      ModelPreflight.requireWeights(file);
    } catch (ModelLoadException refused) {
      if (refused.getMessage() == null || refused.getMessage().isBlank()) {
        throw new AssertionError("refused without a reason", refused);
      }
    }
  }
}
