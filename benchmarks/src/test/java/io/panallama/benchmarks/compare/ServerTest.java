package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Processes are started, waited for and ended. The servers are scripts. */
@Timeout(60)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the scripts are for sh")
class ServerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;
  private final Children children = Children.create();

  @AfterEach
  void end() {
    children.close();
  }

  private Children.Command script(String text) {
    return new Children.Command(List.of("sh", "-c", text), folder, Map.of("GREETING", "hello"));
  }

  private Server start(String text, int port, Duration patience) throws InterruptedException {
    return Server.start("the server", children, script(text), port, "/", folder.resolve("log"), patience);
  }

  @Test
  void aServerIsReadyWhenItAnswersAndGoneWhenItIsClosed() throws Exception {
    int port = Server.freePort();
    String program = Path.of(System.getProperty("java.home"), "bin", "jwebserver").toString();
    Server server = start("exec '" + program + "' -b 127.0.0.1 -p " + port, port, PATIENCE);
    assertThat(server.isAlive()).isTrue();
    assertThat(server.address().getPort()).isEqualTo(port);
    assertThat(server.llamaLibraries()).hasValue(Set.of());
    server.close();
    assertThat(server.isAlive()).isFalse();
    server.close();
  }

  /** Ours computes in a process that it starts. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void theLibrariesOfAServerAreAlsoThoseOfItsProcesses() throws Exception {
    int port = Server.freePort();
    String web = Path.of(System.getProperty("java.home"), "bin", "jwebserver").toString();
    Server server =
        start(
            "cp \"$(command -v sleep)\" libllama.sleep; ./libllama.sleep 600 & exec '"
                + web
                + "' -b 127.0.0.1 -p "
                + port,
            port,
            PATIENCE);
    while (server.llamaLibraries().orElseThrow().isEmpty()) {
      Thread.onSpinWait();
    }
    assertThat(server.llamaLibraries())
        .hasValueSatisfying(files -> assertThat(files).singleElement().asString().endsWith("/libllama.sleep"));
    server.close();
  }

  @Test
  void aServerThatEndsAtOnceIsReportedWithWhatItSaid() {
    assertThatThrownBy(() -> start("echo $GREETING; echo 'no such model' >&2; exit 3", Server.freePort(), PATIENCE))
        .isInstanceOf(CompareException.class)
        .hasMessage("the server ended with 3 before it was ready: hello\nno such model");
  }

  @Test
  void aServerThatNeverAnswersIsEnded() throws Exception {
    Path pid = folder.resolve("pid");
    assertThatThrownBy(
            () -> start("echo $$ >pid; echo waiting; exec sleep 600", Server.freePort(), Duration.ofMillis(300)))
        .isInstanceOf(CompareException.class)
        .hasMessageContaining("was not ready after")
        .hasMessageContaining("waiting");
    assertThat(isAlive(pid)).isFalse();
  }

  @Test
  void aProgramThatCanNotBeStartedIsReported() {
    Children.Command nothing = new Children.Command(List.of("./nothing"), folder, Map.of());
    assertThatThrownBy(() -> children.start(nothing, folder.resolve("log")))
        .isInstanceOf(CompareException.class)
        .hasMessageContaining("nothing");
  }

  @Test
  void closingEndsAlsoWhatWasStartedByThoseThatWereStarted() throws Exception {
    Path log = folder.resolve("log");
    Process process = children.start(script("sleep 600 & echo $! >pid; echo started; wait"), log);
    // The line comes after the file.
    while (!Files.readString(log).contains("started")) {
      assertThat(process.waitFor(20, TimeUnit.MILLISECONDS)).isFalse();
    }
    Path grandchild = folder.resolve("pid");
    assertThat(isAlive(grandchild)).isTrue();
    children.close();
    assertThat(process.isAlive()).isFalse();
    assertThat(isAlive(grandchild)).isFalse();
    assertThatThrownBy(() -> children.start(script("true"), log)).isInstanceOf(CompareException.class);
  }

  private static boolean isAlive(Path pid) throws IOException {
    return ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).map(ProcessHandle::isAlive).orElse(false);
  }

  @Test
  void aRunIsHeardAndItsOutputKept() throws Exception {
    List<String> heard = new ArrayList<>();
    children.run(script("echo table; echo 'round 1 of 1' >&2"), folder.resolve("log"), heard::add);
    assertThat(heard).containsExactly("round 1 of 1");
    assertThat(folder.resolve("log")).hasContent("table");
  }

  @Test
  void aRunThatFailsSaysWhy() {
    assertThatThrownBy(() ->
            children.run(
                script("echo broken >&2; printf '\\tat Some.java\\n' >&2; exit 2"), folder.resolve("log"), line -> {}))
        .isInstanceOf(CompareException.class)
        .hasMessage("sh ended with 2: broken");
  }
}
