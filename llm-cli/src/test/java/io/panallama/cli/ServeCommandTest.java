package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.config.SpillConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.PromptTooLongException;
import io.panallama.platform.CacheFolder;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.server.Endpoint;
import io.panallama.server.ServerConfig;
import io.panallama.server.TlsConfig;
import io.panallama.server.keys.OidcConfig;
import io.panallama.server.tls.TestCertificates;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@Timeout(60)
class ServeCommandTest {
  private static final Pattern URL = Pattern.compile("listening\\s+(https?://\\S+)");

  @TempDir private Path files;

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

  /** Runs another server, which does not start. */
  private int serveToTheEnd(String... options) throws Exception {
    return serve(new FakeInference(), options).get();
  }

  @Test
  void grpcIsAnsweredOnAPortOfItsOwn() throws Exception {
    CompletableFuture<Integer> running = serve("--grpc-port", "0");
    awaitUrl(running);
    Matcher port = Pattern.compile("grpc +port (\\d+)").matcher(out.toString(StandardCharsets.UTF_8));
    assertThat(port.find()).isTrue();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", Integer.parseInt(port.group(1))).usePlaintext().build();
    HealthCheckResponse health =
        HealthGrpc.newBlockingStub(channel)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .check(HealthCheckRequest.getDefaultInstance());
    channel.shutdownNow();
    assertThat(health.getStatus())
        .isIn(HealthCheckResponse.ServingStatus.SERVING, HealthCheckResponse.ServingStatus.NOT_SERVING);
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(serveToTheEnd("--grpc-port", "70000")).isEqualTo(ExitCode.USAGE);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      assertThat(serveToTheEnd("--grpc-port", Integer.toString(taken.getLocalPort()))).isEqualTo(ExitCode.USAGE);
    }
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("--grpc-port is 70000; it must be 0 to 65535.")
        .contains("Choose another port with --grpc-port");
  }

  @Test
  void filesAreTakenAsFarAsOptionsSay() throws Exception {
    CompletableFuture<Integer> running =
        serve("--embedding-model", "models/bert.gguf", "--no-files", "--files", files.toString());
    URI url = awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("files  ");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest list = HttpRequest.newBuilder(url.resolve("/v1/files")).build();
      HttpResponse<String> refused = client.send(list, HttpResponse.BodyHandlers.ofString());
      assertThat(refused.statusCode()).isEqualTo(501);
    }
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(files).isEmptyDirectory();
    assertThat(serveToTheEnd("--max-file-size", "2G")).isEqualTo(ExitCode.USAGE);
    assertThat(serveToTheEnd("--max-files-size", "1M")).isEqualTo(ExitCode.USAGE);
    assertThat(serveToTheEnd("--max-files-size", "0")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("--max-file-size is 2.0 GiB; it must be at most 1.0 GiB")
        .contains("--max-file-size is 64.0 MiB; it must be at most 1.0 MiB (--max-files-size is 1.0 MiB)")
        .contains("--max-files-size is 0; it must be at least 1K");
  }

  @Test
  void aModelThatGivesEmbeddingsIsServedBesides() throws Exception {
    CompletableFuture<Integer> running =
        serve("--embedding-model", "models/bert.gguf", "--pooling", "cls", "--files", files.toString());
    URI url = awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("embeddings bert (bert 22M F16), 2 dimensions, texts of up to 256 tokens");
    for (int i = 0; i < 2; i++) {
      assertThat(post(url.resolve("/v1/embeddings"), "{\"model\":\"bert\",\"input\":\"four\",\"wish\":1}"))
          .contains("\"embedding\":[4.0,0.5]");
    }
    assertThat(err.toString(StandardCharsets.UTF_8)).containsOnlyOnce("panallama: info: Requests have the field wish,");
    assertThat(get(url.resolve("/v1/models"))).contains("\"bert\"", "panallama-demo");
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("files      up to 4.0 GiB in " + files);
    assertThat(get(url.resolve("/v1/files"))).contains("\"data\":[]");
    assertThat(serveToTheEnd("--embedding-model", "models/bert.gguf", "--files", files.toString()))
        .isEqualTo(ExitCode.FAILURE);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("panallama: Another server keeps its files in " + files, "--files", "--no-files");
    assertThat(inference.embedderConfigs.getFirst().pooling()).isEqualTo(Pooling.CLS);
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(inference.open).isZero();
  }

  @Test
  void modelsThatRankAndClassifyAreServedBesides() throws Exception {
    CompletableFuture<Integer> running =
        serve("--reranking-model", "models/bge.gguf", "--classifier-model", "models/mood.gguf");
    URI url = awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("reranking  bge (bert 33M F16), query and document of up to 128 tokens")
        .contains("labels     mood (bert 33M F16), 2 labels, texts of up to 64 tokens");
    assertThat(post(url.resolve("/v1/rerank"), "{\"model\":\"bge\",\"query\":\"a\",\"documents\":[\"b\",\"four\"]}"))
        .contains("{\"index\":1,\"relevance_score\":4.0}");
    assertThat(post(url.resolve("/classify"), "{\"model\":\"mood\",\"input\":\"bad\"}")).contains("\"label\":\"bad\"");
    assertThat(get(url.resolve("/v1/models"))).contains("\"bge\"", "\"mood\"", "panallama-demo");
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(inference.open).isZero();
  }

  @Test
  void theEngineHasAProcessOfItsOwnIfToldSo() throws Exception {
    CompletableFuture<Integer> running = serve("--isolate", "always", "--step-limit", "7", "--worker-memory", "1G");
    awaitUrl(running);
    Runnable nothing = IsolationConfig.defaults().beforeRestart();
    assertThat(inference.isolations)
        .singleElement()
        .satisfies(limits ->
            assertThat(limits.toBuilder().beforeRestart(nothing).build())
                .isEqualTo(IsolationConfig.builder().stepLimit(Duration.ofSeconds(7)).memoryBytes(1L << 30).build()))
        // The file of the embedded model is put back if the cache was emptied.
        .satisfies(limits -> assertThat(limits.beforeRestart()).isNotEqualTo(nothing));
    stop.join().run();
    assertThat(running.get()).isZero();
  }

  @Test
  void theFileOfAnotherModelIsItsOwnersBusiness() throws Exception {
    CompletableFuture<Integer> running = serve("-m", "models/a.gguf", "--isolate", "always");
    awaitUrl(running);
    assertThat(inference.isolations).containsExactly(IsolationConfig.defaults());
    stop.join().run();
    assertThat(running.get()).isZero();
  }

  /** As llama-server is started for embeddings. */
  @ParameterizedTest
  @ValueSource(strings = {"--embedding", "--embeddings"})
  void theModelIsServedForEmbeddingsAlone(String option) throws Exception {
    CompletableFuture<Integer> running =
        serve("-m", "models/bert.gguf", option, "--pooling", "cls", "-ub", "700", "-t", "1", "-a", "vectors");
    URI url = awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("embeddings 2 dimensions, texts of up to 256 tokens; no text is generated");
    assertThat(inference.engineConfigs).isEmpty();
    EmbedderConfig config = inference.embedderConfigs.getFirst();
    assertThat(config.pooling()).isEqualTo(Pooling.CLS);
    assertThat(config.batchSize()).isEqualTo(700);
    assertThat(config.threads()).isEqualTo(1);
    assertThat(post(url.resolve("/v1/embeddings"), "{\"model\":\"vectors\",\"input\":\"four\"}"))
        .contains("\"embedding\":[4.0,0.5]");
    assertThat(get(url.resolve("/ready"))).contains("\"ready\"", "\"vectors\"");
    assertThat(get(url.resolve("/v1/models"))).contains("\"vectors\"").doesNotContain("panallama-demo");
    assertRefused(url, "This server generates no text: it serves \\\"vectors\\\" for embeddings.");
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(inference.open).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--reranking", "--rerank"})
  void theModelIsServedForRankingsAlone(String option) throws Exception {
    CompletableFuture<Integer> running = serve("-m", "models/bge.gguf", option, "--isolate", "always");
    URI url = awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("reranking  query and document of up to 128 tokens; no text is generated");
    assertThat(inference.embedderConfigs.getFirst().isolation()).isEqualTo(Isolation.PROCESS);
    assertThat(post(url.resolve("/v1/rerank"), "{\"query\":\"a\",\"documents\":[\"b\",\"four\"]}"))
        .contains("{\"index\":1,\"relevance_score\":4.0}");
    assertRefused(url, "for rankings");
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(inference.open).isZero();
  }

  private static void assertRefused(URI url, String words) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(url.resolve("/v1/chat/completions"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"))
              .build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(501);
      assertThat(response.body()).contains("generation_not_supported", words);
    }
  }

  @Test
  void aModelThatGeneratesNoTextNamesTheOptions() {
    inference.startFailure =
        Optional.of(
            new EngineStartException(
                EngineStartException.Reason.NOT_A_DECODER,
                "bert.gguf is a bert model, which does not generate.",
                null));
    CliRun run = CliRun.of(inference, "serve", "--port", "0", "-m", "bert.gguf");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("does not generate. Add --embedding or --reranking", "--classifier-model");
    assertThat(CliRun.of(inference, "serve", "--port", "0", "--embedding", "--reranking").err())
        .contains("exclude each other");
  }

  @Test
  void eachModelHasAProcessOfItsOwnIfToldSo() throws Exception {
    CompletableFuture<Integer> running =
        serve(
            ("--isolate always --step-limit 7 --worker-memory 1G --numa isolate --embedding-model bert.gguf --pooling"
                    + " cls --reranking-model bge.gguf --classifier-model mood.gguf")
                .split(" "));
    awaitUrl(running);
    assertThat(inference.embedderConfigs)
        .hasSize(3)
        .allSatisfy(config -> {
          assertThat(config.isolation()).isEqualTo(Isolation.PROCESS);
          assertThat(config.isolationConfig())
              .isEqualTo(
                  IsolationConfig.builder()
                      .stepLimit(Duration.ofSeconds(7))
                      .memoryBytes(1L << 30)
                      .numa(NumaStrategy.ISOLATE)
                      .build());
        });
    assertThat(inference.embedderConfigs.getFirst().pooling()).isEqualTo(Pooling.CLS);
    stop.join().run();
    assertThat(running.get()).isZero();
  }

  @Test
  void theEngineRunsInThisProcessIfToldSo() throws Exception {
    CompletableFuture<Integer> running = serve("--isolate", "never");
    awaitUrl(running);
    assertThat(inference.isolations).isEmpty();
    stop.join().run();
    assertThat(running.get()).isZero();
  }

  @Test
  void theEngineHasAProcessOfItsOwnWhereThatWasTried() throws Exception {
    CompletableFuture<Integer> running = serve();
    awaitUrl(running);
    assertThat(inference.isolations).hasSize(System.getProperty("os.name").equals("Linux") ? 1 : 0);
    stop.join().run();
    assertThat(running.get()).isZero();
    assertThat(IsolationOptions.autoIsolates("Linux")).isTrue();
    assertThat(IsolationOptions.autoIsolates("Mac OS X")).isFalse();
    assertThat(CliRun.of(inference, "serve", "--isolate", "sometimes").err())
        .contains("'sometimes' is none of auto, always, never");
  }

  @Test
  void announcesServesAndStopsWithExitCode0() throws Exception {
    CompletableFuture<Integer> running = serve("--slots", "3", "--queue", "5", "--max-queue-tokens", "70000");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/v1/models"))).contains("panallama-demo");
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("panallama-demo", "two million parameters", "--model FILE", "Some processor", "3 slots", "no driver");
    assertThat(inference.engineConfigs.getFirst().slots()).isEqualTo(3);
    assertThat(inference.engineConfigs.getFirst().queueLimit()).isEqualTo(5);
    assertThat(inference.engineConfigs.getFirst().queueTokenLimit()).isEqualTo(70_000);

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

  /** Such as a worker with little memory, which may still complete texts. */
  @Test
  void aTemplateWithoutMemoryIsNoReasonToStop() throws Exception {
    inference.template =
        _ -> {
          throw new GenerationException(GenerationException.Reason.OUT_OF_MEMORY, "too little for the template", null);
        };
    CompletableFuture<Integer> running = serve();
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/ready"))).isNotEmpty();
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("Chats are refused for want of memory: too little for the template");
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
  void theWarmUpIsNotCounted() throws Exception {
    CompletableFuture<Integer> running = serve(new CoreInference(), "--backend", "cpu", "--metrics");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/metrics")))
        .contains(
            "llamacpp:prompt_tokens_total 0\n", "llamacpp:tokens_predicted_total 0\n", "llamacpp:n_decode_total 0\n");
    assertThat(get(url.resolve("/props"))).contains("\"model_path\":\"panallama-demo");

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

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          --ctx-size 512 --slots 8; 4096 tokens, 8 slots, up to 512 per conversation, each in a part of its own (--kv-layout)
          --ctx-size 100 --slots 8 --kv-layout split; 2048 tokens, 8 slots, up to 256 per conversation, each in a part of its own
          --ctx-size 4096 --slots 1; 4096 tokens, 1 slots, up to 1024 per conversation, as the model was trained for no more
          --ctx-size 512 --slots 1; 512 tokens, 1 slots, up to 512 per conversation
          """)
  void aRequestedContextIsAnnouncedAsItIs(String options, String line) throws Exception {
    CompletableFuture<Integer> running = serve(new CoreInference(), options.split(" ", -1));
    awaitUrl(running);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains(line);
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

  private void stop(CompletableFuture<Integer> running) throws Exception {
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();
  }

  private static int status(URI uri, String model) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\",\"model\":\"" + model + "\"}"))
              .timeout(Duration.ofSeconds(20))
              .build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  @Test
  void aliasesAndTheFilesNameNameTheModel() throws Exception {
    CompletableFuture<Integer> running =
        serve("--model", "dir/big.GGUF", "--alias", "first", "--alias", "second,third", "--strict-model-names");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/v1/models"))).contains("\"id\":\"first\"");
    assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("demo");
    for (String name : List.of("first", "second", "third", "big", "big.GGUF", "second:latest", "")) {
      assertThat(status(url.resolve("/v1/completions"), name)).as(name).isEqualTo(200);
    }
    assertThat(status(url.resolve("/v1/completions"), "fourth")).isEqualTo(404);
    stop(running);
  }

  @Test
  void aModelIsNamedAfterItsFile() throws Exception {
    CompletableFuture<Integer> running = serve("--model", "dir/big.gguf", "--strict-model-names");
    URI url = awaitUrl(running);

    assertThat(get(url.resolve("/v1/models"))).contains("\"id\":\"big\"");
    for (String name : List.of("big", "big.gguf", "big:latest", "big.gguf:latest")) {
      assertThat(status(url.resolve("/v1/completions"), name)).as(name).isEqualTo(200);
    }
    stop(running);
  }

  @Test
  void samplingOptionsHoldForRequestsThatLeaveTheFieldsOut() throws Exception {
    CompletableFuture<Integer> running =
        serve("--temp", "0.25", "--top-k", "7", "-n", "9", "--seed", "3", "--stop", "END", "--presence-penalty", "0.5");
    URI url = awaitUrl(running).resolve("/v1/completions");

    post(url, "{\"prompt\":\"a\"}");
    GenerationOptions left = inference.requests.getLast().options();
    assertThat(left.maxTokens()).isEqualTo(9);
    assertThat(left.stops()).containsExactly("END");
    assertThat(left.sampling().seed()).isEqualTo(3);
    assertThat(left.sampling().chain()).contains(new Sampler.Temperature(0.25f), new Sampler.TopK(7));

    post(url, "{\"prompt\":\"a\",\"max_tokens\":2,\"temperature\":0.5,\"seed\":4,\"stop\":[\"x\"]}");
    GenerationOptions given = inference.requests.getLast().options();
    assertThat(given.maxTokens()).isEqualTo(2);
    assertThat(given.stops()).containsExactly("x");
    assertThat(given.sampling().seed()).isEqualTo(4);
    assertThat(given.sampling().chain()).contains(new Sampler.Temperature(0.5f), new Sampler.TopK(7));
    stop(running);
  }

  @Test
  void contextsShiftIfTheServerIsToldTo() throws Exception {
    CompletableFuture<Integer> running = serve("--context-shift");
    URI url = awaitUrl(running).resolve("/v1/completions");
    post(url, "{\"prompt\":\"a\"}");
    assertThat(inference.requests.getLast().options().overflow()).isEqualTo(new ContextOverflow.Shift(0));
    post(url, "{\"prompt\":\"a\",\"context_overflow\":\"stop\"}");
    assertThat(inference.requests.getLast().options().overflow()).isEqualTo(new ContextOverflow.Stop());
    stop(running);
  }

  @Test
  void noLimitAndARandomSeedAreTheDefaults() throws Exception {
    CompletableFuture<Integer> running = serve("-n", "-1", "--seed", "-1");
    post(awaitUrl(running).resolve("/v1/completions"), "{\"prompt\":\"a\"}");
    GenerationOptions options = inference.requests.getLast().options();
    assertThat(options.maxTokens()).isEqualTo(GenerationOptions.UNLIMITED);
    assertThat(options.sampling().seed()).isEqualTo(Sampling.RANDOM_SEED);
    stop(running);
  }

  @Test
  void theTemplateIsToldWhatRequestsLeaveOut() throws Exception {
    CompletableFuture<Integer> running =
        serve(
            "--reasoning-format", "none", "--reasoning-budget", "0", "--chat-template-kwargs", "{\"a\":1,\"b\":\"x\"}");
    URI url = awaitUrl(running).resolve("/v1/chat/completions");
    String messages = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    post(url, messages + "}");
    TemplateOptions left = ((ChatRequest) inference.requests.getLast()).template();
    assertThat(left.reasoning()).isEqualTo(ReasoningFormat.NONE);
    assertThat(left.thinking()).contains(false);
    assertThat(left.arguments()).isEqualTo(Map.of("a", "1", "b", "\"x\""));

    post(url, messages + ",\"reasoning_format\":\"deepseek\",\"chat_template_kwargs\":{\"a\":2}}");
    TemplateOptions given = ((ChatRequest) inference.requests.getLast()).template();
    assertThat(given.reasoning()).isEqualTo(ReasoningFormat.DEEPSEEK);
    assertThat(given.arguments()).isEqualTo(Map.of("a", "2", "b", "\"x\""));
    stop(running);
  }

  @Test
  void theLastOfTwoOptionsCounts() throws Exception {
    CompletableFuture<Integer> running = serve("--slots", "2", "-c", "512", "-c", "1024", "--slots", "3");
    awaitUrl(running);
    assertThat(inference.engineConfigs.getFirst().slots()).isEqualTo(3);
    assertThat(inference.engineConfigs.getFirst().contextSize()).isEqualTo(1024);
    stop(running);
  }

  /** As people start llama-server. */
  @Test
  void aCommandLineOfLlamaServerWorks() throws Exception {
    CompletableFuture<Integer> running =
        serve(
            ("-m dir/big.gguf -c 0 -np 2 -ngl 99 -t 1 -tb 1 -b 512 -ub 128 -fa on --jinja --mlock --no-mmap -cb"
                 + " --no-context-shift --keep 4 -sps 0.5 -lv 1 --threads-http 3 --no-webui --metrics --slots"
                 + " --kv-unified --cache-reuse 256 --swa-full --temp 0.6 --min_p=0.01 --repeat_last_n 64"
                 + " --backend_sampling -to 600 -ctk q8_0 -ctv q8_0 --log-disable --no-warmup --host 127.0.0.1 -a big"
                 + " --reasoning-format auto -md draft.gguf --draft-max 8")
                .split(" "));
    awaitUrl(running);
    assertThat(inference.engineConfigs.getFirst().microBatchSize()).isEqualTo(128);
    assertThat(inference.requests).as("no warm-up").isEmpty();
    stop(running);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(
            "Accepted and ignored: --keep, -sps, -lv, --threads-http, --cache-reuse, --backend-sampling, -md,"
                + " --draft-max.")
        .doesNotContain("--jinja", "--metrics", "--kv-unified", "--log-disable");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          --api-key=            | --api-key is empty; leave it out
          --api-key=a,b c       | --api-key has a key that no header can carry
          --api-key-file=none   | --api-key-file can't be read: none
          -hf=a/b               | -hf: nothing is downloaded here; fetch the file
          --lora=x.gguf         | --lora: adapters (LoRA) are not supported
          --attention=causal    | --attention: attention is what the model's file says
          --ssl-key-file=x      | --ssl-key-file needs --ssl-cert-file
          --ssl-cert-file=x     | --ssl-cert-file needs --ssl-key-file
          --oidc-issuer=https://i    | --oidc-issuer needs --oidc-audience
          --oidc-audience=a          | need --oidc-issuer
          --oidc-tokens-per-day=5    | need --oidc-issuer
          --access-log=no/such/file  | The access log no/such/file can't be written: there is no such file or folder.
          --mirostat=2          | --mirostat: there is no such default for all requests
          --reasoning-budget=9  | --reasoning-budget is 9; only 0 and -1
          --reasoning-format=x  | 'x' is none of none, auto, deepseek, deepseek-legacy
          --chat-template-kwargs=[1] | --chat-template-kwargs is [1]; it must be a JSON object
          --chat-template-kwargs={   | --chat-template-kwargs is {; it must be a JSON object
          --temperature=-1      | --temperature is -1.0; it must be
          --max-tokens=0        | --max-tokens is 0; it must be
          --max-tokens=-5       | --max-tokens is -5; it must be at least 1, or -1 for no limit.
          --stop=               | --stop is empty
          """)
  void whatWouldBeMissedIsRefusedBeforeTheModelIsLoaded(String option, String expected) {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(expected).hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://example.org | --oidc-issuer is http://example.org; give an https URL
          https://i?a=b      | give an https URL without a query
          ::                 | --oidc-issuer is no URL
          """)
  void anIssuerThatCannotBeTrustedIsRefused(String issuer, String expected) {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", "--oidc-audience=a", "--oidc-issuer", issuer);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(expected).hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          OTEL_TRACES_EXPORTER        | zipkin | OTEL_TRACES_EXPORTER is zipkin; traces are exported by otlp, or not at all (none).
          OTEL_EXPORTER_OTLP_PROTOCOL | grpc   | OTEL_EXPORTER_OTLP_PROTOCOL is grpc; traces are exported by http/protobuf only
          """)
  void variablesOfOpenTelemetryThatCannotBeFollowedAreRefused(String name, String value, String expected) {
    Map<String, String> variables = new TreeMap<>(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"));
    variables.put(name, value);
    CliRun run = CliRun.in(new Environment(variables, Path.of("no.yaml")), inference, "serve", "--port", "0");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(expected).hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }

  /** Two options that take the same name would be an error of picocli's at every start. */
  @Test
  void optionsOfLlamaServerAreNotInTheHelp() {
    String help = CliRun.of(inference, "serve", "--help").out();
    assertThat(help).contains("--temperature", "--slots").doesNotContain("--lora", "--jinja", "--mlock", "--parallel");
    assertThat(CliRun.of(inference, "config", "serve").out()).doesNotContain("lora", "jinja", "mlock");
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
  @CsvSource({"0.0.0.0, true", "127.0.0.1, false", "localhost, false", "'::1,127.0.0.1', false"})
  void aServerThatOthersCanReachIsWarnedAbout(String host, boolean warned) throws Exception {
    CompletableFuture<Integer> running = serve("--host", host);
    awaitUrl(running);
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();

    assertThat(err.toString(StandardCharsets.UTF_8).contains("With --host 0.0.0.0 every machine")).isEqualTo(warned);
  }

  /** What is missing beyond loopback is said: keys, encryption or both. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          false | false | asks for no key (keys create, --api-key) and does not encrypt (--ssl-cert-file, --ssl-key-file).
          true  | false | does not encrypt, so that others can read along and take the keys (--ssl-cert-file
          false | true  | asks for no key (keys create, --api-key). Put
          true  | true  |
          """)
  void whatAnOpenServerLacksIsSaid(boolean keys, boolean encrypts, String expected) throws Exception {
    List<String> options = new ArrayList<>(List.of("--host", "0.0.0.0"));
    if (keys) {
      options.add("--api-key=k");
    }
    if (encrypts) {
      options.addAll(List.of("--ssl-cert-file", files.resolve("c.pem").toString()));
      options.addAll(List.of("--ssl-key-file", files.resolve("k.pem").toString()));
      TestCertificates.ONE.write(files.resolve("c.pem"), files.resolve("k.pem"));
    }
    CompletableFuture<Integer> running = serve(options.toArray(String[]::new));
    assertThat(awaitUrl(running)).hasScheme(encrypts ? "https" : "http");
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();

    String said = err.toString(StandardCharsets.UTF_8);
    if (expected == null) {
      assertThat(said).doesNotContain("every machine");
    } else {
      assertThat(said).contains("With --host 0.0.0.0 every machine").contains(expected);
    }
  }

  @Test
  void aCertificateThatCannotBeUsedIsFoundBeforeTheModelIsLoaded() {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", "--ssl-cert-file=no.pem", "--ssl-key-file=no.pem");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("no.pem: it can't be read: there is no such file").hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }

  @Test
  void everyAddressIsShown(@TempDir Path temp) throws Exception {
    Path socket = temp.resolve("s");
    CompletableFuture<Integer> running = serve("--host", "127.0.0.1", "--unix-socket", socket.toString());
    awaitUrl(running);
    assertThat(socket).exists();
    stop.get().run();
    assertThat(running.get(30, TimeUnit.SECONDS)).isZero();

    assertThat(out.toString(StandardCharsets.UTF_8)).contains("also on    unix:" + socket);
    assertThat(socket).doesNotExist();
  }

  /** Each component of the configuration with the option that sets it. */
  @Test
  void everyComponentOfTheServersConfigurationHasAnOption() {
    Map<String, String> options = new TreeMap<>();
    options.put("hosts", "--host=h");
    options.put("port", "--port=1");
    options.put("maxBodyBytes", "--max-body=2M");
    options.put("maxMessages", "--max-messages=5");
    options.put("maxGrammarBytes", "--max-grammar=2K");
    options.put("maxConnections", "--max-connections=3");
    options.put("maxRequestTime", "--max-request-time=9m");
    options.put("requestTimeout", "--request-timeout=4s");
    options.put("idleTimeout", "--idle-timeout=5m");
    options.put("writeTimeout", "--write-timeout=7s");
    options.put("heartbeatInterval", "--heartbeat=600ms");
    options.put("shutdownGrace", "--shutdown-grace=0");
    options.put("resumeTime", "--resume-time=8s");
    options.put("resumeBufferBytes", "--resume-buffer=1M");
    options.put("resumeMemoryBytes", "--resume-memory=5G");
    options.put("allowedHosts", "--allowed-hosts=a");
    options.put("allowedOrigins", "--cors-origins=https://b");
    options.put("strictFields", "--strict");
    options.put("strictModelNames", "--strict-model-names");
    options.put("apiKeys", "--api-key=k");
    options.put("endpoints", "--metrics");
    options.put("tls", "--ssl-cert-file=c");
    options.put("accessLog", "--access-log=l");
    options.put("oidc", "--oidc-issuer=https://i");
    ServerOptions parsed = new ServerOptions();
    CommandLine.populateCommand(
        parsed,
        Stream.concat(options.values().stream(), Stream.of("--ssl-key-file=k", "--oidc-audience=a"))
            .toArray(String[]::new));

    Set<String> components = components();
    // Every command has an option for this one: --verbose.
    assertThat(components.remove("verbose")).isTrue();
    // KeysCommandTest has --key-file, which is of serve alone.
    assertThat(components.remove("keyFile")).isTrue();
    // OpenTelemetry's own variables are the options of this one.
    assertThat(components.remove("openTelemetry")).isTrue();
    assertThat(options.keySet()).isEqualTo(components);
    assertThat(parsed.config())
        .isEqualTo(
            ServerConfig.builder()
                .hosts(List.of("h"))
                .port(1)
                .maxBodyBytes(2 << 20)
                .maxMessages(5)
                .maxGrammarBytes(2048)
                .maxConnections(3)
                .maxRequestTime(Duration.ofMinutes(9))
                .requestTimeout(Duration.ofSeconds(4))
                .idleTimeout(Duration.ofMinutes(5))
                .writeTimeout(Duration.ofSeconds(7))
                .heartbeatInterval(Duration.ofMillis(600))
                .shutdownGrace(Duration.ZERO)
                .resumeTime(Duration.ofSeconds(8))
                .resumeBufferBytes(1 << 20)
                .resumeMemoryBytes(5L << 30)
                .allowedHosts(Set.of("a"))
                .allowedOrigins(Set.of("https://b"))
                .strictFields(true)
                .strictModelNames(true)
                .apiKeys(Set.of("k"))
                .endpoints(Set.of(Endpoint.PAGE, Endpoint.SLOTS, Endpoint.METRICS))
                .tls(new TlsConfig(Path.of("c"), Path.of("k")))
                .accessLog("l")
                .oidc(OidcConfig.of(URI.create("https://i"), "a"))
                .build());
    ServerOptions nothing = new ServerOptions();
    CommandLine.populateCommand(nothing);
    assertThat(nothing.config()).isEqualTo(ServerConfig.defaults());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --host 127.0.0.1 --host ::1               | 127.0.0.1 ::1
          --host 127.0.0.1,[::1]                    | 127.0.0.1 ::1
          --host /run/a.sock                        | /run/a.sock
          --unix-socket /run/a                      | unix:/run/a
          --unix-socket /run/a --host 0.0.0.0       | 0.0.0.0 unix:/run/a
          --port 0                                  | localhost
          --unix-socket /run/a --port 8081          | localhost unix:/run/a
          --host /run/a.sock -p 8081                | localhost /run/a.sock
          --host /run/a.sock,::1 -p 8081            | /run/a.sock ::1
          """)
  void listensOnAllHosts(String options, String hosts) {
    assertThat(parse(options).hosts()).containsExactly(hosts.split(" "));
  }

  @Test
  void namesAndOriginsMayBeRepeatedAndHaveCommas() {
    ServerConfig config =
        parse(
            "--allowed-hosts a.example,*.local --allowed-host b.example --cors-origins app://*,null"
                + " --allowed-origin https://c.example");
    assertThat(config.allowedHosts()).containsExactlyInAnyOrder("a.example", "*.local", "b.example");
    assertThat(config.allowedOrigins()).containsExactlyInAnyOrder("app://*", "null", "https://c.example");
    assertThat(parse("--port 0").allowedOrigins()).containsExactly("localhost");
  }

  @Test
  void aTimeoutOfItsOwnGoesBeforeTheOneForSeveral() {
    ServerConfig config = parse("--timeout 600 --write-timeout 5s");
    assertThat(config.writeTimeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.requestTimeout()).isEqualTo(Duration.ofMinutes(10));
    assertThat(parse("--request-timeout 7s -to 600").requestTimeout()).isEqualTo(Duration.ofSeconds(7));
  }

  @Test
  void llamaServersNameOfTheHeartbeatIsInSeconds() {
    assertThat(parse("--sse-ping-interval 30").heartbeatInterval()).isEqualTo(Duration.ofSeconds(30));
    assertThat(parse("--sse-ping-interval 30 --heartbeat 5s").heartbeatInterval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(parse("--sse-ping-interval -1").heartbeatInterval()).isGreaterThan(Duration.ofDays(1));
  }

  private static ServerConfig parse(String options) {
    ServerOptions parsed = new ServerOptions();
    CommandLine.populateCommand(parsed, options.split(" "));
    return parsed.config();
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
          --max-request-time=0   | --max-request-time is 0s; it must be larger than 0.
          --queue-tokens=-1      | --queue-tokens is -1; it must be 0 to
          --max-grammar=0        | --max-grammar is 0
          --max-grammar=4G       | --max-grammar is 4
          --request-timeout=0    | --request-timeout is 0s; it must be larger than 0.
          --idle-timeout=5       | '5' is not a length of time with its unit
          --write-timeout=0      | --write-timeout is 0s; it must be larger than 0.
          --heartbeat=0ms        | --heartbeat is 0s; it must be larger than 0.
          --sse-ping-interval=0  | --sse-ping-interval is 0; it must be 1 or more, or -1 for none.
          --resume-time=1500m    | --resume-time is 90000s; it must be 0, which keeps no streams, to 24 hours.
          --resume-buffer=1K     | --resume-buffer is 1024; it must be 4096 to 1073741824.
          --resume-buffer=3G     | --resume-buffer is 3.0 GiB; it must be at most 1 GiB.
          --resume-memory=1M     | --resume-memory is 1048576; it must be at least --resume-buffer, which is 8388608.
          --step-limit=0         | --step-limit is 0; it must be 1 or more.
          --rope-scale=0         | --rope-scale is 0.0; it must be larger than 0.
          --allowed-hosts=a:b:c  | --allowed-hosts has "a:b:c"; give a host name
          --allowed-hosts=a.example:port | --allowed-hosts has "a.example:port"; give a host name
          --cors-origins=b       | --cors-origins has "b"; give an origin such as https://example.org
          --cors-origins=https://a/b | --cors-origins has "https://a/b"
          --allowed-hosts=a/b    | --allowed-hosts has "a/b"; give a host name
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
  void aPlainNumberOfTheCacheIsMebibytesAsInLlamaServer() {
    assertThat(configured("--cache-ram", "100").spill().memoryBytes()).isEqualTo(100L << 20);
    assertThat(configured("-cram", "0").spill()).isEqualTo(SpillConfig.none());
    assertThat(configured("-cram", "-1").spill()).isEqualTo(SpillConfig.toMemory(Long.MAX_VALUE));
  }

  private static ServerConfig server(String... options) {
    ServerOptions parsed = new ServerOptions();
    CommandLine.populateCommand(parsed, options);
    return parsed.config();
  }

  @Test
  void keysComeFromTheCommandLineAndFromAFile(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("keys"), "# the team's\r\nk3\r\n\n  k4 \n");
    assertThat(server().apiKeys()).isEmpty();
    assertThat(server("--api-key", "k1,k2", "--api-key", "k5", "--api-key-file", file.toString()).apiKeys())
        .containsExactlyInAnyOrder("k1", "k2", "k3", "k4", "k5");
    Path none = Files.writeString(folder.resolve("none"), "# no key\n");
    assertThatThrownBy(() -> server("--api-key-file", none.toString()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("has no key");
  }

  @Test
  void aKeyThatNoHeaderCarriesIsNamedByItsLineAndNotRepeated(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("keys"), "# the team's\nk3\nspaced key\n");
    assertThatThrownBy(() -> server("--api-key-file", file.toString()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--api-key-file " + file + " has a key in line 3 that no header can carry")
        .hasMessageNotContaining("spaced key");
  }

  @Test
  void aTemplateThatIsNotTextIsRefusedInWords(@TempDir Path folder) throws Exception {
    Path file = Files.write(folder.resolve("t.jinja"), new byte[] {'{', (byte) 0xff, (byte) 0xfe});
    CliRun run = CliRun.of(inference, "serve", "--chat-template-file", file.toString());
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("--chat-template-file: " + file + " can't be read: it is not text in UTF-8");
    CliRun empty = CliRun.of(inference, "serve", "--chat-template", "");
    assertThat(empty.code()).isEqualTo(ExitCode.USAGE);
    assertThat(empty.err()).contains("--chat-template is empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{{ messages[0].content ", ""})
  void aGivenTemplateThatCanNotWorkEndsTheStart(String template, @TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("t.jinja"), template);
    for (String warmUp : List.of("--backend=cpu", "--no-warmup")) {
      CliRun run =
          CliRun.of(new CoreInference(), "serve", "--port", "0", warmUp, "--chat-template-file", file.toString());
      assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).contains("--chat-template-file: ", "the given chat template").hasLineCount(1);
    }
  }

  @Test
  void endpointsAreThoseOfLlamaServer() {
    assertThat(server().endpoints()).isEqualTo(ServerConfig.defaults().endpoints());
    assertThat(server("--metrics", "--props").endpoints())
        .containsExactlyInAnyOrder(Endpoint.PAGE, Endpoint.SLOTS, Endpoint.METRICS, Endpoint.PROPS);
    assertThat(server("--no-slots", "--no-webui").endpoints()).isEmpty();
    assertThat(server("--admin").endpoints()).containsExactlyInAnyOrder(Endpoint.PAGE, Endpoint.SLOTS, Endpoint.ADMIN);
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
          --ttft-target=3600001   | --ttft-target is 3600001; it must be 0 to 3600000.
          --itl-target=fast       | '--itl-target': 'fast' is not a whole number; it must be 0 to 3600000 (
          --port=abc              | '--port': 'abc' is not a whole number; it must be 0 to 65535 (
          --slots=99999999999     | is neither a whole number nor auto
          --cache-disk=2048       | '--cache-disk': '2048' is neither 0 nor a size with its unit, such as 512M or 2G
          --cache-ram=-2          | '-2' is no size: a number without a unit is mebibytes here
          --cache-ram=2GB         | '2GB' is no size: a number without a unit is mebibytes here
          --cache-disk=9999999999T | '9999999999T' is more than any machine has
          --cache-disk=99999999999999999999G | is more than any machine has
          --cache-dir=x           | --cache-dir needs --cache-disk SIZE
          --cache-disk-dir=x      | --cache-disk-dir needs --cache-disk SIZE
          """)
  void badEngineOptionsAreUsageErrors(String option, String expected) {
    CliRun run = CliRun.of(inference, "serve", "--port", "0", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }
}
