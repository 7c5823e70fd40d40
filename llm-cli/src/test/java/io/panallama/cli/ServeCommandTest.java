package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.SpillConfig;
import io.panallama.error.PromptTooLongException;
import io.panallama.platform.CacheFolder;
import io.panallama.request.CompletionRequest;
import io.panallama.server.ServerConfig;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@Timeout(60)
class ServeCommandTest {
  private static final Pattern URL = Pattern.compile("listening\\s+(http://\\S+)");

  private final FakeInference inference = new FakeInference();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final CompletableFuture<Runnable> stop = new CompletableFuture<>();

  private CompletableFuture<Integer> serve(String... options) {
    return serve(inference, options);
  }

  private CompletableFuture<Integer> serve(Inference engines, String... options) {
    String[] args = new String[options.length + 3];
    args[0] = "serve";
    args[1] = "--port";
    args[2] = "0";
    System.arraycopy(options, 0, args, 3, options.length);
    StopSignals signals =
        action -> {
          stop.complete(action);
          return () -> {};
        };
    CommandContext context =
        new CommandContext(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new Terminals(false, false, false),
            CliRun.ENVIRONMENT,
            engines,
            signals);
    return CompletableFuture.supplyAsync(() -> Main.run(context, args), task -> new Thread(task).start());
  }

  private URI awaitUrl(CompletableFuture<Integer> running) throws Exception {
    while (!running.isDone()) {
      Matcher url = URL.matcher(out.toString(StandardCharsets.UTF_8));
      if (url.find()) {
        return URI.create(url.group(1));
      }
      Thread.sleep(10);
    }
    throw new AssertionError("ended: " + running.get() + " " + err.toString(StandardCharsets.UTF_8));
  }

  private static String get(URI uri) throws Exception {
    return send(HttpRequest.newBuilder(uri));
  }

  private static String post(URI uri, String body) throws Exception {
    return send(
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static String send(HttpRequest.Builder builder) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = builder.timeout(Duration.ofSeconds(20)).build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(200);
      return response.body();
    }
  }

  @Test
  void theEngineHasAProcessOfItsOwnIfToldSo() throws Exception {
    CompletableFuture<Integer> running = serve("--isolate", "always", "--step-limit", "7", "--worker-memory", "1G");
    awaitUrl(running);
    assertThat(inference.isolations)
        .containsExactly(IsolationConfig.builder().stepLimit(Duration.ofSeconds(7)).memoryBytes(1L << 30).build());
    stop.join().run();
    assertThat(running.get()).isZero();
  }

  @Test
  void theEngineRunsInThisProcessUnlessToldOtherwise() throws Exception {
    CompletableFuture<Integer> running = serve("--isolate", "auto");
    awaitUrl(running);
    assertThat(inference.isolations).isEmpty();
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(CliRun.of(inference, "serve", "--isolate", "sometimes").err())
        .contains("'sometimes' is none of auto, always, never");
  }

  @Test
  void announcesServesAndStopsWithExitCode0() throws Exception {
    CompletableFuture<Integer> running = serve("--slots", "3", "--queue", "5");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/v1/models"))).contains("panallama-demo");
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("panallama-demo", "two million parameters", "--model FILE", "Some processor", "3 slots", "no driver");
    assertThat(inference.engineConfigs.getFirst().slots()).isEqualTo(3);
    assertThat(inference.engineConfigs.getFirst().queueLimit()).isEqualTo(5);

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8).strip()).isEqualTo("panallama: stopping");
    assertThat(inference.open).isZero();
  }

  /** Such as a template that alone is longer than the context, or one that does not end. */
  @Test
  void noRefusalOfTheWarmUpStopsTheStart() throws Exception {
    inference.answer =
        _ -> {
          throw new PromptTooLongException(600, 512);
        };
    CompletableFuture<Integer> running = serve("--ctx-size", "512");
    URI url = awaitUrl(running);

    assertThat(inference.requests).hasSize(1).first().isInstanceOf(CompletionRequest.class);
    assertThat(get(url.resolve("/ready"))).isNotEmpty();
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void theFirstRequestFindsNothingOfTheWarmUpInTheCache() throws Exception {
    CompletableFuture<Integer> running = serve(new CoreInference(), "--backend", "cpu");
    URI url = awaitUrl(running);

    String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":2,\"temperature\":0}";
    assertThat(post(url.resolve("/v1/chat/completions"), body)).contains("\"cached_tokens\":0");
    assertThat(post(url.resolve("/v1/chat/completions"), body)).doesNotContain("\"cached_tokens\":0");

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void theContextIsAnnouncedWithItsReason() throws Exception {
    CompletableFuture<Integer> running = serve();
    awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("8 slots, up to 1024 per conversation, as the model was trained for");
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void stopsWhileTheModelIsLoading() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicBoolean refused = new AtomicBoolean();
    inference.loading =
        model -> {
          begun.countDown();
          while (model.listener().progress(0.5f)) {
            Thread.onSpinWait();
          }
          refused.set(true);
          throw new IllegalStateException("stopped");
        };
    CompletableFuture<Integer> running = serve();
    begun.await();

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
    assertThat(refused).isTrue();
    assertThat(err.toString(StandardCharsets.UTF_8).strip()).isEqualTo("panallama: stopping");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void stopsWhileTheModelIsStuck(boolean inTheLoad) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    Runnable stuck =
        () -> {
          begun.countDown();
          while (end.getCount() > 0) {
            Thread.onSpinWait();
          }
        };
    if (inTheLoad) {
      inference.loading = _ -> stuck.run();
    } else {
      // Such as a template that does not end.
      inference.answer =
          _ -> {
            stuck.run();
            return List.of();
          };
    }
    CompletableFuture<Integer> running = serve();
    begun.await();

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
    end.countDown();
    while (inference.open > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aFailedLoadEndsTheServer() throws Exception {
    inference.startFailure = Optional.of(new IllegalStateException("no model"));
    CompletableFuture<Integer> running = serve();

    assertThat(running.get(30, TimeUnit.SECONDS)).isEqualTo(ExitCode.FAILURE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("no model");
  }

  @Test
  void aliasesNameTheModel() throws Exception {
    CompletableFuture<Integer> running = serve("--model", "dir/big.gguf", "--alias", "first", "--alias", "second");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/v1/models"))).contains("\"first\"");
    assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("demo");

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  @Test
  void takenPortIsFoundBeforeTheModelIsLoaded() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      CliRun run = CliRun.of(inference, "serve", "--port", Integer.toString(taken.getLocalPort()));

      assertThat(run.code()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).contains("port " + taken.getLocalPort(), "--port").hasLineCount(1);
      assertThat(inference.files).isEmpty();
    }
  }

  @Test
  void badServerOptionsAreUsageErrors() {
    assertThat(CliRun.of(inference, "serve", "--port", "70000").err()).contains("--port is 70000").hasLineCount(1);
    assertThat(CliRun.of(inference, "serve", "--host", " ").err()).contains("--host is blank").hasLineCount(1);
    assertThat(CliRun.of(inference, "serve", "--port", "0", "--slots", "0").err())
        .contains("--slots is 0")
        .hasLineCount(1);
    assertThat(CliRun.of(inference, "serve", "--port", "0", "--slots", "0").code()).isEqualTo(ExitCode.USAGE);
  }

  @ParameterizedTest
  @CsvSource({"0.0.0.0, true", "127.0.0.1, false", "localhost, false"})
  void aServerThatOthersCanReachIsWarnedAbout(String host, boolean warned) throws Exception {
    CompletableFuture<Integer> running = serve("--host", host);
    awaitUrl(running);
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();

    assertThat(err.toString(StandardCharsets.UTF_8).contains("With --host 0.0.0.0 every machine")).isEqualTo(warned);
  }

  /** Each component of the configuration with the option that sets it. */
  @Test
  void everyComponentOfTheServersConfigurationHasAnOption() {
    Map<String, String> options = new TreeMap<>();
    options.put("host", "--host=h");
    options.put("port", "--port=1");
    options.put("maxBodyBytes", "--max-body=2M");
    options.put("maxMessages", "--max-messages=5");
    options.put("maxGrammarBytes", "--max-grammar=2K");
    options.put("maxConnections", "--max-connections=3");
    options.put("requestTimeout", "--request-timeout=4s");
    options.put("idleTimeout", "--idle-timeout=5m");
    options.put("writeTimeout", "--write-timeout=7s");
    options.put("heartbeatInterval", "--heartbeat=600ms");
    options.put("shutdownGrace", "--shutdown-grace=0");
    options.put("allowedHosts", "--allowed-host=a");
    options.put("allowedOrigins", "--allowed-origin=https://b");
    options.put("strictFields", "--strict");
    options.put("strictModelNames", "--strict-model-names");
    ServerOptions parsed = new ServerOptions();
    CommandLine.populateCommand(parsed, options.values().toArray(String[]::new));

    assertThat(options.keySet()).isEqualTo(components());
    assertThat(parsed.config())
        .isEqualTo(
            ServerConfig.builder()
                .host("h")
                .port(1)
                .maxBodyBytes(2 << 20)
                .maxMessages(5)
                .maxGrammarBytes(2048)
                .maxConnections(3)
                .requestTimeout(Duration.ofSeconds(4))
                .idleTimeout(Duration.ofMinutes(5))
                .writeTimeout(Duration.ofSeconds(7))
                .heartbeatInterval(Duration.ofMillis(600))
                .shutdownGrace(Duration.ZERO)
                .allowedHosts(Set.of("a"))
                .allowedOrigins(Set.of("https://b"))
                .strictFields(true)
                .strictModelNames(true)
                .build());
    ServerOptions nothing = new ServerOptions();
    CommandLine.populateCommand(nothing);
    assertThat(nothing.config()).isEqualTo(ServerConfig.defaults());
  }

  /** What a builder can set. */
  private static Set<String> components() {
    return Arrays.stream(ServerConfig.Builder.class.getMethods())
        .filter(method -> method.getReturnType() == ServerConfig.Builder.class && method.getParameterCount() == 1)
        .map(Method::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          --max-body=3G          | --max-body is 3.0 GiB; it must be at most 1 GiB.
          --max-body=0           | --max-body is 0; it must be
          --max-connections=0    | --max-connections is 0
          --max-messages=0       | --max-messages is 0
          --max-grammar=0        | --max-grammar is 0
          --max-grammar=4G       | --max-grammar is 4
          --request-timeout=0    | --request-timeout is PT0S; it must be larger than 0.
          --idle-timeout=5       | '5' is not a length of time with its unit
          --write-timeout=0      | --write-timeout is PT0S; it must be larger than 0.
          --heartbeat=0          | --heartbeat is
          --alias=               | --alias is blank
          --ctx-size=1           | --ctx-size is 1 with 8 slots
          """)
  void badServerOptionsNameThemselves(String option, String expected) {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(expected).hasLineCount(1);
  }

  @Test
  void engineOptionsReachTheConfiguration() throws Exception {
    CompletableFuture<Integer> running =
        serve("--itl-target", "0", "--cache-ram", "512m", "--cache-disk", "10GiB", "--cache-dir", "some/where");
    awaitUrl(running);

    EngineConfig engine = inference.engineConfigs.getFirst();
    assertThat(engine.itlTarget()).isZero();
    assertThat(engine.spill())
        .isEqualTo(SpillConfig.builder().memoryBytes(512L << 20).disk(Path.of("some/where"), 10L << 30).build());
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("prefixes   up to 10.0 GiB in some" + File.separator);

    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  private static EngineConfig configured(String... options) {
    EngineOptions parsed = new EngineOptions();
    CommandLine.populateCommand(parsed, options);
    EngineConfig.Builder builder = EngineConfig.builder();
    parsed.configure(builder);
    return builder.build();
  }

  @Test
  void engineOptionsDefaultToThoseOfTheCore() {
    assertThat(configured()).isEqualTo(EngineConfig.defaults());
  }

  @Test
  void theDiskTierDefaultsToTheCacheFolder() {
    assertThat(configured("--cache-disk", "1T").spill())
        .isEqualTo(
            SpillConfig.builder().memoryBytes(1L << 30).disk(CacheFolder.root().resolve("prefixes"), 1L << 40).build());
    assertThat(configured("--cache-ram", "0", "--cache-disk", "0", "--cache-dir", "x").spill())
        .isEqualTo(SpillConfig.none());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          --itl-target=-1         | --itl-target is -1; it must be 0 to 3600000.
          --itl-target=3600001    | --itl-target is 3600001; it must be 0 to 3600000.
          --itl-target=fast       | is not a whole number in range
          --cache-ram=2048        | '--cache-ram': '2048' is neither 0 nor a size with its unit, such as 512M or 2G
          --cache-ram=-1          | '-1' is neither 0 nor a size
          --cache-ram=2GB         | '2GB' is neither 0 nor a size
          --cache-disk=9999999999T | '9999999999T' is more than any machine has
          --cache-disk=99999999999999999999G | is more than any machine has
          --cache-dir=x           | --cache-disk-dir needs --cache-disk SIZE
          """)
  void badEngineOptionsAreUsageErrors(String option, String expected) {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }
}
