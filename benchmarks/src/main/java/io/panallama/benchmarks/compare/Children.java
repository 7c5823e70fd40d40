package io.panallama.benchmarks.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * The processes that this one has started. They end with it: when this is closed, on Ctrl-C and on SIGTERM, with all that
 * they started themselves. Thread-safe.
 */
public final class Children implements AutoCloseable {
  /** The time that a server has to end by itself before it is killed. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final int LAST_LINES = 12;

  private final Set<Process> running = new HashSet<>();
  private final Thread hook = new Thread(this::endAll, "end-children");
  private boolean ended;

  private Children() {}

  /** No processes yet. */
  public static Children create() {
    Children children = new Children();
    Runtime.getRuntime().addShutdownHook(children.hook);
    return children;
  }

  /**
   * What to start.
   *
   * @param command the program and its arguments
   * @param directory to start it in
   * @param environment added to that of this process
   */
  public record Command(List<String> command, Path directory, Map<String, String> environment) {
    /** Copies the collections. */
    public Command {
      command = List.copyOf(command);
      environment = Map.copyOf(environment);
    }

    private ProcessBuilder builder() {
      ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
      builder.environment().putAll(environment);
      return builder;
    }
  }

  /**
   * Starts a process that runs until it is {@linkplain #end ended}.
   *
   * @param log receives its output
   * @throws CompareException if it can't be started
   */
  Process start(Command command, Path log) {
    return start(command.builder().redirectErrorStream(true).redirectOutput(log.toFile()));
  }

  private synchronized Process start(ProcessBuilder builder) {
    if (ended) {
      throw new CompareException("this comparison is being stopped");
    }
    try {
      Process process = builder.start();
      running.add(process);
      return process;
    } catch (IOException e) {
      throw new CompareException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Runs a process to its end.
   *
   * @param log receives its standard output
   * @param progress receives each line of its standard error
   * @throws CompareException if it can't be started, or fails; with its last lines
   */
  void run(Command command, Path log, Consumer<String> progress) throws InterruptedException {
    Process process = start(command.builder().redirectOutput(log.toFile()));
    Deque<String> last = new ArrayDeque<>();
    try (BufferedReader errors = process.errorReader(StandardCharsets.UTF_8)) {
      for (String line = errors.readLine(); line != null; line = errors.readLine()) {
        progress.accept(line);
        // The terminal shows where in a program it happened, the report only what happened.
        if (!line.startsWith("\tat ")) {
          last.addLast(line);
        }
        if (last.size() > LAST_LINES) {
          last.removeFirst();
        }
      }
      if (process.waitFor() != 0) {
        throw new CompareException(
            command.command().getFirst() + " ended with " + process.exitValue() + ": " + String.join("\n", last));
      }
    } catch (IOException e) {
      throw new CompareException("reading from " + command.command().getFirst() + " failed: " + e.getMessage(), e);
    } finally {
      end(process);
    }
  }

  /** Ends a process and everything that it has started: requests it first, and kills if necessary. */
  void end(Process process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroy);
    CompletableFuture<?>[] ends = all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(ends).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      all.forEach(ProcessHandle::destroyForcibly);
    } catch (InterruptedException e) {
      all.forEach(ProcessHandle::destroyForcibly);
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      running.remove(process);
    }
  }

  private void endAll() {
    List<Process> all;
    synchronized (this) {
      ended = true;
      all = List.copyOf(running);
    }
    // In parallel, so that Ctrl-C takes as long as the slowest, not the sum.
    all.parallelStream().forEach(this::end);
  }

  /** Ends all of them. */
  @Override
  public void close() {
    endAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // The shutdown hook is running then.
    }
  }

  /** The last lines of a log, for a message; empty if there is none. */
  static String lastLines(Path log) {
    try {
      List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException unreadable) {
      return "";
    }
  }
}
