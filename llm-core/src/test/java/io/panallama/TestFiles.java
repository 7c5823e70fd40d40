package io.panallama;

import io.panallama.demo.DemoModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the tests find their files. */
public final class TestFiles {
  private TestFiles() {}

  /** The demo model, unpacked from its jar. */
  public static Path demoModel() {
    return DemoModel.extract();
  }

  /** Vocabularies and templates of the pinned source, laid out by the native module's build. */
  public static Path llamaTestData() {
    Path folder = Path.of("..", "native", "target", "llama-test-data").normalize();
    if (!Files.isDirectory(folder)) {
      throw new IllegalStateException(folder.toAbsolutePath() + " is missing; build the native module first.");
    }
    return folder;
  }
}
