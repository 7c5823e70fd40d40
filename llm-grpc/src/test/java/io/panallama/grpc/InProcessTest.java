package io.panallama.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.server.ChatServer;
import io.panallama.server.FrontEnd;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.ServerConfig;
import io.panallama.server.SharedServer;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The service without a network, by the transport that gRPC has for tests: it needs nothing of the one with sockets. */
@Timeout(60)
class InProcessTest {
  /** Serves a server's models to this process. */
  private static final class InProcess implements FrontEnd {
    @Override
    public String protocol() {
      return "in-process";
    }

    @Override
    public Running start(ServerConfig config, int port, SharedServer shared) {
      Server server =
          InProcessServerBuilder.forName("panallama-test")
              .addService(new InferenceService(shared, config.writeTimeout()))
              .build();
      try {
        server.start();
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
      return new Running() {
        @Override
        public int port() {
          return -1;
        }

        @Override
        public void close() {
          server.shutdownNow();
        }
      };
    }
  }

  @Test
  void itAnswersWithoutSockets() throws Exception {
    ServerConfig config = ServerConfig.builder().port(0).shutdownGrace(Duration.ZERO).build();
    try (ChatServer server = ChatServer.start(config, ServedModel.of("m", 128), ScriptedGenerator.answering("a", "b"));
        Calls calls = Calls.over(InProcessChannelBuilder.forName("panallama-test").build())) {
      server.open(new InProcess(), 0);
      List<PredictResponse> answer = Calls.all(calls.blocking(), Calls.chat("Hi"));
      assertThat(Calls.text(answer)).isEqualTo("ab");
      assertThat(answer.getLast().getFinished().getModel()).isEqualTo("m");
      calls.channel().shutdown();
      assertThat(calls.channel().awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }
  }
}
