package io.panallama.benchmarks.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server in its own process, ready to answer. Thread-safe. */
public final class Server implements AutoCloseable {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final String name;
  private final Children children;
  private final Process process;
  private final URI address;

  private Server(String name, Children children, Process process, URI address) {
    this.name = name;
    this.children = children;
    this.process = process;
    this.address = address;
  }

  /**
   * Starts a server and waits until it answers with status 200.
   *
   * @param name the name in messages
   * @param command the command that makes it listen at {@code port} of the loopback interface
   * @param ready the path to ask, such as {@code /health}
   * @param log the file for its output
   * @param patience the longest time until it is ready
   * @throws CompareException if it ends or does not answer in time; the message has its last lines
   */
  public static Server start(
      String name, Children children, Children.Command command, int port, String ready, Path log, Duration patience)
      throws InterruptedException {
    Process process = children.start(command, log);
    Server server = new Server(name, children, process, URI.create("http://127.0.0.1:" + port));
    try {
      server.awaitReady(ready, log, patience);
      return server;
    } catch (CompareException | InterruptedException e) {
      server.close();
      throw e;
    }
  }

  private void awaitReady(String path, Path log, Duration patience) throws InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(address.resolve(path)).timeout(Duration.ofSeconds(5)).build();
    long end = System.nanoTime() + patience.toNanos();
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      while (!answers(client, request)) {
        if (process.waitFor(LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new CompareException(
              name + " ended with " + process.exitValue() + " before it was ready: " + Children.lastLines(log));
        }
        if (System.nanoTime() > end) {
          throw new CompareException(
              name + " was not ready after " + Numbers.duration(patience) + ": " + Children.lastLines(log));
        }
      }
    }
  }

  private static boolean answers(HttpClient client, HttpRequest request) throws InterruptedException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** A port of the loopback interface that is free now. */
  public static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new CompareException("there is no free port: " + e.getMessage(), e);
    }
  }

  /** The id of its process. */
  public long pid() {
    return process.pid();
  }

  String name() {
    return name;
  }

  /** Where it listens. */
  public URI address() {
    return address;
  }

  /** Whether it has not ended. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** What it has used so far. */
  ProcessUse use() {
    return ProcessUse.of(process.toHandle());
  }

  /**
   * The files of llama.cpp and ggml that the server and the processes that it started have mapped, by full path; empty if the
   * system does not tell.
   */
  Optional<Set<String>> llamaLibraries() {
    if (!Files.isReadable(maps(process.toHandle()))) {
      return Optional.empty();
    }
    Set<String> files = new TreeSet<>();
    Stream.concat(Stream.of(process.toHandle()), process.descendants())
        .forEach(one -> {
          try (Stream<String> lines = Files.lines(maps(one))) {
            lines
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .filter(file -> file.matches(".*/lib(llama\\.|ggml)[^/]*"))
                .forEach(files::add);
          } catch (IOException | UncheckedIOException ended) {
            // It has mapped nothing any more.
          }
        });
    return Optional.of(files);
  }

  private static Path maps(ProcessHandle process) {
    return Path.of("/proc", Long.toString(process.pid()), "maps");
  }

  @Override
  public void close() {
    children.end(process);
  }
}
