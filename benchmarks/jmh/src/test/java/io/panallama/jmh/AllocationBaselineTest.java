package io.panallama.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.jmh.AllocationBaseline.Range;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllocationBaselineTest {
  @TempDir Path folder;

  @Test
  void comesBackFromItsFileRoundedToATenth() throws IOException {
    Path file = folder.resolve("allocation.txt");
    AllocationBaseline.of(25, Map.of("B.step sequences=8", new Range(1234.5678, 1300), "A.fill", new Range(0, 0.04)))
        .write(file);
    AllocationBaseline read = AllocationBaseline.read(file);
    assertThat(read.java()).isEqualTo(25);
    assertThat(read.ranges())
        .containsExactly(
            Map.entry("A.fill", new Range(0, 0)), Map.entry("B.step sequences=8", new Range(1234.6, 1300)));
  }

  @Test
  void aRangeSpansTheJvmsThatWereMeasured() {
    List<Allocation> forks = List.of(new Allocation(48, 10), new Allocation(64, 10), new Allocation(56, 10));
    assertThat(Range.of(forks)).isEqualTo(new Range(48, 64));
    assertThat(Allocation.least(forks)).isEqualTo(forks.getFirst());
  }

  @Test
  void isWrittenInOneOrderWhateverItWasMeasuredIn() {
    AllocationBaseline one =
        AllocationBaseline.of(25, Map.of("A.a", new Range(1, 1), "B.b", new Range(2, 3), "C.c", new Range(3, 3)));
    assertThat(one.format())
        .endsWith("java 25", "       1.0        1.0  A.a", "       2.0        3.0  B.b", "       3.0        3.0  C.c");
    assertThat(AllocationBaseline.parse(one.format()).format()).isEqualTo(one.format());
  }

  @Test
  void passesOverCommentsAndEmptyLines() {
    assertThat(AllocationBaseline.parse(List.of("# head", "", "java 25", "  # more", " 8.0 9.0 A.a")).ranges())
        .containsExactly(Map.entry("A.a", new Range(8, 9)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "A.a 8.0 8.0",
        "8.0 8.0",
        "8.0 A.a",
        "-8.0 8.0 A.a",
        "8 8 A.a",
        "NaN 8.0 A.a",
        "9.0 8.0 A.a",
        "java 26",
        "8.0 8.0 again"
      })
  void refusesAnythingElseAndSaysWhere(String line) {
    List<String> lines = List.of("java 25", "8.0 8.0 again", line);
    assertThatThrownBy(() -> AllocationBaseline.parse(lines))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("line 3");
  }

  @Test
  void refusesAFileWithoutAJavaVersion() throws IOException {
    Path file = folder.resolve("allocation.txt");
    Files.writeString(file, "8.0 8.0 A.a\n");
    assertThatThrownBy(() -> AllocationBaseline.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("allocation.txt", "java VERSION");
  }
}
