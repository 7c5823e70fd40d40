package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher script on a tree of fakes: no real JDK, no real build. */
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(60)
class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "panallama");

  /** The name of the program's class, which its arguments follow. */
  private static final String MAIN = "io.panallama.cli/io.panallama.cli.Main";

  /** A build that succeeds: one jar, and the line of one module. */
  private static final String GOOD_BUILD =
      """
      echo "$*" >>"$FAKES/mvn-calls"
      for word in "$@"; do
        case $word in
          -Ddistribution.lib=*) mkdir -p "${word#*=}" && echo jar >"${word#*=}/new.jar" ;;
        esac
      done
      echo '[INFO] Building panallama core 1   [5/6]'
      """;

  @TempDir Path temp;
  private Path checkout;
  private Path programs;
  private Path source;
  private Path jdk;
  private final Map<String, String> environment = new HashMap<>();
  private final List<Process> started = new ArrayList<>();

  private record Result(int code, String out, String err) {
    /** The arguments that the program got. */
    List<String> arguments() {
      List<String> lines = out.lines().toList();
      return lines.subList(lines.indexOf(MAIN) + 1, lines.size());
    }
  }

  @BeforeEach
  void makeCheckout() throws Exception {
    checkout = Files.createDirectories(temp.resolve("check out"));
    Files.copy(LAUNCHER, checkout.resolve("panallama"), StandardCopyOption.COPY_ATTRIBUTES);
    checkout = checkout.toRealPath();
    // POSIX knows whole seconds only, but the systems that this test runs on know fractions.
    edit("sleep 1\n", "sleep 0.05\n");
    source = Files.createDirectories(checkout.resolve("llm-cli/src/main/java")).resolve("A.java");
    Files.writeString(source, "class A {}");
    Path pom = Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    for (Path old : List.of(pom, source, source.getParent(), source.getParent().getParent())) {
      age(old, 60);
    }
    programs = Files.createDirectories(checkout.resolve("target/panallama"));
    Path program = programs.resolve("build-1");
    Files.writeString(Files.createDirectories(program.resolve("lib")).resolve("old.jar"), "jar");
    Files.writeString(program.resolve("kind"), "cpu\n");
    age(Files.createFile(program.resolve("stamp")), 30);
    Files.writeString(programs.resolve("current"), "build-1\n");
    jdk = jdk("jdk-25", "25.0.1");
    Path tools = temp.resolve("tools");
    for (String tool : List.of("npm", "git", "cmake", "make", "c++")) {
      script(tools.resolve(tool), "exit 0");
    }
    maven(GOOD_BUILD);
    environment.put("JAVA_HOME", jdk.toString());
    environment.put("PATH", tools + ":" + System.getenv("PATH"));
    environment.put("PANALLAMA_BACKEND", "cpu");
    environment.put("FAKES", temp.toString());
  }

  @AfterEach
  void endWhatWasStarted() {
    started.forEach(Process::destroyForcibly);
  }

  private static void age(Path file, int seconds) throws IOException {
    Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() - seconds * 1000L));
  }

  private void changeSource() throws IOException {
    Files.writeString(source, "class A { int changed; }");
  }

  private static Path script(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void maven(String body) throws IOException {
    script(temp.resolve("tools/mvn"), body);
  }

  private String mavenCalls() throws IOException {
    Path calls = temp.resolve("mvn-calls");
    return Files.exists(calls) ? Files.readString(calls) : "";
  }

  /** The launcher with one text in it replaced. */
  private void edit(String old, String replacement) throws IOException {
    Path launcher = checkout.resolve("panallama");
    String text = Files.readString(launcher);
    assertThat(text).contains(old);
    Files.writeString(launcher, text.replace(old, replacement));
  }

  /**
   * A folder that looks like a JDK. Its java writes an archive if asked for one; otherwise it prints its name and its
   * arguments and exits with 7, or keeps running if the last argument is "wait".
   */
  private Path jdk(String name, String version) throws IOException {
    Path home = Files.createDirectories(temp.resolve(name));
    Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    script(
        home.resolve("bin/java"),
        """
        for word in "$@"; do
          case $word in
            -XX:AOTCacheOutput=*) archive=${word#*=} ;;
          esac
        done
        if [ -n "${archive:-}" ]; then
          echo "$*" >>"$FAKES/trainings"
          echo archive >"$archive"
          echo archive >"$word"
          exit 0
        fi
        printf '%%s\\n' %s "$@"
        [ "$word" != wait ] || exec sleep 50
        exit 7
        """
            .formatted(name));
    script(home.resolve("bin/javac"), "exit 1");
    return home;
  }

  private Process start(Path launcher, Path out, Path err, String... args) throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(temp.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("PANALLAMA_") || name.equals("JAVA_HOME"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private Result runAs(Path launcher, String... args) throws Exception {
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    int code = start(launcher, out, err, args).waitFor();
    return new Result(
        code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private Result run(String... args) throws Exception {
    return runAs(checkout.resolve("panallama"), args);
  }

  private static void await(Path file, String text) throws Exception {
    while (!Files.exists(file) || !Files.readString(file).contains(text)) {
      Thread.sleep(20);
    }
  }

  private List<String> builds() throws IOException {
    try (Stream<Path> files = Files.list(programs)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("build-"))
          .sorted()
          .toList();
    }
  }

  private String current() throws IOException {
    return Files.readString(programs.resolve("current")).strip();
  }

  private Path lock() {
    return checkout.resolve("target/launcher.lock");
  }

  private boolean isLocked() {
    return Files.exists(lock(), LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void shellAcceptsTheScript() throws Exception {
    assertThat(new ProcessBuilder("sh", "-n", LAUNCHER.toString()).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void startsTheProgramInModuleModeWithItsArgumentsUntouched() throws Exception {
    environment.put("PANALLAMA_JAVA_OPTS", "-Xmx1g -Da=b");
    run("--version");

    Result result = run("run", "--input", "two  spaces", "", "--", "*");

    List<String> lines = result.out().lines().toList();
    assertThat(result.code()).isEqualTo(7);
    assertThat(result.err()).isEmpty();
    assertThat(lines.subList(0, lines.indexOf(MAIN)))
        .startsWith(
            "jdk-25",
            "--enable-native-access=io.panallama.bindings,org.apache.lucene.core",
            "-XX:+UseSerialGC",
            "-XX:MaxRAM=4g")
        .contains(programs.resolve("build-1/lib").toString())
        .endsWith("-Xmx1g", "-Da=b", "-m");
    assertThat(result.arguments()).containsExactly("run", "--input", "two  spaces", "", "--", "*");
    assertThat(mavenCalls()).isEmpty();
  }

  @Test
  void oldJavaHomeGivesWayToTheJdkOnThePath() throws Exception {
    environment.put("JAVA_HOME", jdk("jdk-17", "17.0.15").toString());
    environment.merge("PATH", jdk("jdk-26", "26").resolve("bin").toString(), (rest, first) -> first + ":" + rest);

    assertThat(run("--help").out()).startsWith("jdk-26\n");
  }

  @Test
  void runsThroughASymbolicLink() throws Exception {
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("check out", "panallama"));

    Result result = runAs(link, "doctor");

    assertThat(result.out()).contains(programs.resolve("build-1/lib").toString()).endsWith("doctor\n");
  }

  @Test
  void changedSourceIsBuiltIntoAFolderOfItsOwnThatReplacesTheOldOne() throws Exception {
    changeSource();

    Result result = run("doctor");

    assertThat(result.code()).isEqualTo(7);
    assertThat(result.err()).contains("panallama: building panallama core 1 [5/6]");
    assertThat(result.out()).contains(programs.resolve(current()).resolve("lib").toString());
    assertThat(current()).isNotEqualTo("build-1");
    assertThat(builds()).containsExactly(current());
    assertThat(programs.resolve(current()).resolve("lib/new.jar")).exists();
    assertThat(isLocked()).isFalse();
    assertThat(run("doctor").err()).isEmpty();
  }

  @Test
  void failedBuildShowsItsErrorsAndKeepsTheProgram() throws Exception {
    maven(GOOD_BUILD + "echo '[ERROR] bad code'; exit 1");
    changeSource();

    Result result = run("doctor");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .contains("panallama: building panallama core 1 [5/6]", "[ERROR] bad code", "launcher-build.log")
        .contains("PANALLAMA_BUILD=never " + checkout.resolve("panallama") + " starts it");
    assertThat(builds()).containsExactly("build-1");
    assertThat(isLocked()).isFalse();

    assertThat(run("doctor").err()).as("it is built again").contains("[ERROR] bad code");
    environment.put("PANALLAMA_BUILD", "never");
    assertThat(run("doctor").out()).contains(programs.resolve("build-1/lib").toString());
  }

  @Test
  void interruptedBuildKeepsTheProgramAndLeavesNothingBehind() throws Exception {
    maven(GOOD_BUILD + "echo $$ >\"$FAKES/mvn-process\"; exec sleep 50");
    changeSource();
    Process launcher = start(checkout.resolve("panallama"), temp.resolve("out"), temp.resolve("err"), "doctor");
    await(temp.resolve("mvn-process"), "\n");
    long maven = Long.parseLong(Files.readString(temp.resolve("mvn-process")).strip());

    launcher.destroy();

    assertThat(launcher.waitFor()).isEqualTo(143);
    assertThat(ProcessHandle.of(maven).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(builds()).containsExactly("build-1");
    assertThat(current()).isEqualTo("build-1");
    assertThat(programs.resolve("build-1/lib/old.jar")).exists();
    assertThat(isLocked()).isFalse();
    environment.put("PANALLAMA_BUILD", "never");
    assertThat(run("doctor").code()).isEqualTo(7);
  }

  @Test
  void programThatStillRunsKeepsItsFilesWhenANewOneIsBuilt() throws Exception {
    Path out = temp.resolve("server-out");
    Process server = start(checkout.resolve("panallama"), out, temp.resolve("server-err"), "serve", "wait");
    await(out, "wait\n");
    changeSource();
    run("doctor");
    assertThat(builds()).hasSize(2).contains("build-1");

    server.destroy();
    server.waitFor();
    age(programs.resolve(current()).resolve("stamp"), 30);
    changeSource();
    run("doctor");

    assertThat(builds()).containsExactly(current());
  }

  @Test
  void firstBuildThatIsRefusedSaysThatThereIsNoProgram() throws Exception {
    Files.delete(programs.resolve("current"));
    environment.put("PANALLAMA_BUILD", "never");

    Result result = run("doctor");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("no program has been built yet").hasLineCount(1);
  }

  @Test
  void slowBuildSaysWhatItIsDoing() throws Exception {
    edit("-ge 10 ]; then", "-ge 2 ]; then");
    maven(
        GOOD_BUILD
            + "told() { while ! grep -q \"$1\" \"$FAKES/err\"; do sleep 0.05; done; }\n"
            + "echo 'Downloading from central: https://example.org/a/b/some-plugin-1.0.jar'; told some-plugin\n"
            + "echo 'native: fetching a package'; told 'a package'\n");
    changeSource();

    assertThat(run("doctor").err())
        .containsPattern("panallama:   \\.\\.\\. \\d+ s: fetching some-plugin-1\\.0\\.jar\n")
        .contains("panallama:   fetching a package\n");
  }

  @Test
  void cudaWithoutADriverIsRefusedBeforeAnythingIsBuilt() throws Exception {
    assumeFalse(Files.exists(Path.of("/proc/driver/nvidia/version")), "this machine has the driver");
    Files.delete(programs.resolve("current"));

    for (String[] args :
        List.of(new String[] {"-v", "serve", "--backend", "CUDA"}, new String[] {"run", "--backend=cuda"})) {
      Result result = run(args);
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).startsWith("panallama: ").contains("--backend cuda", "no NVIDIA driver");
    }
    assertThat(mavenCalls()).isEmpty();

    Result doctor = run("doctor", "--backend", "cuda");
    assertThat(doctor.code()).as("doctor tells more itself").isEqualTo(7);
    assertThat(mavenCalls()).hasLineCount(1).doesNotContain("-Pcuda");
  }

  @Test
  void lockWithoutAnOwnerDoesNotStopAnything() throws Exception {
    Files.createDirectories(lock());
    changeSource();

    assertThat(run("doctor").code()).isEqualTo(7);
    assertThat(isLocked()).isFalse();
  }

  @Test
  void lockOfAProcessThatHasEndedIsTakenOver() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    Files.createSymbolicLink(lock(), Path.of(ended.pid() + ":12345:" + host()));
    changeSource();

    assertThat(run("doctor").code()).isEqualTo(7);
    assertThat(isLocked()).isFalse();
  }

  @Test
  void lockIsNotTakenForThatOfAnotherProcessWithTheSameNumber() throws Exception {
    Files.createSymbolicLink(lock(), Path.of(ProcessHandle.current().pid() + ":12345:" + host()));
    changeSource();

    assertThat(run("doctor").code()).isEqualTo(7);
  }

  @Test
  void buildOfAnotherProcessIsWaitedForAndNamed() throws Exception {
    Path stat = Path.of("/proc/self/stat");
    assumeTrue(Files.exists(stat), "needs /proc");
    String fields = Files.readString(stat);
    String since = fields.substring(fields.lastIndexOf(')') + 2).split(" ")[19];
    long pid = ProcessHandle.current().pid();
    Files.createSymbolicLink(lock(), Path.of(pid + ":" + since + ":" + host()));
    changeSource();
    Path err = temp.resolve("err");
    Process waiting = start(checkout.resolve("panallama"), temp.resolve("out"), err, "doctor");

    await(err, "waiting for process " + pid);
    assertThat(mavenCalls()).isEmpty();
    Files.delete(lock());

    assertThat(waiting.waitFor(50, TimeUnit.SECONDS)).isTrue();
    assertThat(waiting.exitValue()).isEqualTo(7);
  }

  private static String host() throws Exception {
    Process uname = new ProcessBuilder("uname", "-n").start();
    return new String(uname.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  private String trainings() throws IOException {
    Path calls = temp.resolve("trainings");
    return Files.exists(calls) ? Files.readString(calls) : "";
  }

  /** The times of files made by hand are older than what the launcher made just now. */
  private void rewrite(String jar, String content) throws Exception {
    Path file = programs.resolve("build-1/lib").resolve(jar);
    Files.writeString(file, content);
    Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + 10));
  }

  @Test
  void archiveIsMadeAnewForOtherJarsAnotherJdkAndOtherJvmOptionsAndSaysSo() throws Exception {
    assertThat(run("doctor").err()).contains("preparing fast starts");
    Result second = run("doctor");
    assertThat(second.err()).isEmpty();
    assertThat(second.out())
        .contains("-XX:AOTCache=" + programs.resolve("build-1/start-"))
        .contains("-Dpanallama.worker.cache=" + programs.resolve("build-1/worker-"));

    rewrite("old.jar", "another jar");
    assertThat(run("doctor").err()).contains("preparing fast starts");
    environment.put("JAVA_HOME", jdk("jdk-26", "26").toString());
    assertThat(run("doctor").err()).contains("preparing fast starts");
    environment.put("PANALLAMA_JAVA_OPTS", "-Da=b -XX:+UseCompactObjectHeaders");
    assertThat(run("doctor").err()).contains("preparing fast starts");
    environment.put("PANALLAMA_JAVA_OPTS", "-Da=c -XX:+UseCompactObjectHeaders");
    assertThat(run("doctor").err()).isEmpty();
  }

  @Test
  void archiveIsMadeAnewForAJarOfTheSameSizeAndForAJdkThatWasUpdatedInItsFolder() throws Exception {
    run("doctor");
    assertThat(run("doctor").err()).isEmpty();

    rewrite("old.jar", "JAR");
    assertThat(run("doctor").err()).contains("preparing fast starts");
    assertThat(run("doctor").err()).isEmpty();
    Path release = jdk.resolve("release");
    FileTime packaged = Files.getLastModifiedTime(release);
    Files.writeString(release, Files.readString(release).replace("25.0.1", "25.0.2"));
    Files.setLastModifiedTime(release, packaged);
    assertThat(run("doctor").err()).contains("preparing fast starts");
    assertThat(trainings()).hasLineCount(3);
  }

  @Test
  void freshBuildComesWithItsArchive() throws Exception {
    run("doctor");
    changeSource();

    assertThat(run("doctor").err()).contains("building", "preparing fast starts");
    Result next = run("doctor");
    assertThat(next.err()).isEmpty();
    assertThat(next.out()).contains("-XX:AOTCache=" + programs.resolve(current()));
  }

  @Test
  void archiveThatCannotBeMadeIsToldOnce() throws Exception {
    script(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"; exit 7");

    assertThat(run("doctor").err()).contains("that did not work", "launcher-archive.log");
    Result second = run("doctor");
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).doesNotContain("AOTCache");
    try (Stream<Path> files = Files.list(programs.resolve("build-1"))) {
      assertThat(files).noneMatch(file -> file.toString().contains(".part"));
    }
  }

  @Test
  void archiveThatCouldNotBeMadeIsTriedAgainAfterAnHour() throws Exception {
    Path java = jdk.resolve("bin/java");
    String working = Files.readString(java);
    script(java, "exit 7");
    assertThat(run("doctor").err()).contains("that did not work", "again in an hour");
    Files.writeString(java, working);
    assertThat(run("doctor").out()).doesNotContain("AOTCache");

    try (Stream<Path> files = Files.list(programs.resolve("build-1"))) {
      age(files.filter(file -> file.toString().endsWith(".aot")).findFirst().orElseThrow(), 3700);
    }

    Result retried = run("doctor");
    assertThat(retried.err()).contains("preparing fast starts").doesNotContain("did not work");
    assertThat(retried.out()).contains("AOTCache");
    assertThat(run("doctor").err()).isEmpty();
    assertThat(trainings()).hasLineCount(1);
  }

  @Test
  void versionIsNotedSoThatItNeedsNoJvmUntilSomethingChanges() throws Exception {
    Path java = jdk.resolve("bin/java");
    String rest = Files.readString(java).replaceFirst("#!/bin/sh\n", "");
    String answer =
        """
        for word in "$@"; do :; done
        if [ "$word" = --version ]; then
          echo asked >>"$FAKES/asked"
          echo "panallama $(cat "$FAKES/number")"
          exit
        fi
        """;
    script(java, answer + rest);
    Path number = Files.writeString(temp.resolve("number"), "1");
    run("doctor");

    for (String option : List.of("--version", "-V")) {
      Result noted = run(option);
      assertThat(noted.code()).isZero();
      assertThat(noted.out()).isEqualTo("panallama 1\n");
      assertThat(noted.err()).isEmpty();
    }
    assertThat(temp.resolve("asked")).content().hasLineCount(1);

    Files.writeString(number, "2");
    rewrite("old.jar", "another jar");
    assertThat(run("--version").out()).isEqualTo("panallama 2\n");
  }

  @Test
  void moreThanALineAboutTheVersionIsNotNoted() throws Exception {
    script(jdk.resolve("bin/java"), "echo '[0.1s] a log line'; echo panallama 1");

    run("--version");

    assertThat(run("--version").out()).isEqualTo("[0.1s] a log line\npanallama 1\n");
  }

  @Test
  void launchersThatStartAtOnceMakeOneArchive() throws Exception {
    List<Process> launchers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      launchers.add(start(checkout.resolve("panallama"), temp.resolve("out" + i), temp.resolve("err" + i), "doctor"));
    }
    for (int i = 0; i < 4; i++) {
      assertThat(launchers.get(i).waitFor()).isEqualTo(7);
      assertThat(Files.readString(temp.resolve("out" + i))).contains("-XX:AOTCache=");
    }
    assertThat(trainings()).hasLineCount(1);
  }

  @Test
  void laterStartRunsNoProgramsButTheSearchForNewerSources() throws Exception {
    environment.put("LC_ALL", "C");
    run("doctor");
    Path spies = Files.createDirectories(temp.resolve("spies"));
    environment.merge("PATH", spies.toString(), (rest, first) -> first + ":" + rest);
    for (String tool :
        List.of("sed", "cat", "ls", "cksum", "uname", "grep", "dirname", "mkdir", "readlink", "rm", "head", "tr")) {
      script(spies.resolve(tool), "echo " + tool + " >>\"$FAKES/others\"; exit 1");
    }

    Result result = run("doctor");

    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isEqualTo(7);
    assertThat(temp.resolve("others")).doesNotExist();
  }

  @Test
  void otherCommandAndFolderAreNoReasonToLookAnew() throws Exception {
    run("doctor");
    Path notes = programs.resolve("build-1/launch");
    FileTime noted = Files.getLastModifiedTime(notes);

    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("check out", "panallama"));
    assertThat(runAs(link, "serve").arguments()).containsExactly("serve");
    assertThat(run("run", "hi").arguments()).containsExactly("run", "hi");

    assertThat(Files.getLastModifiedTime(notes)).isEqualTo(noted);
  }

  @Test
  void startsInATreeThatCannotBeWritten() throws Exception {
    assumeFalse("root".equals(System.getProperty("user.name")), "root may write anywhere");
    List<Path> folders = List.of(programs.resolve("build-1"), programs, programs.getParent(), checkout);
    for (Path folder : folders) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
    }
    try {
      Result result = run("doctor");
      assertThat(result.err()).isEmpty();
      assertThat(result.code()).isEqualTo(7);
      assertThat(result.out()).doesNotContain("AOTCache");
    } finally {
      for (Path folder : folders) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"C, C.UTF-8", "POSIX, C.UTF-8", "xx_YY.UTF-8, C.UTF-8", "C.UTF-8, C.UTF-8"})
  void aLocaleWithoutUtf8OrNotInstalledIsReplaced(String named, String chosen) throws Exception {
    script(jdk.resolve("bin/java"), "echo \"locale $LC_ALL\"");
    environment.put("LC_ALL", named);

    assertThat(run("run", "ünïcode").out()).contains("locale " + chosen);
  }

  @Test
  void anotherEncodingThatIsInstalledStays() throws Exception {
    script(jdk.resolve("bin/java"), "echo \"locale $LC_ALL\"");
    script(temp.resolve("tools/locale"), "echo ISO-8859-1");
    environment.put("LC_ALL", "de_DE");

    assertThat(run("run", "hi").out()).contains("locale de_DE");
  }

  @Test
  void tooFewOpenFilesAreReportedInsteadOfAStackTrace() throws Exception {
    Path limited =
        script(checkout.resolve("limited"), "ulimit -n 20 && exec \"" + checkout.resolve("panallama") + "\" run hi");

    Result result = runAs(limited);

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("only 20 open files (ulimit -n)", "LimitNOFILE").hasLineCount(1);
  }

  /** The launcher on a system with few programs and no JDK that is new enough. */
  private Result runOnBareSystem(String osRelease, String neededJava, String... args) throws Exception {
    edit("/etc/os-release", Files.writeString(temp.resolve("os-release"), osRelease).toString());
    edit("NEEDED_JAVA=25", "NEEDED_JAVA=" + neededJava);
    Path tools = Files.createDirectories(temp.resolve("few tools"));
    for (String tool :
        List.of("dirname", "readlink", "sed", "head", "find", "cat", "mkdir", "rm", "tr", "grep", "ln", "ls")) {
      wrap(tools, tool);
    }
    script(tools.resolve("uname"), "case $1 in -s) echo Linux ;; -m) echo x86_64 ;; *) echo host ;; esac");
    environment.put("PATH", tools.toString());
    environment.put("CXX", "");
    return run(args);
  }

  private static void wrap(Path tools, String tool) throws IOException {
    Path real = Path.of("/usr/bin", tool);
    script(tools.resolve(tool), "exec " + (Files.exists(real) ? real : Path.of("/bin", tool)) + " \"$@\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ID=debian;VERSION_ID="12";PRETTY_NAME="Debian 12" | Debian 12 has no package | Eclipse Temurin 99
          ID=debian;VERSION_ID="13"                         | sudo apt-get install openjdk-99-jdk | JAVA_HOME
          ID=linuxmint;ID_LIKE="ubuntu debian"              | has no package       | SDKMAN
          ID=fedora                                         | sudo dnf install java-99-openjdk-devel | JAVA_HOME
          ID="opensuse-leap";ID_LIKE="suse opensuse"        | sudo zypper install java-99-openjdk-devel | JAVA_HOME
          ID=arch                                           | sudo pacman -S jdk-openjdk | JAVA_HOME
          ID=void                                           | has no package       | Eclipse Temurin 99
          """)
  void missingJdkComesWithTheHintOfTheDistribution(String osRelease, String expected, String alsoExpected)
      throws Exception {
    Result result = runOnBareSystem(osRelease.replace(';', '\n') + "\n", "99", "serve");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("no JDK 99 or later", expected, alsoExpected);
  }

  @Test
  void jdkThatAptKnowsIsRecommended() throws Exception {
    script(temp.resolve("few tools/apt-cache"), "echo \"Package: $2\"");

    assertThat(runOnBareSystem("ID=ubuntu\nVERSION_ID=\"24.04\"\n", "99", "serve").err())
        .contains("sudo apt-get install openjdk-99-jdk");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ID=debian | sudo apt-get install maven npm git cmake ninja-build g++
          ID=fedora | sudo dnf install maven nodejs-npm git cmake ninja-build gcc-c++
          ID=void   | Debian's packages are called: maven npm git cmake ninja-build g++
          """)
  void missingToolsAreNamedTogetherBeforeTheBuild(String osRelease, String hint) throws Exception {
    changeSource();

    Result result = runOnBareSystem(osRelease + "\n", "25", "doctor");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .contains("Maven (mvn), npm, git, CMake (cmake), Ninja or make, a C++ compiler", hint, "PANALLAMA_BUILD=never");
  }
}
