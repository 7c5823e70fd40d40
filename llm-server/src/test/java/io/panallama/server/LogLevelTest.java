package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.Role;
import io.panallama.server.keys.TestKeys;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /admin/log-level}. */
class LogLevelTest {
  private static final String PATH = "/admin/log-level";

  /** One that nothing else uses. */
  private static final String NAME = "io.panallama.test.loglevel";

  private final Logger logger = Logger.getLogger(NAME);

  @TempDir private Path folder;

  @AfterEach
  void restore() {
    logger.setLevel(null);
  }

  private static TestServer start(Endpoint... endpoints) {
    return TestServer.start(
        TestServer.config().toBuilder().endpoints(Set.of(endpoints)).build(), new ScriptedGenerator());
  }

  @Test
  void aLevelIsChangedAndTold() {
    try (TestServer server = start(Endpoint.ADMIN)) {
      logger.setLevel(Level.WARNING);
      System.Logger used = System.getLogger(NAME + ".below");
      assertThat(used.isLoggable(System.Logger.Level.DEBUG)).isFalse();
      assertThat(json(server.get(PATH + "?logger=" + NAME).body()).path("level").asText()).isEqualTo("warning");
      HttpResponse<String> response = server.post(PATH, "{\"logger\": \"" + NAME + "\", \"level\": \"debug\"}");
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(json(response.body()).path("level").asText()).isEqualTo("debug");
      assertThat(used.isLoggable(System.Logger.Level.DEBUG)).isTrue();
      assertThat(used.isLoggable(System.Logger.Level.TRACE)).isFalse();
      assertThat(json(server.get(PATH + "?logger=" + NAME + ".below").body()).path("level").asText())
          .as("inherited")
          .isEqualTo("debug");
      assertThat(json(server.get(PATH).body()).path("logger").asText()).isEqualTo("io.panallama");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                            | level is missing; give one of off, error, warning, info, debug, trace.
          {"level": "loud"}                             | level is "loud"; it must be one of "off", "error"
          {"level": "info", "logger": "no.such.logger"} | logger must be io.panallama, a package or class in it
          """)
  void whatIsWrongIsRefused(String body, String expected) {
    try (TestServer server = start(Endpoint.ADMIN)) {
      HttpResponse<String> response = server.post(PATH, body);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(response).path("message").asText()).startsWith(expected);
    }
  }

  @Test
  void withoutItsOptionThereIsNone() {
    try (TestServer server = start()) {
      assertThat(server.get(PATH).statusCode()).isEqualTo(501);
      assertThat(server.post(PATH, "{\"level\": \"trace\"}").statusCode()).isEqualTo(501);
    }
  }

  @Test
  void itIsForOperators() {
    KeyFile file = new KeyFile(folder.resolve("keys.json"));
    file.update(all ->
        new KeySet(
            List.of(
                TestKeys.key("user", "sk-user").build(),
                TestKeys.key("operator", "sk-operator").withRoles(Role.OPERATE).build())));
    ServerConfig config =
        TestServer.config().toBuilder().keyFile(file.path()).endpoints(Set.of(Endpoint.ADMIN)).build();
    try (TestServer server = TestServer.start(config, new ScriptedGenerator())) {
      for (String key : List.of("sk-user", "sk-operator")) {
        HttpRequest request = server.request(PATH).header("x-api-key", key).GET().build();
        assertThat(server.send(request).statusCode()).as(key).isEqualTo(key.equals("sk-user") ? 403 : 200);
      }
    }
  }
}
