package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.demo.DemoModel;
import io.panallama.server.ChatServer;
import io.panallama.server.ServerConfig;
import io.panallama.server.registry.ServedModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loads on our own server with the demo model. */
@Timeout(120)
class RealServerLoadTest {
  private static Model model;
  private static Engine engine;
  private static ChatServer server;

  @BeforeAll
  static void start() {
    model = Model.load(DemoModel.extract());
    engine = Engine.start(model, EngineConfig.builder().slots(4).threads(1).batchThreads(1).build());
    server = ChatServer.start(ServerConfig.builder().port(0).build());
    server.serve(ServedModel.of("demo", engine.sequenceContextSize()), engine, engine::stats);
  }

  @AfterAll
  static void stop() {
    server.close();
    engine.close();
    model.close();
  }

  private static LoadPlan.Builder plan() {
    return LoadPlan.builder()
        .extent(new Extent.Requests(4))
        .warmUp(new Extent.Requests(1))
        .rounds(1)
        .lengths(new Lengths(60, 20, 100, 2, 0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void answersHaveTheLengthThatWasAskedFor(boolean chat) throws Exception {
    LoadTarget target = LoadTarget.of(server.uri()).withChat(chat);
    LoadResult result = LoadTest.run(target, plan().concurrency(2).build(), _ -> {});

    assertThat(result.model()).isEqualTo("demo");
    assertThat(result.ignoredEos()).isTrue();
    assertThat(result.notes()).isEmpty();
    Summary summary = result.rows().getFirst().summary();
    assertThat(summary.errors()).isEmpty();
    assertThat(summary.ok()).isEqualTo(4);
    assertThat(summary.answerTokens()).isEqualTo(4 * 20);
    assertThat(summary.shorter()).isZero();
    assertThat(summary.tokensFromUsage()).isTrue();
    assertThat((double) summary.promptTokens()).isCloseTo(4 * 60, within(24.0));
    assertThat(summary.serverQueue().count()).isEqualTo(4);
    assertThat(summary.ttft().count()).isEqualTo(4);
  }

  @Test
  void sharedPromptsComeFromTheCache() throws Exception {
    LoadPlan plan = plan().scenario(Scenario.SHARED_PREFIX).build();
    Summary summary = LoadTest.run(LoadTarget.of(server.uri()), plan, _ -> {}).rows().getFirst().summary();
    assertThat(summary.cachedTokens()).isGreaterThanOrEqualTo(4 * 90);
  }

  @Test
  void aSlotIsFreeAfterItsClientHasLeft() throws Exception {
    LoadPlan plan = plan().scenario(Scenario.DISCONNECT).concurrency(4).build();
    LoadResult result = LoadTest.run(LoadTarget.of(server.uri()), plan, _ -> {});

    assertThat(result.rows().getLast().facts())
        .containsEntry("abandoned", 4L)
        .containsEntry("follow-ups answered", 4L)
        .containsEntry("recovered", true);
  }
}
