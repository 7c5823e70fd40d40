package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.rawPost;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More connections than the server may have, or than the process has files for. */
@Timeout(60)
class OverloadTest {
  private static final int FILES = 50 + System.getProperty("java.class.path").split(File.pathSeparator).length;

  /** More than would be let in by tens in a second. */
  private static final int CROWD = 900;

  @TempDir private Path temp;

  /** What a connection has sent that fills a place and wants nothing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\r\n",
        "GET /hea",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
      })
  void silentConnectionsMakeRoomForOthers(String sent) throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().maxConnections(4).build();
    List<RawHttp> silent = new ArrayList<>();
    try (TestServer server = TestServer.start(config, generator);
        RawHttp running = new RawHttp(server.server().port())) {
      running.send(rawPost(CHAT, HELLO_STREAM));
      ScriptedGenerator.Script script = generator.next();
      for (int i = 0; i < 5; i++) {
        RawHttp client = new RawHttp(server.server().port());
        client.send(sent);
        silent.add(client);
      }
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
      assertThat(server.server().connections()).isLessThanOrEqualTo(4);

      assertThat(script.isCancelled()).as("a request that is being answered keeps its connection").isFalse();
      script.finish(FinishReason.STOP);
      assertThat(running.read().status()).isEqualTo(200);
    } finally {
      for (RawHttp client : silent) {
        client.close();
      }
    }
  }

  /** Room is made as fast as connections fall silent, however many wait. */
  @Test
  void aCrowdOfIdleConnectionsDoesNotKeepOthersWaiting() throws Exception {
    ServerConfig config = TestServer.config().toBuilder().maxConnections(CROWD / 9).build();
    List<RawHttp> idle = new ArrayList<>();
    try (TestServer server = TestServer.start(config, ScriptedGenerator.answering("hi"))) {
      for (int i = 0; i < CROWD; i++) {
        idle.add(new RawHttp(server.server().port()));
      }
      try (RawHttp other = new RawHttp(server.server().port())) {
        other.socket().setSoTimeout(30_000);
        other.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(other.read().status()).isEqualTo(200);
      }
    } finally {
      for (RawHttp client : idle) {
        client.close();
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aProcessWithFewFilesAllowsFewerConnections() throws Exception {
    Path err = temp.resolve("err");
    Process child = start(err, "few");
    List<RawHttp> idle = new ArrayList<>();
    try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      assertThat(line).as(Files.readString(err)).isNotNull();
      int port = Integer.parseInt(line);
      for (int i = 0; i < 2 * FILES; i++) {
        idle.add(new RawHttp(port));
      }
      try (RawHttp other = new RawHttp(port)) {
        other.send(rawPost(CHAT, HELLO));
        assertThat(other.read().status()).isEqualTo(200);
      }
      child.getOutputStream().close();
      assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.readString(err))
          .contains(" connections instead of 1024; raise the limit (ulimit -n")
          .doesNotContain("can't be accepted");
    } finally {
      for (RawHttp client : idle) {
        client.close();
      }
      child.destroyForcibly();
    }
  }

  /** A server in a process that may open few files; with the argument "none", it has hardly any left. */
  private static Process start(Path err, String files) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String command = "ulimit -n " + FILES + "; exec \"$0\" -XX:-MaxFDLimit -XX:+UseSerialGC -cp \"$1\" \"$2\" \"$3\"";
    return new ProcessBuilder(
            "sh", "-c", command, java, System.getProperty("java.class.path"), Child.class.getName(), files)
        .redirectError(err.toFile())
        .start();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aProcessWithoutFilesRefusesAndRecovers() throws Exception {
    Path err = temp.resolve("err");
    Process child = start(err, "none");
    List<RawHttp> clients = new ArrayList<>();
    try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      assertThat(line).as(Files.readString(err)).isNotNull();
      int port = Integer.parseInt(line);
      RawHttp running = new RawHttp(port);
      clients.add(running);
      running.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(running.read().status()).isEqualTo(200);
      while (!Files.readString(err).contains("can't be accepted")) {
        clients.add(new RawHttp(port));
        assertThat(clients).as("the files ran out").hasSizeLessThan(3 * FILES);
        Thread.sleep(10);
      }
      // More connections come in than there are files: silent ones make room.
      Duration processor = child.info().totalCpuDuration().orElseThrow();
      try (RawHttp other = new RawHttp(port)) {
        other.send(rawPost(CHAT, HELLO));
        assertThat(other.read().status()).isEqualTo(200);
      }
      assertThat(child.info().totalCpuDuration().orElseThrow().minus(processor))
          .as("no busy loop")
          .isLessThan(Duration.ofSeconds(10));
      for (RawHttp client : clients) {
        client.close();
      }
      try (RawHttp other = new RawHttp(port)) {
        other.send(rawPost(CHAT, HELLO));
        assertThat(other.read().status()).isEqualTo(200);
      }
      assertThat(Files.readAllLines(err)).filteredOn(warning -> warning.contains("can't be accepted")).hasSize(1);
      child.getOutputStream().close();
      assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(child.exitValue()).as(Files.readString(err)).isZero();
    } finally {
      for (RawHttp client : clients) {
        client.close();
      }
      child.destroyForcibly();
    }
  }

  /** A server that runs until its input ends. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      try (TestServer server = TestServer.start(ScriptedGenerator.answering("hi"))) {
        // Loads what a request needs while there are files to load it from.
        server.post(CHAT, HELLO);
        if (args[0].equals("none")) {
          useUpFiles();
        }
        System.out.println(server.server().port());
        System.in.read();
      }
    }

    /** Opens files until there are hardly any left. */
    private static void useUpFiles() throws IOException {
      Deque<InputStream> open = new ArrayDeque<>();
      try {
        while (true) {
          open.push(Files.newInputStream(Path.of("/dev/null")));
        }
      } catch (FileSystemException none) {
        for (int i = 0; i < 8; i++) {
          open.pop().close();
        }
      }
    }
  }
}
