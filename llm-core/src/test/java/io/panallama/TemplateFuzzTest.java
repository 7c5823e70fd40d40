package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Templates that are mutants of llama.cpp's own, or made up, in a JVM of their own. Each is rendered or refused; the JVM never ends and
 * always answers.
 *
 * <p>Without parameters a run is short and always the same. {@code -Dpanallama.fuzz.seconds=600} makes it longer, {@code
 * -Dpanallama.fuzz.templates=10000} runs that many, {@code -Dpanallama.fuzz.seed=7} others. What breaks something is kept in {@code
 * target/fuzz}.
 */
class TemplateFuzzTest {
  private static final int FEW = 200;
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final Path FOUND = Path.of("target", "fuzz");

  @TempDir private Path folder;

  @Test
  @Timeout(7200)
  void noTemplateEndsOrHoldsTheProcess() throws IOException {
    long seed = Long.getLong("panallama.fuzz.seed", 1);
    long seconds = Long.getLong("panallama.fuzz.seconds", 0);
    int most = Integer.getInteger("panallama.fuzz.templates", seconds > 0 ? Integer.MAX_VALUE : FEW);
    List<String> shipped = new ArrayList<>();
    for (Path template : ChatTemplatesTest.templates()) {
      shipped.add(Files.readString(template));
    }
    TemplateMutator mutator = new TemplateMutator(shipped, new Random(seed));
    List<String> conversations = List.copyOf(Conversations.all().keySet());
    List<Path> broken = new ArrayList<>();
    Duration slowest = Duration.ZERO;
    int rendered = 0;
    int stopped = 0;
    int done = 0;
    long memory = 0;
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    TemplateChild child = started();
    try {
      while (done < most && (seconds == 0 || System.nanoTime() < end)) {
        String template = mutator.next();
        String conversation = conversations.get(done % conversations.size());
        done++;
        try {
          TemplateChild.Outcome outcome = child.run(template, conversation);
          rendered += outcome.rendered() ? 1 : 0;
          stopped += outcome.text().contains("was stopped because it") ? 1 : 0;
          if (outcome.took().compareTo(slowest) > 0) {
            slowest = outcome.took();
            keep("slowest-" + seed + ".jinja", template);
          }
          memory = Math.max(memory, child.memory());
        } catch (TemplateChild.Lost lost) {
          broken.add(keep("template-" + seed + "-" + done + ".jinja", template));
          System.out.println(broken.getLast() + " with \"" + conversation + "\": " + lost.getMessage());
          child.close();
          child = started();
        }
      }
    } finally {
      child.close();
    }
    System.out.printf(
        "templates: %d, %d rendered, %d stopped, %d broken; slowest %d ms; memory at most %d MB%n",
        done, rendered, stopped, broken.size(), slowest.toMillis(), memory >> 20);
    assertThat(broken).isEmpty();
    assertThat(slowest).isLessThan(BOUND);
    assertThat(rendered).as("most mutants do something").isGreaterThan(done / 10);
    assertThat(stopped).as("some are hostile").isPositive();
    assertThat(memory).isLessThan(2L << 30);
  }

  /** A child that has loaded everything, so that the next answer takes as long as its template. */
  private TemplateChild started() throws IOException {
    TemplateChild child = new TemplateChild(folder);
    assertThat(child.run("{{ messages[0].content }}", "plain").rendered()).isTrue();
    return child;
  }

  private static Path keep(String name, String template) throws IOException {
    Files.createDirectories(FOUND);
    return Files.writeString(FOUND.resolve(name), template);
  }
}
