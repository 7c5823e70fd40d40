package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
  @TempDir private Path root;

  private int connections(int wanted, String limit, int open) throws IOException {
    Path self = root.resolve("proc/self");
    Files.createDirectories(self.resolve("fd"));
    Files.writeString(
        self.resolve("limits"),
        "Limit                     Soft Limit           Hard Limit           Units     \n"
            + "Max processes             95000                95000                processes \n"
            + "Max open files            "
            + limit
            + "                1048576              files     \n");
    for (int i = 0; i < open; i++) {
      Files.createFile(self.resolve("fd/" + i));
    }
    return OpenFiles.connections(wanted, root);
  }

  @Test
  void asManyAsAreWantedIfThereAreFiles() throws IOException {
    assertThat(connections(1024, "1048576", 50)).isEqualTo(1024);
  }

  @Test
  void aReserveIsLeftIfThereAreFewer() throws IOException {
    assertThat(connections(1024, "1024", 60)).isEqualTo(1024 - 60 - 64);
  }

  @Test
  void halfOfVeryFew() throws IOException {
    assertThat(connections(1024, "150", 70)).isEqualTo(40);
  }

  @Test
  void oneAtLeast() throws IOException {
    assertThat(connections(1024, "10", 10)).isEqualTo(1);
  }

  @Test
  void thoseThatAreWantedWithoutALimit() throws IOException {
    assertThat(connections(7, "unlimited", 3)).isEqualTo(7);
    assertThat(OpenFiles.connections(7, root.resolve("none"))).isEqualTo(7);
  }
}
