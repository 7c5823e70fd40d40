package io.panallama.grpc;

import static io.panallama.grpc.Calls.HELLO;
import static io.panallama.grpc.Calls.code;
import static io.panallama.grpc.Calls.failure;
import static io.panallama.grpc.Calls.trailer;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.panallama.chat.ChatMessage;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.grpc.v1.Sampling;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.server.ChatServer;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.ServerConfig;
import io.panallama.server.registry.ServedModel;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The service over its port, with gRPC's own client. */
@Timeout(60)
class PredictTest {
  private static final ServedModel MODEL =
      ServedModel.builder("test/model", 4096).aliases(List.of("short")).maxTokens(77).stops(List.of("END")).build();

  private ScriptedGenerator generator = new ScriptedGenerator();
  private ChatServer server = start(ServerConfig.builder().writeTimeout(Duration.ofSeconds(20)));
  private Calls calls = Calls.to(server.open(new GrpcFrontEnd(), 0));

  private static ChatServer start(ServerConfig.Builder config) {
    return ChatServer.start(config.port(0).shutdownGrace(Duration.ofMillis(100)).strictModelNames(true).build());
  }

  @BeforeEach
  void serve() {
    server.serve(MODEL, generator);
  }

  @AfterEach
  void stop() throws InterruptedException {
    calls.close();
    server.close();
  }

  private void restart(ServerConfig.Builder config) throws InterruptedException {
    stop();
    generator = new ScriptedGenerator();
    server = start(config);
    calls = Calls.to(server.open(new GrpcFrontEnd(), 0));
    serve();
  }

  @Test
  void piecesComeAsTheyAreGenerated() throws Exception {
    Iterator<PredictResponse> answer = calls.blocking().predict(HELLO);
    ScriptedGenerator.Script script = generator.next();
    script.say("Good ");
    assertThat(answer.next().getText()).isEqualTo("Good ");
    script.emit(new GenerationEvent.Reasoning("Hm."));
    assertThat(answer.next().getReasoning()).isEqualTo("Hm.");
    // A token may end in the middle of a character.
    script.say("");
    script.say("day");
    assertThat(answer.next().getText()).isEqualTo("day");
    script.finish(FinishReason.LENGTH);
    PredictResponse end = answer.next();
    assertThat(end.getFinished().getReason()).isEqualTo(io.panallama.grpc.v1.FinishReason.FINISH_REASON_LENGTH);
    assertThat(end.getFinished().getModel()).isEqualTo("test/model");
    assertThat(end.getFinished().getUsage().getPromptTokens()).isEqualTo(12);
    assertThat(end.getFinished().getUsage().getCachedTokens()).isEqualTo(4);
    assertThat(end.getFinished().getUsage().getCompletionTokens()).isEqualTo(5);
    assertThat(answer.hasNext()).isFalse();
    assertThat(script.awaitClose()).isTrue();
    assertThat(script.isCancelled()).isFalse();
  }

  @Test
  void fieldsReachTheGenerator() throws Exception {
    PredictRequest request =
        PredictRequest.newBuilder()
            .setModel("short")
            .setPrompt("Once")
            .setMaxTokens(5)
            .addStop("\n")
            .setSampling(
                Sampling.newBuilder()
                    .setTemperature(0.5f)
                    .setTopK(7)
                    .setTopP(0.25f)
                    .setMinP(0.125f)
                    .setRepeatPenalty(1.5f)
                    .setFrequencyPenalty(0.75f)
                    .setPresencePenalty(0.5f)
                    .setSeed(-1))
            .setGrammar("root ::= \"a\"")
            .build();
    generator.playing(script -> script.finishAt("\n"));
    List<PredictResponse> answer = Calls.all(calls.blocking(), request);
    assertThat(answer).hasSize(1);
    assertThat(answer.getFirst().getFinished().getStopText()).isEqualTo("\n");
    CompletionRequest seen = (CompletionRequest) generator.next().request();
    assertThat(seen.prompt()).isEqualTo(CompletionRequest.of("Once").prompt());
    assertThat(seen.options().maxTokens()).isEqualTo(5);
    assertThat(seen.options().stops()).containsExactly("\n");
    assertThat(seen.options().format()).isEqualTo(new ResponseFormat.Gbnf("root ::= \"a\""));
    assertThat(seen.options().sampling().seed()).isEqualTo(0xFFFF_FFFFL);
    assertThat(seen.options().sampling().chain())
        .contains(new Sampler.TopK(7), new Sampler.Temperature(0.5f))
        .anyMatch(stage -> stage instanceof Sampler.Penalties penalties && penalties.repeat() == 1.5f);
  }

  @Test
  void whatIsLeftOutIsTheModels() throws Exception {
    generator.playing(script -> script.finish(FinishReason.STOP));
    Calls.all(calls.blocking(), Calls.chat("Hi"));
    ChatRequest seen = (ChatRequest) generator.next().request();
    assertThat(seen.messages()).containsExactly(ChatMessage.system("Be brief."), ChatMessage.user("Hi"));
    assertThat(seen.options().maxTokens()).isEqualTo(77);
    assertThat(seen.options().stops()).containsExactly("END");
    assertThat(seen.options().sampling().isRecommended()).isTrue();
  }

  @Test
  void aSchemaIsEnforced() throws Exception {
    generator.playing(script -> script.finish(FinishReason.STOP));
    Calls.all(calls.blocking(), HELLO.toBuilder().setJsonSchema("{\"type\":\"object\"}").build());
    assertThat(generator.next().request().options().format())
        .isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}"));
  }

  @Test
  void aCancelledCallCancelsItsGeneration() throws Exception {
    Context.CancellableContext caller = Context.current().withCancellation();
    Iterator<PredictResponse> answer = caller.call(() -> calls.blocking().predict(HELLO));
    ScriptedGenerator.Script script = generator.next();
    script.say("a");
    assertThat(answer.next().getText()).isEqualTo("a");
    caller.cancel(null);
    assertThat(script.awaitCancel()).isTrue();
    assertThat(script.awaitClose()).isTrue();
    awaitNoRequests();
  }

  @Test
  void aVanishedClientCancelsItsGeneration() throws Exception {
    Iterator<PredictResponse> answer = calls.blocking().predict(HELLO);
    ScriptedGenerator.Script script = generator.next();
    script.say("a");
    assertThat(answer.next().getText()).isEqualTo("a");
    calls.channel().shutdownNow();
    assertThat(script.awaitCancel()).isTrue();
    awaitNoRequests();
  }

  @Test
  void aDeadlineEndsTheGeneration() throws Exception {
    StatusRuntimeException late =
        failure(new Stub(calls.channel(), CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS)), HELLO);
    assertThat(code(late)).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(generator.next().awaitCancel()).isTrue();
    awaitNoRequests();
  }

  private void awaitNoRequests() throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (server.runningRequests() > 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  /** A client that takes nothing until it is told to. */
  private static final class Reluctant implements ClientResponseObserver<PredictRequest, PredictResponse> {
    final CompletableFuture<ClientCallStreamObserver<PredictRequest>> call = new CompletableFuture<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();
    final CountDownLatch first = new CountDownLatch(1);

    @Override
    public void beforeStart(ClientCallStreamObserver<PredictRequest> stream) {
      stream.disableAutoRequestWithInitial(0);
      call.complete(stream);
    }

    @Override
    public void onNext(PredictResponse value) {
      first.countDown();
    }

    @Override
    public void onError(Throwable failure) {
      end.complete(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  /** More than windows and buffers hold. */
  private static final int MANY = 200;

  private static final String LARGE = "x".repeat(32 << 10);

  @Test
  void aSlowReaderWaitsAloneAndLosesNothing() throws Exception {
    Reluctant slow = new Reluctant();
    new Stub(calls.channel(), CallOptions.DEFAULT).predict(HELLO, slow);
    ScriptedGenerator.Script script = generator.next();
    for (int i = 0; i < MANY; i++) {
      script.say(LARGE);
    }
    script.finish(FinishReason.STOP);
    generator.playing(other -> other.finish(FinishReason.STOP));
    assertThat(Calls.all(calls.blocking(), HELLO)).hasSize(1);
    assertThat(slow.end).isNotDone();
    assertThat(server.runningRequests()).isEqualTo(1);
    slow.call.get().request(MANY + 1);
    assertThat(slow.end.get(20, TimeUnit.SECONDS)).isEqualTo(Status.OK);
  }

  @Test
  void anAnswerThatIsNeverReadIsEnded() throws Exception {
    restart(ServerConfig.builder().writeTimeout(Duration.ofMillis(200)));
    Reluctant never = new Reluctant();
    new Stub(calls.channel(), CallOptions.DEFAULT).predict(HELLO, never);
    ScriptedGenerator.Script script = generator.next();
    for (int i = 0; i < MANY; i++) {
      script.say(LARGE);
    }
    assertThat(script.awaitClose()).isTrue();
    awaitNoRequests();
    never.call.get().request(MANY);
    assertThat(never.end.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.ABORTED);
  }

  @Test
  void whatIsWrongIsNamed() {
    StatusRuntimeException none = failure(calls.blocking(), PredictRequest.getDefaultInstance());
    assertThat(code(none)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(none.getStatus().getDescription()).contains("prompt or conversation");

    PredictRequest hot = HELLO.toBuilder().setSampling(Sampling.newBuilder().setTopP(7)).build();
    StatusRuntimeException range = failure(calls.blocking(), hot);
    assertThat(code(range)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(range.getStatus().getDescription()).contains("sampling.top_p is 7");

    StatusRuntimeException negative = failure(calls.blocking(), HELLO.toBuilder().setMaxTokens(-5).build());
    assertThat(code(negative)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(negative.getStatus().getDescription()).contains("max_tokens is -5");

    PredictRequest nobody =
        PredictRequest.newBuilder()
            .setConversation(
                io.panallama.grpc.v1.Conversation.newBuilder()
                    .addMessages(io.panallama.grpc.v1.Message.newBuilder().setContent("Hi")))
            .build();
    assertThat(failure(calls.blocking(), nobody).getStatus().getDescription()).contains("messages[0]", "ROLE_USER");

    StatusRuntimeException unknown = failure(calls.blocking(), HELLO.toBuilder().setModel("other").build());
    assertThat(code(unknown)).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(trailer(unknown, CallFailure.CODE)).isEqualTo("model_not_found");

    PredictRequest huge = PredictRequest.newBuilder().setPrompt("x".repeat(5 << 20)).build();
    assertThat(code(failure(calls.blocking(), huge))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(generator.startedMore()).isFalse();
  }

  @Test
  void failuresHaveTheStatusesOfHttp() throws Exception {
    generator.refuse(new EngineBusyException(64, Duration.ofSeconds(3)));
    StatusRuntimeException busy = failure(calls.blocking(), HELLO);
    assertThat(code(busy)).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(trailer(busy, CallFailure.CODE)).isEqualTo("queue_full");
    assertThat(trailer(busy, CallFailure.PUSHBACK)).isEqualTo("3000");

    generator.refuse(new IllegalStateException("a secret of io.panallama.server"));
    StatusRuntimeException fault = failure(calls.blocking(), HELLO);
    assertThat(code(fault)).isEqualTo(Status.Code.INTERNAL);
    assertThat(fault.getStatus().getDescription()).isEqualTo("The server failed; its log says more.");
  }

  @Test
  void aGenerationThatFailsFailsItsCall() throws Exception {
    Iterator<PredictResponse> answer = calls.blocking().predict(HELLO);
    ScriptedGenerator.Script script = generator.next();
    script.say("a");
    assertThat(answer.next().getText()).isEqualTo("a");
    script.fail(new GenerationException(GenerationException.Reason.NO_TOKEN_LEFT, "No token can come next.", null));
    try {
      throw new AssertionError(answer.next());
    } catch (StatusRuntimeException failed) {
      assertThat(code(failed)).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(trailer(failed, CallFailure.CODE)).isEqualTo("no_token_left");
    }
    awaitNoRequests();
  }

  @Test
  void aServerThatStopsLetsRunningCallsFinish() throws Exception {
    stop();
    generator = new ScriptedGenerator();
    server = ChatServer.start(ServerConfig.builder().port(0).shutdownGrace(Duration.ofSeconds(20)).build());
    calls = Calls.to(server.open(new GrpcFrontEnd(), 0));
    serve();
    Iterator<PredictResponse> answer = calls.blocking().predict(HELLO);
    ScriptedGenerator.Script script = generator.next();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    StatusRuntimeException refused;
    do {
      // Until the server has begun to close; a call that came before is ended at once.
      generator.playing(other -> other.finish(FinishReason.STOP));
      try {
        Calls.all(calls.blocking(), HELLO);
        refused = null;
      } catch (StatusRuntimeException closed) {
        refused = closed;
      }
    } while (refused == null);
    assertThat(code(refused)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(trailer(refused, CallFailure.CODE)).isEqualTo("draining");
    assertThat(closing).isNotDone();
    script.say("whole");
    assertThat(answer.next().getText()).isEqualTo("whole");
    script.finish(FinishReason.STOP);
    assertThat(answer.next().hasFinished()).isTrue();
    assertThat(answer.hasNext()).isFalse();
    closing.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aServerThatStopsEndsWhatDoesNotFinish() throws Exception {
    Iterator<PredictResponse> answer = calls.blocking().predict(HELLO);
    ScriptedGenerator.Script script = generator.next();
    server.close();
    assertThat(script.isCancelled()).isTrue();
    try {
      throw new AssertionError(answer.next());
    } catch (StatusRuntimeException failed) {
      assertThat(code(failed)).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void aServerThatLoadsSaysSo() throws Exception {
    stop();
    server = start(ServerConfig.builder());
    calls = Calls.to(server.open(new GrpcFrontEnd(), 0));
    StatusRuntimeException loading = failure(calls.blocking(), HELLO);
    assertThat(code(loading)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(trailer(loading, CallFailure.CODE)).isEqualTo("not_ready");
    assertThat(trailer(loading, CallFailure.PUSHBACK)).isEqualTo("1000");
  }

  @Test
  void usageIsWhatTheEngineSays() {
    generator.playing(script ->
        script.finish(
            FinishReason.CONTEXT_FULL,
            new Usage(1, 0, 2, 3),
            new Timings(Duration.ZERO, Duration.ofMillis(1), Duration.ofMillis(1))));
    List<PredictResponse> answer = Calls.all(calls.blocking(), HELLO);
    assertThat(answer.getLast().getFinished().getReason())
        .isEqualTo(io.panallama.grpc.v1.FinishReason.FINISH_REASON_CONTEXT_FULL);
    assertThat(answer.getLast().getFinished().getUsage().getCompletionTokens()).isEqualTo(2);
  }
}
