package io.panallama.cli;

import io.panallama.demo.DemoModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Does what a user does first, so that the JVM can record the classes, the linkage and the profiles of it: the launcher
 * starts this program instead of {@link Main} to make the AOT cache of later starts (JEP 483, 514, 515).
 *
 * <p>It uses the demo model only, reads no settings, and prints nothing but failures.
 */
final class TrainingRun {
  private static final Environment NO_SETTINGS = new Environment(Map.of(), Path.of("no-such-folder", "config.yaml"));

  /** Enough that the JVM finds out which methods a request runs often. */
  private static final int REQUESTS = 8;

  private static final int LIMIT_SECONDS = 120;

  private TrainingRun() {}

  /**
   * @param arguments the file that gets the AOT cache of worker processes, or {@code --serve} for none, and for a smaller cache of this
   *     program that has only what {@code serve} needs beside its workers
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("--serve")) {
      hearSignals();
      serve("always");
      System.exit(0);
    }
    Process worker = trainWorker(arguments[0], DemoModel.extract());
    hearSignals();
    run("--version");
    run("run", "--backend", "cpu", "--input", "Hello", "-n", "4");
    serve("never");
    serve("always");
    if (worker.waitFor() != 0) {
      // A worker starts without a cache, too.
      System.err.println("The training run of a worker ended with exit code " + worker.exitValue() + ".");
      Files.deleteIfExists(Path.of(arguments[0]));
    }
    System.exit(0);
  }

  /** Starts the training run of a worker, which needs an AOT cache of its own because it has another main module. */
  private static Process trainWorker(String cache, Path model) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=io.panallama.bindings");
    // As the launcher and the worker's parent choose it.
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:MaxRAM=4g"));
    command.add("-XX:AOTCacheOutput=" + cache);
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path")));
    command.addAll(List.of("-m", "io.panallama/io.panallama.WorkerTraining", model.toString()));
    return new ProcessBuilder(command).inheritIO().start();
  }

  private static void run(String... args) {
    requireSuccess(Main.run(context(OutputStream.nullOutputStream(), _ -> () -> {}), args), args);
  }

  private static void requireSuccess(int code, String... args) {
    if (code != ExitCode.OK) {
      throw new IllegalStateException(String.join(" ", args) + " ended with exit code " + code);
    }
  }

  /** Registers for the signals of the system, as a server does. */
  private static void hearSignals() {
    SystemStopSignals.whileRegistered().onStop(() -> {}).close();
  }

  /** Starts a server, asks it, and stops it. */
  private static void serve(String isolation)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    Announcement announcement = new Announcement();
    CompletableFuture<Runnable> stop = new CompletableFuture<>();
    StopSignals signals =
        action -> {
          stop.complete(action);
          return () -> {};
        };
    String[] args = {"serve", "--backend", "cpu", "--isolate", isolation, "--port", "0"};
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("panallama-training")
        .start(() -> {
          try {
            code.complete(Main.run(context(announcement, signals), args));
          } catch (Throwable failure) {
            code.completeExceptionally(failure);
          }
        });
    CompletableFuture.anyOf(announcement.address, code).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!code.isDone()) {
      ask(announcement.address.join());
    }
    stop.get(LIMIT_SECONDS, TimeUnit.SECONDS).run();
    requireSuccess(code.get(LIMIT_SECONDS, TimeUnit.SECONDS), args);
  }

  private static void ask(URI server) throws IOException {
    request(server, "GET /health", "");
    request(server, "GET /v1/models", "");
    for (int i = 0; i < REQUESTS; i++) {
      String stream = i % 2 == 0 ? "true" : "false";
      request(
          server,
          "POST /v1/chat/completions",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":16,\"stream\":" + stream + "}");
    }
  }

  /** By a socket, because an HTTP client would bring its own classes into the cache. */
  private static void request(URI server, String line, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String head =
        line
            + " HTTP/1.1\r\nHost: "
            + server.getAuthority()
            + "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
            + bytes.length
            + "\r\n\r\n";
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.write(bytes);
      out.flush();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!answer.startsWith("HTTP/1.1 200")) {
        throw new IOException(line + " was answered by: " + answer);
      }
    }
  }

  private static CommandContext context(OutputStream out, StopSignals signals) {
    return new CommandContext(
        InputStream.nullInputStream(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        System.err,
        new Terminals(false, false, false),
        NO_SETTINGS,
        new CoreInference(),
        signals);
  }

  /** Reads the server's address from what it prints. */
  private static final class Announcement extends ByteArrayOutputStream {
    private static final Pattern LISTENING = Pattern.compile("listening +(http://\\S+)");

    final CompletableFuture<URI> address = new CompletableFuture<>();

    @Override
    public synchronized void flush() {
      Matcher found = LISTENING.matcher(toString(StandardCharsets.UTF_8));
      if (found.find()) {
        address.complete(URI.create(found.group(1)));
      }
    }
  }
}
