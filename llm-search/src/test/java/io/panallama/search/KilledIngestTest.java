package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.document.DocumentSummary;
import io.panallama.search.query.Passage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged survives SIGKILL at any moment, and the index opens. */
class KilledIngestTest {
  /** {@code -Dpanallama.test.kills=20} makes more of them. */
  private static final int KILLS = Integer.getInteger("panallama.test.kills", 4);

  @TempDir Path folder;

  @Test
  void nothingAcknowledgedIsLost() throws Exception {
    Random random = new Random(17);
    // The version that a document had last; 0 once it is deleted.
    Map<String, Integer> acknowledged = new HashMap<>();
    for (int kill = 0; kill < KILLS; kill++) {
      int before = acknowledged.size();
      ingestUntilKilled(kill * 100_000, 20 + random.nextInt(200), acknowledged);
      assertThat(acknowledged).hasSizeGreaterThan(before);
      check(acknowledged);
    }
  }

  private void ingestUntilKilled(int first, int lines, Map<String, Integer> acknowledged)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                IngestProgram.class.getName(),
                folder.toString(),
                Integer.toString(first))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader output = process.inputReader()) {
      String line = output.readLine();
      for (int i = 0; line != null; i++) {
        if (i == lines) {
          // SIGKILL, by the handle: the process itself would close the stream, and what it printed is still to be read.
          process.toHandle().destroyForcibly();
        }
        note(line, acknowledged);
        line = output.readLine();
      }
    } finally {
      process.destroyForcibly();
      process.waitFor();
    }
    assertThat(process.exitValue()).isEqualTo(128 + 9);
  }

  private static void note(String line, Map<String, Integer> acknowledged) {
    String[] words = line.split(" ");
    if (words[0].equals("deleted") && words.length == 2) {
      acknowledged.put(words[1], 0);
    } else if (words[0].equals("stored") && words.length == 3) {
      acknowledged.put(words[1], Integer.parseInt(words[2]));
    }
  }

  private void check(Map<String, Integer> acknowledged) {
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.open("docs", WordEmbedder.named("words", IngestProgram.DIMENSIONS));
      Set<String> there = docs.documents().stream().map(DocumentSummary::id).collect(Collectors.toSet());
      acknowledged.forEach((id, version) -> {
        // The change that came next may have been made without its acknowledgement having been read.
        int number = Integer.parseInt(id.substring(id.indexOf('n') + 1));
        boolean mayBeDeleted = version == 0 || version == 1 && number % 5 == 2;
        if (version > 0) {
          assertThat(there.contains(id) || mayBeDeleted).as(id).isTrue();
        } else {
          assertThat(there).doesNotContain(id);
        }
        for (Passage passage : docs.passages(id)) {
          boolean mayBeNext = version == 1 && number % 5 == 1;
          assertThat(passage.text())
              .isIn(IngestProgram.text(id, version), IngestProgram.text(id, mayBeNext ? 2 : version));
        }
      });
    }
  }
}
