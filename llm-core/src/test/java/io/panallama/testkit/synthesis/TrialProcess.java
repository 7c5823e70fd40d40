package io.panallama.testkit.synthesis;

import io.panallama.internal.llama.Natives;
import io.panallama.observe.NativeReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs {@code panallama-trial} and hands out all of its words, which the library sees only if it dies. */
public final class TrialProcess {
  private static final int SIGNAL = 128;

  private final NativeReport natives = Natives.load();
  private final String cpu = cpuLibrary();

  /**
   * How it ended.
   *
   * @param status the exit status; above 128 for a signal, 0 if everything worked
   * @param output both of its streams
   */
  public record End(int status, String output) {
    /** Whether it was ended by a signal. */
    public boolean died() {
      return status > SIGNAL;
    }

    /** Whether it computed to the end. */
    public boolean generated() {
      return status == 0;
    }

    /** The last line that is not empty. */
    public String lastWords() {
      List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
      return (lines.isEmpty() ? "" : lines.getLast()).replaceFirst("\\S*/llama\\.cpp/(?=src|ggml)", "");
    }
  }

  /** Tries a model up to a depth ({@code vocabulary}, {@code graphs} or {@code steps}). */
  public End run(Path model, String depth) {
    try {
      Process process =
          builder(natives.directory().resolve("panallama-trial").toString(), model, depth)
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(1, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IllegalStateException("the trial of " + model + " has no end: " + output);
      }
      return new End(process.exitValue(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private ProcessBuilder builder(String program, Path model, String depth) {
    ProcessBuilder builder =
        new ProcessBuilder(
            program,
            natives.directory().toString(),
            cpu,
            model.toString(),
            depth,
            Long.toString(8L << 30),
            "20",
            "plain");
    builder.environment().put("GGML_NO_BACKTRACE", "1");
    return builder;
  }

  private String cpuLibrary() {
    String part = "ggml-cpu-" + natives.cpuVariant().orElse("none") + ".";
    try (Stream<Path> files = Files.list(natives.directory())) {
      return files.map(file -> file.getFileName().toString()).filter(name -> name.contains(part)).findAny().orElse("-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
