package io.panallama.internal.trial;

import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.internal.trial.TrialResult.Outcome;
import io.panallama.observe.NativeReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * One run of {@code panallama-trial} ({@code native/src/trial_main.cpp}), the program that lies beside llama.cpp's
 * libraries.
 */
final class TrialRun {
  /** How much of a model is tried. */
  enum Depth {
    VOCABULARY,
    GRAPHS,
    STEPS
  }

  /** Processor time; the largest vocabularies take three seconds, the steps of the largest models that are computed, too. */
  private static final Duration PROCESSOR_TIME = Duration.ofMinutes(1);

  /** Time by the clock, on a machine that does other things. */
  private static final Duration LIMIT = Duration.ofMinutes(3);

  /** Address space beyond twice the file: the libraries, the vocabulary, the graphs and their buffers. */
  private static final long MEMORY = 8L << 30;

  private static final int REFUSED = 2;

  /** The exit status of a process that a signal has ended is this and the signal's number. */
  private static final int SIGNAL = 128;

  private static final Map<Integer, String> SIGNALS =
      Map.of(
          4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV", 14, "SIGALRM", 24,
          "SIGXCPU");

  /** Ended by the system or a person, and not by what the process did. */
  private static final List<Integer> FROM_OUTSIDE = List.of(9, 14, 15, 24);

  private static final int LAST_LINES = 3;
  private static final int LINE_LENGTH = 400;
  private static final String STAGE = "stage ";

  /** The folder in which llama.cpp was compiled. */
  private static final Pattern SOURCE_FOLDER = Pattern.compile("\\S*/llama\\.cpp/(?=(src|ggml|common|vendor)/)");

  private final NativeReport natives;
  private final Duration limit;

  TrialRun(NativeReport natives) {
    this(natives, LIMIT);
  }

  TrialRun(NativeReport natives, Duration limit) {
    this.natives = natives;
    this.limit = limit;
  }

  /** The program's file, whether it exists or not. */
  Path program() {
    return natives
        .directory()
        .resolve(natives.platform().startsWith("windows") ? "panallama-trial.exe" : "panallama-trial");
  }

  /**
   * Tries a model.
   *
   * @param bytes the size of all its files
   * @param config how it is loaded: its metadata, and whether weights are repacked
   */
  TrialResult run(Path model, Depth depth, long bytes, ModelConfig config) {
    List<String> command = new ArrayList<>();
    command.add(program().toString());
    command.add(natives.directory().toString());
    command.add(cpuLibrary());
    command.add(model.toString());
    command.add(depth.name().toLowerCase(Locale.ROOT));
    command.add(Long.toString(MEMORY + 2 * bytes));
    command.add(Long.toString(PROCESSOR_TIME.toSeconds()));
    command.add(weights(config));
    new TreeMap<>(config.metadata()).forEach((key, value) -> command.addAll(words(key, value)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    // ggml would start a debugger for its last words.
    builder.environment().put("GGML_NO_BACKTRACE", "1");
    try {
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        return result(process);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      return new TrialResult(Outcome.IMPOSSIBLE, String.valueOf(e.getMessage()));
    }
  }

  /** The program's word for whether weights are repacked. */
  static String weights(ModelConfig config) {
    return config.extraBuffers() ? "repacked" : "plain";
  }

  private static List<String> words(String key, MetadataValue value) {
    return switch (value) {
      case MetadataValue.IntegerValue(long number) -> List.of(key, "int", Long.toString(number));
      case MetadataValue.FloatValue(double number) -> List.of(key, "float", Double.toString(number));
      case MetadataValue.BooleanValue(boolean truth) -> List.of(key, "bool", Boolean.toString(truth));
      case MetadataValue.TextValue(String text) -> List.of(key, "text", text);
    };
  }

  /** The library that ggml has chosen in this process; choosing again takes longer than the trial of a small model. */
  private String cpuLibrary() {
    if (natives.cpuVariant().isEmpty()) {
      return "-";
    }
    String part = "ggml-cpu-" + natives.cpuVariant().get() + ".";
    try (DirectoryStream<Path> files = Files.newDirectoryStream(natives.directory(), "*" + part + "*")) {
      for (Path file : files) {
        return String.valueOf(file.getFileName());
      }
    } catch (IOException unreadable) {
      // The program looks for itself, then.
    }
    return "-";
  }

  private TrialResult result(Process process) throws IOException {
    Output output = new Output();
    Thread reader = Thread.ofPlatform().daemon().name("panallama-trial-output").start(() -> output.read(process));
    if (!waitFor(process)) {
      process.destroyForcibly();
      return new TrialResult(
          Outcome.STOPPED, output.stage() + ", which did not end within " + limit.toSeconds() + " seconds");
    }
    join(reader);
    int status = process.exitValue();
    if (status == 0 || status == REFUSED) {
      return TrialResult.PASSED;
    }
    if (status == 1) {
      return new TrialResult(Outcome.IMPOSSIBLE, output.words());
    }
    int signal = status - SIGNAL;
    String name = SIGNALS.getOrDefault(signal, signal > 0 ? "signal " + signal : "status " + status);
    String words = output.words();
    return new TrialResult(
        FROM_OUTSIDE.contains(signal) ? Outcome.STOPPED : Outcome.DIED,
        output.stage() + ", " + name + (words.isEmpty() ? "" : ": " + words));
  }

  /** Waits even if this thread is interrupted: an interrupt must not leave a file untried or refuse it. */
  private boolean waitFor(Process process) {
    long deadline = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The pipe ends with the process. */
  private static void join(Thread reader) {
    boolean interrupted = false;
    while (true) {
      try {
        reader.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The last stage, and the last lines after it. Written by one thread and read by another one. */
  private static final class Output {
    private final Deque<String> lines = new ArrayDeque<>();
    private String stage = "start";

    void read(Process process) {
      try (BufferedReader in =
          new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          add(line.strip());
        }
      } catch (IOException closed) {
        // The process was ended.
      }
    }

    private synchronized void add(String line) {
      if (line.startsWith(STAGE)) {
        stage = line.substring(STAGE.length());
        lines.clear();
      } else if (!line.isEmpty()) {
        lines.addLast(line.substring(0, Math.min(LINE_LENGTH, line.length())));
        if (lines.size() > LAST_LINES) {
          lines.removeFirst();
        }
      }
    }

    synchronized String stage() {
      return "at the stage \"" + stage + "\"";
    }

    synchronized String words() {
      return SOURCE_FOLDER.matcher(lines.isEmpty() ? "" : lines.getLast()).replaceAll("");
    }
  }
}
