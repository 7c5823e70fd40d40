package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.documents.DocumentLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Drives the pages in a browser, with the tests of {@code src/test/browser}. */
@Tag("integration")
class PageBrowserTest {
  private static final Path TESTS = Path.of("src", "test", "browser").toAbsolutePath();

  @TempDir private Path folder;

  @Test
  @EnabledIf("isBrowserInstalled")
  void thePageDoesWhatItsTestsSay() throws IOException, InterruptedException {
    install();
    try (TestServer server = TestServer.start(new PageScript().generator())) {
      run(server.uri("/").toString(), "node", "--test", "page.test.mjs");
    }
  }

  @Test
  @EnabledIf("isBrowserInstalled")
  void documentsAreShownAndCited() throws IOException, InterruptedException {
    install();
    try (DocumentLibrary library = PageScript.library(folder);
        TestServer server = TestServer.start(new PageScript().generator())) {
      server.server().serve(library);
      run(server.uri("/").toString(), "node", "--test", "documents.test.mjs");
    }
  }

  /** The page to try the API executes its examples, so a real model answers. */
  @Test
  @EnabledIf("isBrowserInstalled")
  void theApiCanBeTried() throws IOException, InterruptedException {
    install();
    try (DemoServer server = DemoServer.start(2)) {
      run("http://127.0.0.1:" + server.port() + "/", "node", "--test", "docs.test.mjs");
    }
  }

  private static void install() throws IOException, InterruptedException {
    run("", "npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
  }

  static boolean isBrowserInstalled() {
    return Files.isExecutable(Path.of(System.getenv().getOrDefault("CHROMIUM", "/usr/bin/chromium")));
  }

  /** Runs a command in the folder of the tests, which finds the page at {@code uri}; what it prints is the message if it fails. */
  private static void run(String uri, String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile("page-browser", ".txt");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(TESTS.toFile());
      builder.environment().put("PAGE", uri);
      Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
      boolean ended = process.waitFor(10, TimeUnit.MINUTES);
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      String printed = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
      System.out.println(printed);
      assertThat(ended).as(printed).isTrue();
      assertThat(process.exitValue()).as(printed).isZero();
    } finally {
      Files.delete(output);
    }
  }
}
