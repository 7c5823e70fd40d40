package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script on a tree of fakes: no real JDK, no real build. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "panallama");

  @TempDir Path temp;
  private Path checkout;
  private Path stamp;

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void makeCheckout() throws Exception {
    checkout = Files.createDirectories(temp.resolve("check out"));
    Files.copy(LAUNCHER, checkout.resolve("panallama"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    Path source = Files.createDirectories(checkout.resolve("llm-server/src/main/java")).resolve("A.java");
    Path pom = Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    Files.writeString(source, "class A {}");
    Path dist = Files.createDirectories(checkout.resolve("llm-server/target/panallama"));
    Files.createDirectory(dist.resolve("lib"));
    Files.writeString(dist.resolve("kind"), "cuda");
    stamp = Files.createFile(dist.resolve("stamp"));
    FileTime past = FileTime.fromMillis(System.currentTimeMillis() - 60_000);
    for (Path old : List.of(pom, source, source.getParent(), source.getParent().getParent())) {
      Files.setLastModifiedTime(old, past);
    }
  }

  private static Path script(Path file, String body) throws Exception {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A folder that looks like a JDK, whose java prints its name and arguments and exits with 7. */
  private Path jdk(String name, String version) throws Exception {
    Path home = Files.createDirectories(temp.resolve(name));
    Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    script(home.resolve("bin/java"), "printf '%s\\n' " + name + " \"$@\"; exit 7");
    script(home.resolve("bin/javac"), "exit 1");
    return home;
  }

  private Result run(Path launcher, Map<String, String> environment, String... args) throws Exception {
    String[] command = new String[args.length + 1];
    command[0] = launcher.toString();
    System.arraycopy(args, 0, command, 1, args.length);
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(temp.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("PANALLAMA_") || name.equals("JAVA_HOME"));
    builder.environment().putAll(environment);
    int code = builder.start().waitFor();
    return new Result(
        code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private Result run(Map<String, String> environment, String... args) throws Exception {
    return run(checkout.resolve("panallama"), environment, args);
  }

  @Test
  void shellAcceptsTheScript() throws Exception {
    assertThat(new ProcessBuilder("sh", "-n", LAUNCHER.toString()).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void startsTheProgramInModuleModeWithItsArgumentsUntouched() throws Exception {
    Path jdk = jdk("jdk-25", "25.0.1");

    Result result =
        run(
            Map.of("JAVA_HOME", jdk.toString(), "PANALLAMA_JAVA_OPTS", "-Xmx1g -Da=b"),
            "run",
            "--input",
            "two  spaces",
            "",
            "--",
            "*");

    List<String> lines = result.out().lines().toList();
    int main = lines.indexOf("io.panallama.server/io.panallama.cli.Main");
    assertThat(result.code()).isEqualTo(7);
    assertThat(result.err()).isEmpty();
    assertThat(lines.subList(0, main))
        .startsWith("jdk-25", "--enable-native-access=io.panallama.bindings", "--illegal-native-access=deny")
        .contains(checkout.toRealPath().resolve("llm-server/target/panallama/lib").toString())
        .endsWith("-Xmx1g", "-Da=b", "-m");
    assertThat(lines.subList(main + 1, lines.size())).containsExactly("run", "--input", "two  spaces", "", "--", "*");
  }

  @Test
  void oldJavaHomeGivesWayToTheJdkOnThePath() throws Exception {
    Path old = jdk("jdk-17", "17.0.15");
    Path good = jdk("jdk-26", "26");

    Result result =
        run(Map.of("JAVA_HOME", old.toString(), "PATH", good.resolve("bin") + ":" + System.getenv("PATH")), "--help");

    assertThat(result.out()).startsWith("jdk-26\n");
  }

  @Test
  void runsThroughASymbolicLink() throws Exception {
    Path jdk = jdk("jdk-25", "25");
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("check out", "panallama"));

    Result result = run(link, Map.of("JAVA_HOME", jdk.toString()), "doctor");

    assertThat(result.out()).contains(checkout.toRealPath() + "/llm-server/target/panallama/lib").endsWith("doctor\n");
  }

  @Test
  void changedSourceIsBuiltAndAFailureShowsTheLastErrorsAndTheLog() throws Exception {
    Path jdk = jdk("jdk-25", "25");
    Path tools = temp.resolve("tools");
    script(tools.resolve("mvn"), "echo '[INFO] Building panallama core 1   [5/6]'; echo '[ERROR] bad code'; exit 1");
    for (String tool : List.of("npm", "git", "cmake", "make", "c++")) {
      script(tools.resolve(tool), "exit 0");
    }
    Files.writeString(checkout.resolve("llm-server/src/main/java/A.java"), "class A { int changed; }");
    Files.setLastModifiedTime(stamp, FileTime.fromMillis(System.currentTimeMillis() - 30_000));

    Result result =
        run(
            Map.of(
                "JAVA_HOME", jdk.toString(), "PANALLAMA_BACKEND", "cpu", "PATH", tools + ":" + System.getenv("PATH")),
            "doctor");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .contains("panallama: building panallama core 1 [5/6]", "[ERROR] bad code", "launcher-build.log");
    assertThat(checkout.resolve("target/launcher.lock")).doesNotExist();
    assertThat(stamp).as("nothing may pass for built after a build that did not end").doesNotExist();
  }

  @Test
  void whatAnInterruptedBuildLeftIsBuiltAgain() throws Exception {
    Path jdk = jdk("jdk-25", "25");
    Path tools = temp.resolve("tools");
    script(tools.resolve("mvn"), "echo '[ERROR] built again'; exit 1");
    for (String tool : List.of("npm", "git", "cmake", "make", "c++")) {
      script(tools.resolve(tool), "exit 0");
    }
    Files.delete(stamp.resolveSibling("lib"));

    Result result =
        run(
            Map.of(
                "JAVA_HOME", jdk.toString(), "PANALLAMA_BACKEND", "cpu", "PATH", tools + ":" + System.getenv("PATH")),
            "doctor");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("[ERROR] built again");
  }

  @Test
  void missingToolsAreNamedTogetherBeforeTheBuild() throws Exception {
    Path jdk = jdk("jdk-25", "25");
    Files.delete(stamp);
    Path tools = Files.createDirectories(temp.resolve("few tools"));
    for (String tool :
        List.of("sh", "dirname", "readlink", "sed", "head", "find", "uname", "cat", "mkdir", "rm", "tr", "grep")) {
      Path real = Path.of("/usr/bin", tool);
      Files.createSymbolicLink(tools.resolve(tool), Files.exists(real) ? real : Path.of("/bin", tool));
    }

    Result result = run(Map.of("JAVA_HOME", jdk.toString(), "PATH", tools.toString(), "CXX", ""), "serve");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .contains("Maven (mvn), npm, git, CMake (cmake), Ninja or make, a C++ compiler")
        .contains("install");
  }
}
