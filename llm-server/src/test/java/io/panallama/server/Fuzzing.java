package io.panallama.server;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What the fuzzers of the server share: their parameters, and a client that asks for {@code /health} all the time and fails if one
 * answer takes longer than {@link RawHttp} waits.
 *
 * <p>Without parameters a run is short and always the same. {@code -Dpanallama.fuzz.seconds=600} or {@code
 * -Dpanallama.fuzz.inputs=10000} makes it longer, {@code -Dpanallama.fuzz.seed=7} another one.
 */
final class Fuzzing implements AutoCloseable {
  private static final Path FOUND = Path.of("target", "fuzz");

  private final Thread prober;
  private final AtomicLong slowest = new AtomicLong();
  private final AtomicLong probes = new AtomicLong();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile boolean stopped;

  /** Starts to ask the server on this port. */
  Fuzzing(int port) {
    prober = Thread.ofPlatform().daemon().name("health-probe").start(() -> probe(port));
  }

  /** The seed of this run. */
  static long seed() {
    return Long.getLong("panallama.fuzz.seed", 1);
  }

  /** Whether another input fits: {@code few} of them, or as many as the parameters ask for. */
  static boolean goesOn(int done, int few, long beganNanos) {
    long seconds = Long.getLong("panallama.fuzz.seconds", 0);
    return seconds == 0
        ? done < Integer.getInteger("panallama.fuzz.inputs", few)
        : System.nanoTime() - beganNanos < Duration.ofSeconds(seconds).toNanos();
  }

  /** Keeps an input that broke something. */
  static Path keep(String name, byte[] input) {
    try {
      Files.createDirectories(FOUND);
      return Files.write(FOUND.resolve(name), input);
    } catch (IOException unwritable) {
      throw new IllegalStateException(unwritable);
    }
  }

  private void probe(int port) {
    try {
      long answered = -1;
      while (!stopped) {
        if (probes.get() == answered) {
          throw new EOFException("A new connection was closed without an answer");
        }
        answered = probes.get();
        probeUntilClosed(port);
      }
    } catch (IOException | InterruptedException ended) {
      failure.set(ended);
    }
  }

  /** Asks until the server closes the connection, as it does on a machine so busy that this client seems idle. */
  private void probeUntilClosed(int port) throws IOException, InterruptedException {
    try (RawHttp client = new RawHttp(port)) {
      while (!stopped) {
        long began = System.nanoTime();
        Optional<RawHttp.Answer> answer = client.ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if (answer.isEmpty()) {
          return;
        }
        if (answer.get().status() != 200) {
          throw new IOException("/health is not 200");
        }
        slowest.accumulateAndGet(System.nanoTime() - began, Math::max);
        probes.incrementAndGet();
        Thread.sleep(5);
      }
    }
  }

  /** The longest that {@code /health} took. */
  Duration slowestHealth() {
    return Duration.ofNanos(slowest.get());
  }

  /** Ends the client; throws if one of its requests failed. */
  @Override
  public void close() {
    stopped = true;
    try {
      prober.join();
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() != null || probes.get() == 0) {
      throw new AssertionError("/health failed after " + probes + " requests", failure.get());
    }
  }
}
