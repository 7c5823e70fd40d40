package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code panallama profile}: its errors, and a profile of a server in two other processes. */
@Timeout(240)
class ProfileCommandTest {
  @TempDir private Path folder;
  private final FakeInference inference = new FakeInference();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--seconds 0 | --seconds is 0; it must be 1 to 3600.",
        "--seconds 9999 | --seconds is 9999; it must be 1 to 3600.",
        "--spikes -1 | --spikes is -1; it must be 0 to 1000.",
        "--pid 1 --url http://localhost | --pid and --url name the same thing; give one of them.",
        "--explain a.jfr --pid 1 | --explain reads a recording; --pid and --url are for making one.",
        "-o a.jfr | -o is a.jfr; it must be the page, such as profile.html.",
        "--url nonsense | --url is nonsense; it must be the address of a server, such as http://127.0.0.1:8080.",
        "--url ftp://x | --url is ftp://x; it must be the address of a server, such as http://127.0.0.1:8080."
      })
  void optionsThatCannotBeUsed(String options, String message) {
    CliRun run = CliRun.of(inference, ("profile " + options).split(" "));
    assertThat(run.err()).isEqualTo("panallama: " + message + "\n");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void aProcessThatIsNotThere() {
    CliRun run = CliRun.of(inference, "profile", "--pid", "999999999");
    assertThat(run.err()).isEqualTo("panallama: --pid is 999999999; no Java process of this user has it.\n");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void anAddressWhereNoServerListens() {
    CliRun run = CliRun.of(inference, "profile", "--url", "http://127.0.0.1:1");
    assertThat(run.err())
        .isEqualTo(
            "panallama: --url is http://127.0.0.1:1; no server of this user listens on port 1 of this machine.\n");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void aFileThatIsNoRecording() throws IOException {
    Path text = Files.writeString(folder.resolve("a.jfr"), "This is a text, and no recording.");
    CliRun run = CliRun.of(inference, "profile", "--explain", text.toString());
    assertThat(run.err())
        .isEqualTo("panallama: " + text + ": it is no flight recording (.jfr), or one that is still being written\n");
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    CliRun missing = CliRun.of(inference, "profile", "--explain", folder.resolve("none.jfr").toString());
    assertThat(missing.err()).isEqualTo("panallama: " + folder.resolve("none.jfr") + ": there is no such file\n");
  }

  /** A server as {@code panallama serve} starts it, with a process of its own for the engine. */
  private static final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final URI address;

    ServerProcess(Path log) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:+UseSerialGC", "-Xmx512m", "--enable-native-access=ALL-UNNAMED"));
      String modules = System.getProperty("jdk.module.path");
      String path = System.getProperty("java.class.path");
      command.addAll(List.of("-cp", modules == null ? path : path + System.getProperty("path.separator") + modules));
      command.add("io.panallama.cli.Main");
      command.addAll(
          List.of("serve", "--port", "0", "--host", "127.0.0.1", "--isolate", "always", "--threads", "1", "--no-keys"));
      process = new ProcessBuilder(command).redirectError(log.toFile()).start();
      BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String line = out.readLine();
      while (line != null && !line.contains("http://")) {
        line = out.readLine();
      }
      assertThat(line).as(Files.readString(log)).isNotNull();
      address = URI.create(line.substring(line.indexOf("http://")).split("\\s")[0]);
    }

    @Override
    public void close() {
      process.destroy();
      process.onExit().join();
    }
  }

  private static int ask(HttpClient client, URI address) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(address.resolve("/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"Once\",\"max_tokens\":40,\"stream\":true}"))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aServerAndItsWorker() throws Exception {
    Path page = folder.resolve("profile.html");
    Path log = folder.resolve("server.log");
    AtomicBoolean over = new AtomicBoolean();
    CliRun run;
    try (ServerProcess server = new ServerProcess(log);
        HttpClient client = HttpClient.newHttpClient()) {
      while (ask(client, server.address) != 200) {
        // While the model is being loaded.
        Thread.sleep(50);
      }
      try (ExecutorService load = Executors.newVirtualThreadPerTaskExecutor()) {
        var _ =
            load.submit(() -> {
              while (!over.get()) {
                ask(client, server.address);
              }
              return true;
            });
        run =
            CliRun.of(
                inference, "profile", "--url", server.address.toString(), "--seconds", "2", "-o", page.toString());
        over.set(true);
      }
      assertThat(run.err())
          .startsWith("recording " + server.process.pid() + " and ")
          .endsWith("recording: " + folder.resolve("profile.jfr") + "\npage: " + page + "\n");
      assertThat(run.code()).isZero();
    }
    // Steps are the worker's, requests the server's.
    assertThat(run.out())
        .contains("Between tokens: ", "From the sample to the reader: ")
        .containsPattern("steps +[1-9]")
        .containsPattern("requests +[1-9]")
        .containsPattern("from the sample to the reader +[1-9]")
        .containsPattern("native memory of panallama-engine-1, ");
    assertThat(Files.readString(page)).contains("WorkerMain", "io.panallama.cli.Main serve", "<h2 id=\"stacks\">");

    CliRun again = CliRun.of(inference, "profile", "--explain", folder.resolve("profile.jfr").toString());
    assertThat(again.out()).isEqualTo(run.out());
    assertThat(again.code()).isZero();
  }
}
