package io.panallama.server.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class KeyFileTest {
  private static final String GOOD =
      """
      {"version": 1, "keys": [{"id": "x", "created": "2026-11-30T12:00:00Z", "roles": ["use"], "secrets": []}]}\
      """;

  @TempDir private Path folder;

  private KeyFile file() {
    return new KeyFile(folder.resolve("sub/keys.json"));
  }

  private KeyFile written(String text) throws IOException {
    Files.createDirectories(folder.resolve("sub"));
    Files.writeString(file().path(), text);
    return file();
  }

  @Test
  void whatIsWrittenIsRead() {
    AccessKey old = rotated();
    AccessKey other =
        TestKeys.key("other", "s")
            .withRoles(Role.USE, Role.OPERATE)
            .withLimits(new KeyLimits(1, 2, 3, KeyLimits.MOST))
            .expiring(TestKeys.CREATED.plusSeconds(5))
            .revoked(TestKeys.CREATED.plusSeconds(6))
            .build();
    KeySet written = file().update(none -> none.with(old).with(other));
    assertThat(written.keys()).containsExactly(old, other);
    assertThat(file().read()).isEqualTo(written);
  }

  @Test
  void whatIsLeftOutOfAFileIsNothing() throws IOException {
    AccessKey key = written(GOOD).read().find("x").orElseThrow();
    assertThat(key.note()).isEmpty();
    assertThat(key.expires()).isNull();
    assertThat(key.limits()).isEqualTo(KeyLimits.NONE);
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          {"version": 1              ; {                        ; no JSON document
          "version": 1               ; "version": 2             ; its version must be 1
          "version": 1,              ;                          ; its version must be 1
          "keys": [{                 ; "other": [], "keys": [{  ; it has a field that is unknown; allowed are keys, version
          "id": "x"                  ; "id": "x", "id": "y"     ; has a name twice
          "id": "x",                 ;                          ; keys[0].id must be a text
          "id": "x"                  ; "id": "x y"              ; keys[0].id must be 1 to 64 letters
          "id": "x"                  ; "id": "x", "rolls": []   ; keys[0] has a field that is unknown
          ["use"]                    ; ["admin"]                ; keys[0].roles has an unknown role; there are use and operate
          ["use"]                    ; []                       ; keys[0].roles is empty
          ["use"]                    ; "use"                    ; keys[0].roles must be an array
          12:00:00Z                  ; 12:00                    ; keys[0].created must be a time in UTC
          "secrets": []              ; "secrets": [{"sha256": "abc", "created": "2026-11-30T12:00:00Z"}] ; keys[0].secrets[0].sha256 is not the 64
          "secrets": []              ; "secrets": [], "weight": 0 ; keys[0].weight is 0.0; it must be 0.01 to 1000
          "secrets": []              ; "secrets": [], "weight": "2" ; keys[0].weight must be a number
          "secrets": []              ; "secrets": [], "limits": {"rpm": 5} ; keys[0].limits has a field that is unknown; allowed are concurrent_requests
          "secrets": []              ; "secrets": [], "limits": {"tokens_per_day": 0} ; keys[0].limits.tokens_per_day must be a whole number from 1
          "secrets": []              ; "secrets": [], "limits": {"tokens_per_day": "9"} ; keys[0].limits.tokens_per_day must be a whole number from 1
          "secrets": []              ; "secrets": [], "limits": {"tokens_per_day": 1e30} ; keys[0].limits.tokens_per_day must be a whole number from 1
          """,
      delimiter = ';',
      quoteCharacter = '`')
  void aMistakeIsNamedWithItsPlace(String part, String instead, String message) throws IOException {
    String bad = GOOD.replace(part, instead == null ? "" : instead);
    KeyFile file = written(bad);
    assertThatThrownBy(file::read)
        .isInstanceOf(KeyFileException.class)
        .hasMessageStartingWith("The key file " + file.path() + " can't be used: ")
        .hasMessageContaining(message.strip());
    assertThatThrownBy(() -> file.update(keys -> keys)).isInstanceOf(KeyFileException.class);
    assertThat(Files.readString(file.path())).isEqualTo(bad);
  }

  @Test
  void twoKeysWithOneIdAreRefused() throws IOException {
    String key = GOOD.substring(GOOD.indexOf("{\"id\""), GOOD.indexOf("]}", GOOD.length() - 3));
    KeyFile file = written(GOOD.replace(key, key + ", " + key));
    assertThatThrownBy(file::read).hasMessageContaining("Two keys have the id x");
  }

  @Test
  void thereIsNoFile() {
    assertThat(file().exists()).isFalse();
    assertThatThrownBy(() -> file().read()).hasMessageContaining("there is no such file");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void othersMayNotWriteIt() throws IOException {
    KeyFile file = file();
    file.update(keys -> keys);
    assertThat(file.isReadableByOthers()).isFalse();
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(file.isReadableByOthers()).isTrue();
    assertThat(file.read()).isEqualTo(KeySet.EMPTY);
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-rw-r--"));
    assertThatThrownBy(file::read).hasMessageContaining("run chmod 600 on it");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void aChangeKeepsTheMode() throws IOException {
    KeyFile file = file();
    file.update(keys -> keys);
    for (String mode : List.of("rw-r-----", "r--------", "rw-r--r--", "rw-------")) {
      Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString(mode));
      file.update(keys -> keys.with(TestKeys.key("x", "s").build()));
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path()))).isEqualTo(mode);
    }
  }

  /** Changes of root, as by sudo, in the file of a server with a user of its own. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aChangeKeepsTheOwnerAndTheGroup() throws Exception {
    KeyFile file = file();
    file.update(keys -> keys);
    Files.delete(lock());
    assumeTrue(run("chown", "12345:12346", file.path().toString()) == 0, "only root gives files away");
    file.update(keys -> keys.with(TestKeys.key("x", "s").build()));
    assertThat(Files.readAttributes(file.path(), "unix:uid,gid"))
        .containsEntry("uid", 12345)
        .containsEntry("gid", 12346);
    assertThat(Files.getAttribute(lock(), "unix:uid")).as("so that its owner can change keys, too").isEqualTo(12345);
    assertThat(file.read().keys()).hasSize(1);
  }

  private Path lock() {
    return folder.resolve("sub/keys.json.lock");
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no pipes with names")
  void onlyARegularFileIsRead() throws Exception {
    Files.createDirectories(folder.resolve("sub"));
    assertThat(run("mkfifo", file().path().toString())).isZero();
    assertThatThrownBy(() -> file().read()).hasMessageContaining("it is no regular file");
    assertThatThrownBy(() -> file().update(keys -> keys)).hasMessageContaining("it is no regular file");
    assertThatThrownBy(() -> new KeyFile(folder).read()).hasMessageContaining("it is a folder");
    Files.delete(file().path());
    Files.delete(lock());
    assertThat(run("mkfifo", lock().toString())).isZero();
    assertThatThrownBy(() -> file().update(keys -> keys)).hasMessageContaining(lock() + " is no regular file");
    assertThat(file().exists()).isFalse();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void aChangeOfTheModeIsAChange() throws IOException {
    KeyFile file = file();
    file.update(keys -> keys.with(TestKeys.key("x", "s").build()));
    WatchedKeys watched = new WatchedKeys(file, () -> TestKeys.CREATED);
    file.update(keys -> keys.with(TestKeys.key("y", "t").build()));
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-rw----"));
    assertThat(watched.current().keys()).as("it is refused").hasSize(1);
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-------"));
    assertThat(watched.current().keys()).hasSize(2);
  }

  @Test
  void aSecretIsThereOnce() throws IOException {
    AccessKey first = TestKeys.key("one", "s").revoked(TestKeys.CREATED).build();
    KeySet other = file().update(none -> none.with(first).with(TestKeys.key("two", "t").build()));
    String text = Files.readString(file().path());
    String hash = first.secrets().getFirst().sha256();
    written(text.replace(other.keys().getLast().secrets().getFirst().sha256(), hash));
    assertThatThrownBy(() -> file().read())
        .isInstanceOf(KeyFileException.class)
        .hasMessageContaining("The keys one and two have the same sha256")
        .hasMessageNotContaining(hash);
    KeySecret twice = first.secrets().getFirst();
    assertThatThrownBy(() -> new KeySet(List.of(TestKeys.key("one", twice, twice).build())))
        .hasMessageContaining("The key one has the same sha256 twice");
  }

  @Test
  void aByteOrderMarkIsSkipped() throws IOException {
    assertThat(written("\uFEFF" + GOOD).read().keys()).hasSize(1);
  }

  @Test
  void aSymbolicLinkStaysOne() throws IOException {
    file().update(keys -> keys);
    Path link = Files.createSymbolicLink(folder.resolve("link.json"), file().path());
    new KeyFile(link).update(keys -> keys.with(TestKeys.key("x", "s").build()));
    assertThat(link).isSymbolicLink();
    assertThat(file().read().keys()).hasSize(1);
  }

  @Test
  void noneOfSeveralWritersIsLost() {
    IntStream.range(0, 24)
        .parallel()
        .forEach(i -> file().update(keys -> keys.with(TestKeys.key("k" + i, "s" + i).build())));
    assertThat(file().read().keys()).hasSize(24);
  }

  @Test
  void aFailedChangeChangesNothing() throws IOException {
    file().update(keys -> keys.with(TestKeys.key("x", "s").build()));
    assertThatThrownBy(() ->
            file()
                .update(keys -> {
                  throw new IllegalStateException("no");
                }))
        .hasMessage("no");
    assertThat(file().read().keys()).hasSize(1);
    try (var left = Files.list(folder.resolve("sub"))) {
      assertThat(left).hasSize(2);
    }
  }

  /** A key with two secrets, the first of which has an hour left. */
  private static AccessKey rotated() {
    KeySecret second = KeySecret.of("two", TestKeys.CREATED.plusSeconds(100));
    return TestKeys.key("x", "one").build().rotated(second, second.created().plus(Duration.ofHours(1)));
  }

  @Test
  void aRotationKeepsTheSecretBeforeItForItsGraceAndNoLonger() {
    AccessKey key = rotated();
    KeySet keys = new KeySet(List.of(key));
    Instant end = TestKeys.CREATED.plusSeconds(100).plus(Duration.ofHours(1));
    assertThat(keys.match(List.of("one"), end.minusNanos(1)).orElseThrow().state()).isEqualTo(AccessKey.State.ACTIVE);
    assertThat(keys.match(List.of("one"), end).orElseThrow().state()).isEqualTo(AccessKey.State.EXPIRED);
    assertThat(keys.match(List.of("two"), end).orElseThrow().state()).isEqualTo(AccessKey.State.ACTIVE);
    // A second rotation does not make the first grace longer, and drops what is over.
    AccessKey again =
        key.rotated(KeySecret.of("three", TestKeys.CREATED.plusSeconds(200)), end.plus(Duration.ofDays(9)));
    assertThat(again.secrets()).extracting(KeySecret::expires).containsExactly(null, end.plus(Duration.ofDays(9)), end);
    assertThat(again.rotated(KeySecret.of("four", end), end.plusSeconds(9)).secrets()).hasSize(3);
    assertThat(again.rotated(KeySecret.of("four", end), end).secrets()).hasSize(1);
  }

  @Test
  void ofSeveralSecretsTheOneThatCanBeUsedCounts() {
    KeySet keys =
        new KeySet(
            List.of(
                TestKeys.key("good", "good").build(), TestKeys.key("gone", "gone").revoked(TestKeys.CREATED).build()));
    for (List<String> both : List.of(List.of("good", "gone"), List.of("gone", "good"))) {
      assertThat(keys.match(both, TestKeys.CREATED).orElseThrow().key().id()).isEqualTo("good");
    }
    assertThat(keys.match(List.of("none", "Good", ""), TestKeys.CREATED)).isEmpty();
    assertThat(keys.match(List.of(), TestKeys.CREATED)).isEmpty();
  }
}
