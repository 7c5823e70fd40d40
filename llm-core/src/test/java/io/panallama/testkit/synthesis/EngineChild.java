package io.panallama.testkit.synthesis;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A JVM that loads models without a trial and generates with them; started again when it has died. Not thread-safe. */
public final class EngineChild implements AutoCloseable {
  static final String ANSWER = "answer ";

  /** What the answer of a child that died begins with. */
  public static final String DIED = "died";

  /** What the answer of a child that did not answer begins with. */
  public static final String HANGS = "hangs";

  private static final int LIMIT_SECONDS = 60;

  private @Nullable Process process;
  private final List<String> last = new ArrayList<>();

  /** Generates with a model; {@code generated ...}, {@code refused ...}, {@code wrong ...}, {@link #DIED} or {@link #HANGS}. */
  public String generate(Path model) throws IOException, InterruptedException {
    Process child = process != null && process.isAlive() ? process : start();
    process = child;
    last.clear();
    BufferedWriter out = child.outputWriter(StandardCharsets.UTF_8);
    out.write(model + "\n");
    out.flush();
    CompletableFuture<@Nullable String> answer = new CompletableFuture<>();
    Thread.ofPlatform().daemon().start(() -> answer.complete(read(child)));
    try {
      String text = answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      if (text != null) {
        return text;
      }
      child.waitFor();
      return DIED + " with status " + child.exitValue() + ": " + String.join(" | ", last);
    } catch (TimeoutException hangs) {
      child.destroyForcibly().waitFor();
      return HANGS + ": " + String.join(" | ", last);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private @Nullable String read(Process child) {
    try {
      BufferedReader in = child.inputReader(StandardCharsets.UTF_8);
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith(ANSWER)) {
          return line.substring(ANSWER.length());
        }
        if (!line.isBlank() && last.size() < 12) {
          last.add(line.strip());
        }
      }
    } catch (IOException closed) {
      // The child was ended.
    }
    return null;
  }

  private static Process start() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx300m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:+SuppressFatalErrorMessage",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            EngineChildMain.class.getName());
    builder.environment().put("GGML_NO_BACKTRACE", "1");
    return builder.redirectErrorStream(true).start();
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
