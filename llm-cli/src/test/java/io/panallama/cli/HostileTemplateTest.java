package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.demo.DemoModel;
import io.panallama.gguf.GgufFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The server as a process, with chat templates that do not end. */
@Timeout(180)
class HostileTemplateTest {
  private static final String RECURSIVE = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";

  /** Does what it may for a long conversation, and is harmless for a short one. */
  private static final String SLOW =
      "{% for m in messages %}{{ m.content }}{% endfor %}"
          + "{% if messages[0].content is string and messages[0].content|length > 1000 %}"
          + "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(100) }}{% endif %}";

  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  private final class Server implements AutoCloseable {
    private final Process process;
    private final URI uri;

    Server(String... options) throws IOException {
      Path err = folder.resolve("err");
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
      command.addAll(List.of("serve", "--port", "0", "--backend", "cpu", "--slots", "1"));
      command.addAll(List.of(options));
      process = new ProcessBuilder(command).redirectError(err.toFile()).start();
      BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
      String line = out.readLine();
      while (line != null && !line.contains("http://")) {
        line = out.readLine();
      }
      assertThat(line).as(Files.readString(err)).isNotNull();
      uri = URI.create(line.replaceFirst(".*(http://\\S+).*", "$1"));
      Thread.ofPlatform().daemon().start(() -> out.lines().forEach(_ -> {}));
    }

    HttpRequest post(String path, String body) {
      return HttpRequest.newBuilder(uri.resolve(path))
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(body))
          .build();
    }

    HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    boolean ready() throws IOException, InterruptedException {
      return send(HttpRequest.newBuilder(uri.resolve("/ready")).build()).statusCode() == 200;
    }

    /** The processor time of the server and its worker. */
    Duration cpu() {
      return Stream.concat(Stream.of(process.toHandle()), process.descendants())
          .flatMap(each -> each.info().totalCpuDuration().stream())
          .reduce(Duration.ZERO, Duration::plus);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private static String chat(String content) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"" + content + "\"}], \"max_tokens\": 4}";
  }

  /** The demo model with another template, padded to the length of its own. */
  private Path model(String template) throws IOException {
    Path demo = DemoModel.extract();
    byte[] own = GgufFile.read(demo).string("tokenizer.chat_template").orElseThrow().getBytes(StandardCharsets.UTF_8);
    byte[] file = Files.readAllBytes(demo);
    String text = new String(file, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(new String(own, StandardCharsets.ISO_8859_1));
    byte[] padded = (template + " ".repeat(own.length - template.length())).getBytes(StandardCharsets.UTF_8);
    System.arraycopy(padded, 0, file, at, padded.length);
    return Files.write(folder.resolve("hostile.gguf"), file);
  }

  @Test
  void aFileWithOneServesRawCompletions() throws Exception {
    try (Server server = new Server("--model", model(RECURSIVE).toString())) {
      while (!server.ready()) {
        Thread.sleep(20);
      }
      HttpResponse<String> chat = server.send(server.post("/v1/chat/completions", chat("Hi")));
      assertThat(chat.statusCode()).isEqualTo(400);
      assertThat(chat.body()).contains("the model file's chat template was stopped", "deeper than 2000");
      HttpResponse<String> raw = server.send(server.post("/v1/completions", "{\"prompt\": \"Hi\", \"max_tokens\": 4}"));
      assertThat(raw.statusCode()).as(raw.body()).isEqualTo(200);
      assertThat(Files.readString(folder.resolve("err")))
          .contains("warning: The model can't be used for chat: the model file's chat template was stopped");
    }
  }

  @Test
  void oneThatTheOperatorGaveEndsTheStart() throws Exception {
    Path template = Files.writeString(folder.resolve("given.jinja"), RECURSIVE);
    CliRun run =
        CliRun.of(
            new CoreInference(), "serve", "--port", "0", "--backend", "cpu", "--chat-template", template.toString());
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err())
        .contains("--chat-template: ", "the given chat template was stopped", "deeper than 2000")
        .hasLineCount(1);
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSignalEndsTheServerWhileOneRenders() throws Exception {
    try (Server server = new Server("--model", model(SLOW).toString(), "--shutdown-grace", "1s")) {
      while (!server.ready()) {
        Thread.sleep(20);
      }
      assertThat(server.send(server.post("/v1/chat/completions", chat("Hi"))).statusCode()).isEqualTo(200);
      // Long enough for a budget of many seconds.
      var running =
          client.sendAsync(
              server.post("/apply-template", chat("Hi ".repeat(15_000))), HttpResponse.BodyHandlers.ofString());
      Duration before = server.cpu();
      while (server.cpu().minus(before).toMillis() < 1000) {
        Thread.sleep(20);
      }
      assertThat(running).as("it is being rendered").isNotDone();
      server.process.destroy();
      assertThat(server.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(server.process.exitValue()).isIn(0, 143);
      running.cancel(true);
    }
  }
}
