package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.cli.profile.Jcmd.Jvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How Java processes are told apart. */
class JcmdTest {
  @ParameterizedTest
  @CsvSource({
    "io.panallama.cli/io.panallama.cli.Main serve --port 8080, true",
    "io.panallama.cli.Main serve, true",
    "io.panallama.cli.Main --config /etc/panallama.yaml serve -m m.gguf, true",
    "io.panallama.cli.Main -v serve, true",
    "io.panallama.cli.Main chat, false",
    "io.panallama.cli.Main bench serve --url http://127.0.0.1:8080, false",
    "io.panallama.cli.Main, false",
    "com.example.Main serve, false"
  })
  void aServer(String command, boolean expected) {
    assertThat(new Jvm(1, command).isServer()).isEqualTo(expected);
  }

  /** A page is shown to others. */
  @ParameterizedTest
  @CsvSource({
    "serve --api-key sk-1 --port 1, serve --api-key *** --port 1",
    "serve --api-key=sk-1 --api_key sk-2, serve --api-key=*** --api_key ***",
    "serve --API-KEY sk-1, serve --API-KEY ***",
    "serve --api-key-file keys.txt, serve --api-key-file keys.txt"
  })
  void keysAreNotShown(String command, String shown) {
    assertThat(CommandText.of(command)).isEqualTo(shown);
  }

  @Test
  void aWorker() {
    assertThat(new Jvm(1, "io.panallama/io.panallama.WorkerMain /tmp/x/socket").isWorker()).isTrue();
    assertThat(new Jvm(1, "io.panallama.WorkerMain /tmp/x/socket").isWorker()).isTrue();
    assertThat(new Jvm(1, "io.panallama.cli.Main serve").isWorker()).isFalse();
    assertThat(new Jvm(ProcessHandle.current().pid(), "x").isChildOf(-1)).isFalse();
  }
}
