package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.server.ServerConfig;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

@Timeout(60)
class KeysCommandTest {
  @TempDir private Path folder;

  private CliRun run(String... args) {
    Environment environment = new Environment(Map.of(), folder.resolve("panallama/config.yaml"));
    return CliRun.in(environment, new FakeInference(), args);
  }

  private CliRun succeed(String... args) {
    CliRun run = run(args);
    assertThat(run.code()).as(run.err()).isZero();
    return run;
  }

  private KeyFile file() {
    return new KeyFile(folder.resolve("panallama/keys.json"));
  }

  private AccessKey key(String id) {
    return file().read().find(id).orElseThrow();
  }

  private Optional<AccessKey.State> state(String secret, Instant when) {
    return file().read().match(List.of(secret), when).map(KeySet.Match::state);
  }

  @Test
  void aKeyIsShownOnceAndOnlyItsHashIsKept() throws IOException {
    CliRun run = succeed("keys", "create", "--id", "ada", "--note", "Ada's laptop");
    String secret = run.out().strip();
    assertThat(secret).matches("sk-panallama-[A-Za-z0-9_-]{43}");
    assertThat(run.err())
        .contains("key ada (use, without an end) is in")
        .contains("not shown again")
        .doesNotContain(secret);
    assertThat(Files.readString(file().path())).doesNotContain(secret).contains("Ada's laptop");
    assertThat(state(secret, Instant.now())).contains(AccessKey.State.ACTIVE);
    assertThat(key("ada").limits()).isEqualTo(KeyLimits.NONE);
    assertThat(succeed("keys", "create").err()).containsPattern("key key-[0-9a-f]{8} ");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void onlyTheOwnerMayReadTheFile() throws IOException {
    succeed("keys", "create");
    succeed("keys", "create");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file().path()))).isEqualTo("rw-------");
    try (var files = Files.list(folder.resolve("panallama"))) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("keys.json", "keys.json.lock");
    }
  }

  @Test
  void rolesEndAndLimitsAreKept() {
    Instant before = Instant.now();
    succeed(
        "keys",
        "create",
        "--id=x",
        "--expires=90d",
        "--roles=use,operate",
        "--requests-per-minute=60",
        "--concurrent-requests=2",
        "--tokens-per-minute=5000",
        "--tokens-per-day=100000",
        "--weight=2.5");
    AccessKey key = key("x");
    assertThat(key.roles()).containsExactlyInAnyOrder(Role.USE, Role.OPERATE);
    assertThat(key.limits()).isEqualTo(new KeyLimits(60, 2, 5000, 100_000));
    assertThat(key.weight()).isEqualTo(2.5);
    succeed("keys", "rotate", "x");
    assertThat(key("x").weight()).isEqualTo(2.5);
    assertThat(Duration.between(before, key.expires())).isBetween(Duration.ofHours(90 * 24 - 1), Duration.ofDays(90));
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          --expires=soon             | "'soon' is none of a length of time (90d, 12h, 30m), a day"
          --expires=2020-01-01       | "'2020-01-01' is over already"
          --roles=admin              | "--roles has 'admin'; there are use and operate."
          --id=two words             | --id must be 1 to 64 letters
          --id=--api-key             | --id must be 1 to 64 letters
          --requests-per-minute=-1   | --requests-per-minute is -1; it must be 1 to
          --weight=0                 | --weight is 0.0; it must be 0.01 to 1000.
          --weight=NaN               | --weight is NaN; it must be
          --tokens-per-day=many      | "'many' is not a whole number"
          --key-file=/dev/null/x     | "key file /dev/null/x can't be used"
          """,
      delimiter = '|',
      quoteCharacter = '"')
  void whatCantBeUsedIsRefused(String option, String message) {
    CliRun refused = run("keys", "create", option);
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err()).contains(message);
    assertThat(file().exists()).isFalse();
  }

  @Test
  void anIdIsTakenOnce() {
    succeed("keys", "create", "--id", "x");
    CliRun second = run("keys", "create", "--id", "x");
    assertThat(second.code()).isEqualTo(2);
    assertThat(second.err()).contains("--id is x, which").contains("has already");
    assertThat(second.out()).isEmpty();
  }

  @Test
  void theSecretBeforeARotationIsValidForItsGrace() {
    String old = succeed("keys", "create", "--id", "x").out().strip();
    CliRun run = succeed("keys", "rotate", "x", "--grace", "2h");
    String next = run.out().strip();
    assertThat(run.err()).contains("the one before it is valid until ");
    Instant now = Instant.now();
    assertThat(state(next, now.plus(Duration.ofDays(1000)))).contains(AccessKey.State.ACTIVE);
    assertThat(state(old, now)).contains(AccessKey.State.ACTIVE);
    assertThat(state(old, now.plus(Duration.ofHours(2)))).contains(AccessKey.State.EXPIRED);
    succeed("keys", "rotate", "x", "--grace", "0");
    assertThat(state(next, Instant.now())).isEmpty();
    assertThat(key("x").secrets()).hasSize(1);
  }

  @Test
  void aRevokedKeyStaysListedAndCantBeRotated() throws IOException {
    String secret = succeed("keys", "create", "--id", "x", "--note", "old").out().strip();
    succeed("keys", "create", "--id", "y", "--tokens-per-day", "9", "--weight", "3");
    succeed("keys", "revoke", "x");
    Instant first = key("x").revoked();
    succeed("keys", "revoke", "x");
    assertThat(key("x").revoked()).isEqualTo(first);
    assertThat(state(secret, Instant.now())).contains(AccessKey.State.REVOKED);
    assertThat(run("keys", "rotate", "x").err()).contains("The key x was revoked at " + first);
    CliRun unknown = run("keys", "revoke", "y", "z");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("There is no key z in " + file().path());
    assertThat(key("y").revoked()).isNull();
    assertThat(succeed("keys", "list").out().lines())
        .anyMatch(line -> line.matches("x +revoked +use +never +none +old"))
        .anyMatch(line -> line.matches("y +active +use +never +9 tokens/day, weight 3 *"));
    JsonNode list = new ObjectMapper().readTree(succeed("keys", "list", "--json").out());
    assertThat(list.at("/1/limits/tokens_per_day").asInt()).isEqualTo(9);
    assertThat(list.at("/0/weight").asDouble()).isEqualTo(1);
    assertThat(list.at("/1/weight").asDouble()).isEqualTo(3);
    assertThat(list.at("/1/limits/tokens_per_minute").isNull()).isTrue();
    assertThat(list.toString()).doesNotContain("sha256", "secret");
  }

  @Test
  void anExpiredKeyNeedsAnotherEndToBeRotated() {
    succeed("keys", "create", "--id", "x");
    file().update(keys -> keys.with(keys.find("x").orElseThrow().expiring(Instant.EPOCH)));
    assertThat(run("keys", "rotate", "x").err()).contains("expired at").contains("--expires");
    succeed("keys", "rotate", "x", "--expires", "1d");
    assertThat(key("x").state(Instant.now())).isEqualTo(AccessKey.State.ACTIVE);
  }

  @Test
  void withoutAFileTheListIsEmpty() {
    assertThat(succeed("keys", "list").err()).contains("there are no keys in " + file().path());
    assertThat(succeed("keys", "list", "--json").out().strip()).isEqualTo("[ ]");
  }

  @Test
  void serveTakesTheUsualFileIfThereIsOneOrTheGivenOne() {
    assertThat(served().keyFile()).isEmpty();
    succeed("keys", "create");
    assertThat(served().keyFile()).contains(file().path());
    assertThat(served("--no-keys").keyFile()).isEmpty();
    Path other = folder.resolve("other.json");
    succeed("keys", "create", "--key-file", other.toString());
    assertThat(served("--key-file", other.toString()).keyFile()).contains(other);
    CliRun missing = run("serve", "--port", "0", "--key-file", folder.resolve("none").toString());
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("--key-file has no such file").contains("panallama keys create --key-file");
    assertThat(run("serve", "--port", "0", "--no-keys", "--key-file", "x").err()).contains("exclude each other");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void serveRefusesAFileThatOthersMayWrite() throws IOException {
    succeed("keys", "create");
    Files.setPosixFilePermissions(file().path(), PosixFilePermissions.fromString("rw-rw----"));
    CliRun refused = run("serve", "--port", "0");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("others than its owner may write it").contains("chmod 600");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no pipes with names")
  void aPipeIsNoKeyFile() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    for (List<String> command :
        List.of(List.of("keys", "list"), List.of("keys", "create"), List.of("serve", "--port", "0"))) {
      List<String> all = new ArrayList<>(command);
      all.addAll(List.of("--key-file", pipe.toString()));
      CliRun refused = run(all.toArray(String[]::new));
      assertThat(refused.code()).as(all.toString()).isEqualTo(2);
      assertThat(refused.err()).as(all.toString()).contains("it is no regular file");
    }
  }

  private ServerConfig served(String... args) {
    KeyOptions options = new KeyOptions();
    CommandLine.populateCommand(options, args);
    CommandContext usual = CliRun.context(new FakeInference());
    CommandContext context =
        new CommandContext(
            usual.in(),
            usual.out(),
            usual.err(),
            usual.terminals(),
            new Environment(Map.of(), folder.resolve("panallama/config.yaml")),
            usual.inference(),
            usual.signals());
    return options.configure(context, ServerConfig.builder()).build();
  }
}
