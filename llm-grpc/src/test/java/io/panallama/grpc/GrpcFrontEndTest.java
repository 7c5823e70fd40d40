package io.panallama.grpc;

import static io.panallama.grpc.Calls.HELLO;
import static io.panallama.grpc.Calls.code;
import static io.panallama.grpc.Calls.failure;
import static io.panallama.grpc.Calls.trailer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Grpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.panallama.generation.FinishReason;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.server.ChatServer;
import io.panallama.server.FrontEnd;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.ServerConfig;
import io.panallama.server.ServerStartException;
import io.panallama.server.TlsConfig;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.KeySecret;
import io.panallama.server.keys.Role;
import io.panallama.server.registry.ServedModel;
import io.panallama.server.tls.TestCertificates;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The port: keys, certificate, health, reflection, and what is no gRPC at all. */
@Timeout(60)
class GrpcFrontEndTest {
  private static final ServedModel MODEL = ServedModel.of("test/model", 4096);

  private static ServerConfig.Builder config() {
    return ServerConfig.builder().port(0).shutdownGrace(Duration.ofMillis(100));
  }

  private static ChatServer serving(ServerConfig.Builder config, ScriptedGenerator generator) {
    return ChatServer.start(config.build(), MODEL, generator);
  }

  private static int open(ChatServer server) {
    return server.open(new GrpcFrontEnd(), 0);
  }

  @Test
  void itIsAService() {
    assertThat(ServiceLoader.load(FrontEnd.class).stream().map(ServiceLoader.Provider::get))
        .anyMatch(one -> one.protocol().equals("grpc"));
  }

  @Test
  void eachCallNeedsAKeyOfTheServer() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("hi");
    try (ChatServer server = serving(config().apiKeys(Set.of("sk-right")), generator);
        Calls calls = Calls.to(open(server))) {
      StatusRuntimeException without = failure(calls.blocking(), HELLO);
      assertThat(code(without)).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(trailer(without, CallFailure.CODE)).isEqualTo("missing_api_key");
      StatusRuntimeException wrong = failure(calls.with("authorization", "Bearer sk-wrong"), HELLO);
      assertThat(code(wrong)).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(trailer(wrong, CallFailure.CODE)).isEqualTo("invalid_api_key");
      assertThat(wrong.getStatus().getDescription()).doesNotContain("sk-wrong");
      assertThat(generator.startedMore()).isFalse();
      assertThat(Calls.text(Calls.all(calls.with("authorization", "Bearer sk-right"), HELLO))).isEqualTo("hi");
      assertThat(Calls.text(Calls.all(calls.with("x-api-key", "sk-right"), HELLO))).isEqualTo("hi");
      // As /health and /openapi.json.
      assertThat(health(calls, "")).isEqualTo(ServingStatus.SERVING);
      assertThat(services(calls)).isNotEmpty();
    }
  }

  @Test
  void rolesAndLimitsOfAKeyHold(@TempDir Path folder) throws Exception {
    KeyFile file = new KeyFile(folder.resolve("keys.json"));
    file.update(
        keys -> keys.with(key("one", "sk-panallama-one", Role.USE)).with(key("ops", "sk-panallama-ops", Role.OPERATE)));
    ScriptedGenerator generator = new ScriptedGenerator();
    try (ChatServer server = serving(config().keyFile(file.path()), generator);
        Calls calls = Calls.to(open(server))) {
      StatusRuntimeException role = failure(calls.with("authorization", "Bearer sk-panallama-ops"), HELLO);
      assertThat(code(role)).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(trailer(role, CallFailure.CODE)).isEqualTo("insufficient_permissions");

      Iterator<PredictResponse> first = calls.with("authorization", "Bearer sk-panallama-one").predict(HELLO);
      ScriptedGenerator.Script script = generator.next();
      StatusRuntimeException second = failure(calls.with("authorization", "Bearer sk-panallama-one"), HELLO);
      assertThat(code(second)).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(trailer(second, CallFailure.CODE)).isEqualTo("rate_limit_exceeded");
      script.finish(FinishReason.STOP);
      assertThat(first.next().hasFinished()).isTrue();
      // It counts no longer once its client knows the end.
      generator.playing(next -> next.finish(FinishReason.STOP));
      assertThat(Calls.all(calls.with("authorization", "Bearer sk-panallama-one"), HELLO)).hasSize(1);
      assertThat(server.keyUsage())
          .filteredOn(usage -> usage.id().equals("one"))
          .allMatch(usage -> usage.promptTokens() == 24 && usage.answerTokens() == 10 && usage.running() == 0)
          .hasSize(1);
    }
  }

  private static AccessKey key(String id, String secret, Role role) {
    Instant now = Instant.parse("2026-11-30T12:00:00Z");
    KeyLimits oneAtATime = new KeyLimits(0, 1, 0, 0);
    return new AccessKey(id, "", now, null, null, Set.of(role), oneAtATime, List.of(KeySecret.of(secret, now)));
  }

  private static Calls encrypted(int port, TestCertificates trusted) throws IOException {
    InputStream pem = new ByteArrayInputStream(trusted.certificatePem().getBytes(StandardCharsets.US_ASCII));
    return Calls.over(
        Grpc.newChannelBuilder("127.0.0.1:" + port, TlsChannelCredentials.newBuilder().trustManager(pem).build())
            .build());
  }

  @Test
  void itEncryptsByTheServersCertificate(@TempDir Path folder) throws Exception {
    TlsConfig files = new TlsConfig(folder.resolve("cert.pem"), folder.resolve("key.pem"));
    TestCertificates.ONE.write(files.certificates(), files.key());
    try (ChatServer server = serving(config().tls(files), ScriptedGenerator.answering("hi"))) {
      int port = open(server);
      try (Calls calls = encrypted(port, TestCertificates.ONE)) {
        assertThat(Calls.text(Calls.all(calls.blocking(), HELLO))).isEqualTo("hi");
        TestCertificates.OTHER.write(files.certificates(), files.key());
        // The open connection goes on, and new ones get the new certificate.
        awaitCertificate(port);
        assertThat(Calls.text(Calls.all(calls.blocking(), HELLO))).isEqualTo("hi");
      }
      try (Calls plain = Calls.to(port)) {
        assertThat(code(failure(plain.blocking(), HELLO))).isEqualTo(Status.Code.UNAVAILABLE);
      }
    }
  }

  private static void awaitCertificate(int port) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (true) {
      try (Calls calls = encrypted(port, TestCertificates.OTHER)) {
        if (Calls.text(Calls.all(calls.blocking(), HELLO)).equals("hi")) {
          return;
        }
      } catch (StatusRuntimeException untrusted) {
        assertThat(code(untrusted)).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(System.nanoTime()).isLessThan(deadline);
      }
    }
  }

  private static ServingStatus health(Calls calls, String service) {
    return HealthGrpc.newBlockingStub(calls.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  @Test
  @SuppressWarnings("try") // the server ends while its client watches
  void healthFollowsReadiness() throws Exception {
    try (ChatServer server = ChatServer.start(config().build());
        Calls calls = Calls.to(open(server))) {
      assertThat(health(calls, "")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(health(calls, "panallama.v1.Inference")).isEqualTo(ServingStatus.NOT_SERVING);
      Iterator<HealthCheckResponse> watch =
          HealthGrpc.newBlockingStub(calls.channel())
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .watch(HealthCheckRequest.getDefaultInstance());
      assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
      server.serve(MODEL, ScriptedGenerator.answering("hi"));
      assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.SERVING);
      assertThat(health(calls, "panallama.v1.Inference")).isEqualTo(ServingStatus.SERVING);
      assertThatThrownBy(() -> health(calls, "unknown"))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class, unknown -> assertThat(code(unknown)).isEqualTo(Status.Code.NOT_FOUND));
      server.close();
      assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
    }
  }

  private static List<String> services(Calls calls) throws Exception {
    CompletableFuture<List<String>> names = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(calls.channel())
            .serverReflectionInfo(
                new StreamObserver<ServerReflectionResponse>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    names.complete(
                        answer.getListServicesResponse().getServiceList().stream().map(one -> one.getName()).toList());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    names.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    names.completeExceptionally(new IllegalStateException("no answer"));
                  }
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> all = names.get(20, TimeUnit.SECONDS);
    requests.onCompleted();
    return all;
  }

  @Test
  void clientsCanAskWhatThereIs() throws Exception {
    try (ChatServer server = serving(config(), ScriptedGenerator.answering("hi"));
        Calls calls = Calls.to(open(server))) {
      assertThat(services(calls))
          .contains("panallama.v1.Inference", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection");
    }
  }

  @Test
  void aPortThatIsTakenIsTold() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        ChatServer server = serving(config(), ScriptedGenerator.answering("hi"))) {
      assertThatThrownBy(() -> server.open(new GrpcFrontEnd(), taken.getLocalPort()))
          .isInstanceOf(ServerStartException.class)
          .hasMessageContaining("Can't listen on port " + taken.getLocalPort() + " for grpc: ")
          .hasMessageContaining("--grpc-port");
    }
  }

  @Test
  void otherProtocolsAndSilentClientsDisturbNobody() throws Exception {
    try (ChatServer server =
        serving(config().requestTimeout(Duration.ofMillis(300)), ScriptedGenerator.answering("hi"))) {
      int port = open(server);
      try (Calls calls = Calls.to(port);
          Socket silent = new Socket("127.0.0.1", port)) {
        for (String bytes :
            List.of(
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "\u0000\u0001\u0002",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense")) {
          try (Socket other = new Socket("127.0.0.1", port)) {
            other.setSoTimeout(20_000);
            other.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
            other.shutdownOutput();
            assertThat(readToTheEnd(other)).as(bytes).isTrue();
          }
        }
        assertThat(Calls.text(Calls.all(calls.blocking(), HELLO))).isEqualTo("hi");
        assertThat(silent.isConnected()).isTrue();
      }
    }
  }

  /** Whether the server closes a connection, in whichever way. */
  private static boolean readToTheEnd(Socket socket) {
    try {
      socket.getInputStream().readAllBytes();
      return true;
    } catch (SocketTimeoutException stillOpen) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }
}
