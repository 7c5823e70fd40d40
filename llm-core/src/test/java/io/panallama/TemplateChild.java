package io.panallama;

import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.Natives;
import io.panallama.internal.llama.TemplateHandle;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A JVM in which templates run that could end it. */
final class TemplateChild implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 120;

  private final Process process;
  private final BufferedReader answers;

  /**
   * What became of a template.
   *
   * @param rendered whether it gave a prompt
   * @param text the prompt, or why it was refused
   */
  record Outcome(boolean rendered, String text, Duration took) {}

  /** A child that has ended or does not answer. */
  static final class Lost extends IOException {
    private static final long serialVersionUID = 1L;

    Lost(String message) {
      super(message);
    }
  }

  /** Starts a JVM, with a tiny model in this folder. */
  TemplateChild(Path folder) throws IOException {
    Path file = TinyModels.write(folder.resolve("child.gguf"));
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-Djava.util.logging.config.file=" + quiet(folder),
                "-cp",
                System.getProperty("java.class.path"),
                TemplateChild.class.getName(),
                file.toString())
            .redirectError(folder.resolve("child.err").toFile())
            .start();
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  private static Path quiet(Path folder) throws IOException {
    return Files.writeString(folder.resolve("logging.properties"), ".level=OFF\n");
  }

  /** Compiles a template and renders a conversation of {@link Conversations} with it. */
  Outcome run(String template, String conversation) throws IOException {
    String line = encoded(template) + " " + encoded(conversation) + "\n";
    long began = System.nanoTime();
    String answer;
    try {
      process.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      answer = readLine();
    } catch (IOException broken) {
      throw new Lost("the JVM ended: " + broken.getMessage());
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    return new Outcome(answer.startsWith("+"), decoded(answer.substring(1)), took);
  }

  private String readLine() throws IOException {
    CompletableFuture<String> line =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return String.valueOf(answers.readLine());
              } catch (IOException ended) {
                return "null";
              }
            },
            task -> Thread.ofPlatform().daemon().start(task));
    try {
      String text = line.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (text.equals("null")) {
        throw new Lost("the JVM ended" + (process.waitFor(20, TimeUnit.SECONDS) ? ": " + process.exitValue() : ""));
      }
      return text;
    } catch (TimeoutException hangs) {
      throw new Lost("no answer within " + PATIENCE_SECONDS + " s");
    } catch (InterruptedException | ExecutionException unexpected) {
      throw new IllegalStateException(unexpected);
    }
  }

  /** Bytes of physical memory that the JVM has, where the system tells it; otherwise 0. */
  long memory() throws IOException {
    Path statm = Path.of("/proc", Long.toString(process.pid()), "statm");
    return Files.exists(statm) ? Long.parseLong(Files.readString(statm).split(" ")[1]) * 4096 : 0;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String decoded(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }

  public static void main(String[] args) throws IOException {
    Natives.load();
    ModelHandle model = ModelHandle.load(Path.of(args[0]), ModelConfig.defaults());
    try (BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = requests.readLine(); line != null; line = requests.readLine()) {
        String[] words = line.split(" ");
        ChatRequest conversation = Conversations.all().get(decoded(words[1]));
        System.out.println(answer(model, decoded(words[0]), conversation));
        System.out.flush();
      }
    }
    model.close();
  }

  private static String answer(ModelHandle model, String template, ChatRequest conversation) {
    ChatTemplate compiled;
    try {
      compiled = new ChatTemplate(TemplateHandle.create(model, template));
    } catch (ChatTemplateException refused) {
      return "-" + encoded(String.valueOf(refused.getMessage()));
    }
    try {
      return "+" + encoded(compiled.render(conversation).prompt());
    } catch (ChatTemplateException refused) {
      return "-" + encoded(String.valueOf(refused.getMessage()));
    } finally {
      compiled.close();
    }
  }
}
