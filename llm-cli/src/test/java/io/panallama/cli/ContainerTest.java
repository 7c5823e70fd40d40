package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.panallama.demo.DemoModel;
import io.panallama.grpc.Inference;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The root file system of the container image, built by the scripts that the Dockerfile calls, and run as a container engine would: as another
 * user, as process 1, with a read-only root. Needs root, {@code unshare}, Debian's package database and the built program; skipped
 * without them.
 */
@Tag("integration")
@EnabledOnOs(OS.LINUX)
@Timeout(600)
class ContainerTest {
  private static final Path SCRIPTS = Path.of("..", "deploy", "container").toAbsolutePath().normalize();
  private static final Path PROGRAM = Path.of("target", "panallama").toAbsolutePath();
  private static final Pattern LISTENING = Pattern.compile("listening +(http://\\S+)");
  private static final long LARGEST_IMAGE = 150_000_000;
  private static final String USER = "65532";

  @TempDir private static Path root;
  @TempDir private Path models;

  @BeforeAll
  static void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root may make namespaces and change its user");
    for (String tool : List.of("unshare", "setpriv", "chroot", "ldd", "dpkg-query")) {
      assumeTrue(isInstalled(tool), tool + " is not installed");
    }
    Path lib = PROGRAM.resolve("lib");
    assumeTrue(Files.isDirectory(lib), "the program has not been built (mvn package)");
    Path jdk = Path.of(System.getProperty("java.home"));
    assumeTrue(Files.isExecutable(jdk.resolve("bin/jlink")), "this JDK has no jlink");
    Path grpc = PROGRAM.resolve("grpc");
    run(
        List.of(
            script("build-root"),
            "--lib",
            lib.toString(),
            "--jdk",
            jdk.toString(),
            "--grpc",
            grpc.toString(),
            root.toString()));
    run(List.of(script("run-root"), root.toString(), "--writable", "--", "/opt/panallama/bin/train"));
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static String script(String name) {
    return SCRIPTS.resolve(name).toString();
  }

  private record Result(int code, String output) {}

  private static Result start(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Result result = start(command);
    assertThat(result.code()).as(command + "\n" + result.output()).isZero();
    return result.output();
  }

  /** Runs a command in the image. */
  private static Result inside(String... command) throws IOException, InterruptedException {
    List<String> whole = new ArrayList<>(List.of(script("run-root"), root.toString(), "--"));
    whole.addAll(List.of(command));
    return start(whole);
  }

  @Test
  void itIsSmall() throws Exception {
    long all = bytes(root, "");
    long grpc = bytes(root.resolve("opt/panallama/grpc"), "");
    long caches = bytes(root, ".aot");
    long model = Files.size(demoModel());
    System.out.printf(
        "image: %.1f MB, of which %.1f MB are AOT caches; gRPC adds %.1f MB%n",
        (all - grpc) / 1e6, caches / 1e6, grpc / 1e6);
    assertThat(model).isPositive();
    assertThat(all - grpc - model).isLessThan(LARGEST_IMAGE);
    assertThat(caches).isPositive();
  }

  private static Path demoModel() throws IOException {
    try (Stream<Path> jars = Files.list(root.resolve("opt/panallama/lib"))) {
      return jars.filter(jar -> jar.getFileName().toString().contains("demo-model")).findFirst().orElseThrow();
    }
  }

  private static long bytes(Path folder, String suffix) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)).toList()) {
        bytes += file.toString().endsWith(suffix) ? Files.size(file) : 0;
      }
    }
    return bytes;
  }

  @Test
  void itHasTheLicencesOfWhatItTakesFromTheSystem() throws Exception {
    try (Stream<Path> packages = Files.list(root.resolve("var/lib/dpkg/status.d"))) {
      List<Path> all = packages.toList();
      assertThat(all).extracting(path -> path.getFileName().toString()).contains("libc6", "dash");
      assertThat(all)
          .allMatch(
              path -> Files.exists(root.resolve("usr/share/doc").resolve(path.getFileName()).resolve("copyright")));
    }
    assertThat(root.resolve("usr/share/doc/panallama/LICENSE")).exists();
    assertThat(root.resolve("opt/java/legal")).isNotEmptyDirectory();
  }

  @Test
  void nothingButItsFoldersCanBeWritten() throws Exception {
    String script =
        "for place in / /opt/panallama /etc /usr /models /var /var/lib/panallama; do"
            + " if (: >$place/probe) 2>/dev/null; then echo \"$place\"; fi; done;"
            + " : >/tmp/probe && : >/var/cache/panallama/probe && echo done";
    assertThat(inside("/bin/sh", "-c", script)).isEqualTo(new Result(0, "done\n"));
    String status =
        "while read -r name value; do case $name in Uid: | NoNewPrivs: | CapEff:) echo \"$name $value\" ;; esac; done"
            + " </proc/self/status";
    assertThat(inside("/bin/sh", "-c", status).output().replaceAll("\\s+", " "))
        .isEqualTo("Uid: 65532 65532 65532 65532 CapEff: 0000000000000000 NoNewPrivs: 1 ");
  }

  @Test
  void theCommandLineWorks() throws Exception {
    Result version = inside("/usr/bin/panallama", "--version");
    assertThat(version.output()).startsWith("panallama ").hasLineCount(1);
    assertThat(version.code()).isZero();
    Result health = inside("/usr/bin/panallama", "health", "--url", "http://127.0.0.1:1");
    assertThat(health.code()).isEqualTo(ExitCode.FAILURE);
    Result doctor = inside("/usr/bin/panallama", "doctor");
    assertThat(doctor.output()).contains("This machine can run Panallama.");
    assertThat(doctor.code()).isZero();
    // Without the caches it would start as well, only later; the JVM says so where it is asked.
    Result cache = inside("/bin/sh", "-c", "PANALLAMA_JAVA_OPTS=-XX:AOTMode=on /usr/bin/panallama --version");
    assertThat(cache.output()).startsWith("panallama ").hasLineCount(1);
  }

  /** A server in the image, whose output is read line by line. */
  private static final class Server implements AutoCloseable {
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final StringBuilder output = new StringBuilder();

    Server(List<String> options, String... command) throws IOException {
      List<String> whole = new ArrayList<>(List.of(script("run-root"), root.toString()));
      whole.addAll(options);
      whole.addAll(List.of("--", "/opt/panallama/bin/panallama", "serve", "--port", "0"));
      whole.addAll(List.of(command));
      process = new ProcessBuilder(whole).redirectErrorStream(true).start();
      Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.add(line);
        }
      } catch (IOException ended) {
        throw new UncheckedIOException(ended);
      }
    }

    URI awaitAddress() throws InterruptedException {
      while (true) {
        String line = lines.poll(1, TimeUnit.SECONDS);
        if (line == null) {
          assertThat(process.isAlive()).as("the server did not start:\n" + output).isTrue();
          continue;
        }
        output.append(line).append('\n');
        Matcher found = LISTENING.matcher(line);
        if (found.find()) {
          return URI.create(found.group(1));
        }
      }
    }

    /** Process 1 in there, by its number out here. */
    ProcessHandle first() {
      return process.toHandle().children().findFirst().orElseThrow();
    }

    List<ProcessHandle> workers() {
      return first().children().toList();
    }

    /** Ends it as a container engine does. */
    int stop() throws InterruptedException {
      first().destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return process.exitValue();
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String chat(HttpClient client, URI server) throws IOException, InterruptedException {
    String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":16,\"stream\":true}";
    HttpRequest request =
        HttpRequest.newBuilder(server.resolve("/v1/chat/completions"))
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains("chat.completion.chunk").endsWith("data: [DONE]\n\n");
    return answer.body();
  }

  private static List<String> status(ProcessHandle process) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"));
  }

  @Test
  void itServesAsProcessOneOfAnotherUserAndEndsInOrder() throws Exception {
    try (Server server = new Server(List.of());
        HttpClient client = HttpClient.newHttpClient()) {
      URI address = server.awaitAddress();
      chat(client, address);
      assertThat(status(server.first()))
          .anyMatch(line -> line.startsWith("Uid:\t" + USER))
          .anyMatch(line -> line.matches("NSpid:.*\\t1"))
          .anyMatch(line -> line.matches("NoNewPrivs:\\t1"));
      assertThat(inside("/usr/bin/panallama", "health", "--url", address.toString()).code()).isZero();
      assertThat(server.stop()).isZero();
    }
  }

  /** Its jars lie in a folder of their own, and the program loads them when it is asked to. */
  @Test
  void itServesGrpcWhereItHasTheJars() throws Exception {
    try (Server server = new Server(List.of(), "--grpc-port", "0")) {
      server.awaitAddress();
      Matcher port = Pattern.compile("grpc +port (\\d+)").matcher(server.output);
      assertThat(port.find()).as(server.output.toString()).isTrue();
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(port.group(1))).usePlaintext().build();
      try {
        Iterator<PredictResponse> answer =
            ClientCalls.blockingServerStreamingCall(
                channel,
                Inference.PREDICT,
                CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                PredictRequest.newBuilder().setPrompt("Hello").setMaxTokens(4).build());
        List<PredictResponse> all = new ArrayList<>();
        answer.forEachRemaining(all::add);
        assertThat(all.getLast().getFinished().getUsage().getCompletionTokens()).isBetween(1, 4);
      } finally {
        channel.shutdownNow();
      }
      assertThat(server.stop()).isZero();
    }
  }

  @Test
  void aWorkerThatDiesIsReplacedAndLeavesNoZombie() throws Exception {
    try (Server server = new Server(List.of());
        HttpClient client = HttpClient.newHttpClient()) {
      URI address = server.awaitAddress();
      chat(client, address);
      List<ProcessHandle> before = server.workers();
      assertThat(before).hasSize(1);
      before.getFirst().destroyForcibly();
      // The next answer waits for the next process.
      chat(client, address);
      assertThat(server.workers()).doesNotContainAnyElementsOf(before).hasSize(1);
      assertThat(Path.of("/proc", Long.toString(before.getFirst().pid()))).doesNotExist();
      assertThat(server.stop()).isZero();
    }
  }

  @Test
  void itServesAModelOfTheModelsFolderWithACacheThatStays(@TempDir Path cache) throws Exception {
    Path model = Files.copy(DemoModel.extract(), models.resolve("mine.gguf"));
    run(List.of("chown", USER + ":" + USER, cache.toString()));
    // Folders of JUnit's, and the extracted model, are their owner's alone.
    run(List.of("chmod", "755", models.toString(), cache.toString(), model.toString()));
    List<String> folders = List.of("--models", models.toString(), "--cache", cache.toString());
    for (int start = 0; start < 2; start++) {
      try (Server server = new Server(folders, "--model", "/models/mine.gguf");
          HttpClient client = HttpClient.newHttpClient()) {
        assertThat(chat(client, server.awaitAddress())).contains("\"model\":\"mine\"");
        assertThat(server.stop()).isZero();
      }
      try (Stream<Path> kept = Files.walk(cache)) {
        Optional<Path> library =
            kept.filter(path -> path.getFileName().toString().equals("libpanallama.so")).findFirst();
        assertThat(library).isPresent();
      }
    }
  }
}
