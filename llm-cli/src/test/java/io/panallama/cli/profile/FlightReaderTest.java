package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Recordings are read whole, whichever processes they are of. */
@Timeout(120)
class FlightReaderTest {
  @TempDir private Path folder;

  /** As the engine's, whose fields are all that is read. */
  @Name("panallama.Choice")
  static final class OwnChoice extends Event {
    String by = "";
  }

  private Path recorded(String by, int count) throws IOException {
    Path file = folder.resolve(by + ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable("panallama.Choice").withoutThreshold();
      recording.enable("jdk.JVMInformation");
      recording.start();
      for (int i = 0; i < count; i++) {
        OwnChoice event = new OwnChoice();
        event.by = by;
        event.begin();
        event.commit();
      }
      recording.stop();
      recording.dump(file);
    }
    return file;
  }

  private Path concatenated(Path... files) throws IOException {
    Path whole = folder.resolve("whole.jfr");
    try (OutputStream out = Files.newOutputStream(whole)) {
      for (Path file : files) {
        Files.copy(file, out);
      }
    }
    return whole;
  }

  @Test
  void aRecordingOfThisProcess() throws IOException {
    FlightLog log = FlightReader.read(recorded("processor", 3));
    JvmLog process = only(log);
    assertThat(process.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(process.command()).isNotEmpty();
    assertThat(process.isWorker()).isFalse();
    assertThat(process.choices).hasSize(3).allSatisfy(choice -> assertThat(choice.label()).isEqualTo("processor"));
    assertThat(log.end()).isGreaterThanOrEqualTo(log.start());
  }

  private static JvmLog only(FlightLog log) {
    assertThat(log.processes()).hasSize(1);
    return log.processes().getFirst();
  }

  /** As the command puts the recordings of a server and its worker together. */
  @Test
  void recordingsOneBehindTheOther() throws IOException {
    FlightLog log = FlightReader.read(concatenated(recorded("processor", 2), recorded("grammar", 1)));
    Map<String, Integer> counts = new TreeMap<>();
    only(log).choices.forEach(choice -> counts.merge(choice.label(), 1, Integer::sum));
    assertThat(counts).isEqualTo(Map.of("grammar", 1, "processor", 2));
  }

  @Test
  void theChunksOfSeveralProcessesAreToldApart() {
    JvmLog server = new JvmLog(1);
    server.command("io.panallama.cli/io.panallama.cli.Main serve");
    JvmLog worker = new JvmLog(2);
    worker.command("io.panallama/io.panallama.WorkerMain /tmp/socket");
    assertThat(List.of(server.isWorker(), worker.isWorker())).containsExactly(false, true);
  }

  @Test
  void whatIsNoRecordingIsRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.txt"), "These are no events, but a text.");
    assertThatThrownBy(() -> FlightReader.read(text))
        .isInstanceOf(IOException.class)
        .hasMessage(text + ": it is no flight recording (.jfr), or one that is still being written");
    Path empty = Files.createFile(folder.resolve("empty.jfr"));
    assertThatThrownBy(() -> FlightReader.read(empty)).hasMessage(empty + ": the file is empty");
  }

  @Test
  void aRecordingThatIsCutOffIsRefused() throws IOException {
    Path one = recorded("processor", 1);
    byte[] two = Files.readAllBytes(concatenated(one, recorded("grammar", 1)));
    Path cut = Files.write(folder.resolve("cut.jfr"), Arrays.copyOf(two, two.length - 10));
    assertThatThrownBy(() -> FlightReader.read(cut))
        .hasMessage(cut + ": the recording is cut off at byte " + Files.size(one));
    try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("panallama-chunk"));
    }
  }
}
