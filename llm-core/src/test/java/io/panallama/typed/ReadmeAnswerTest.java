package io.panallama.typed;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.TestFiles;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The typed answer that the README shows, on the bundled model. */
@Timeout(120)
class ReadmeAnswerTest {
  private static Model model;
  private static Engine engine;

  record Person(String name, int age) {}

  @BeforeAll
  static void start() {
    model = Model.load(TestFiles.demoModel());
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  @Test
  void theReadmeAsksThisQuestion() throws Exception {
    assertThat(Files.readString(Path.of("..", "README.md")))
        .contains("record Person(String name, int age) {}")
        .contains("Person person = engine.ask(\"Invent a person.\", Person.class);");
    assertSensible(engine.ask("Invent a person.", Person.class));
  }

  @Test
  void twentyPersonsOfTwentyAreSensible() {
    Set<String> names = new HashSet<>();
    for (int seed = 0; seed < 20; seed++) {
      Sampling sampling = Sampling.defaults().toBuilder().seed(seed).build();
      ChatRequest request = ChatRequest.of("Invent a person.");
      GenerationOptions options = GenerationOptions.builder().sampling(sampling).build();
      Person person = engine.ask(request.with(options), AnswerType.of(Person.class));
      assertSensible(person);
      names.add(person.name());
    }
    assertThat(names).as("persons that are not all the same").hasSizeGreaterThan(1);
  }

  private static void assertSensible(Person person) {
    assertThat(person.age()).as(person.toString()).isBetween(0, 130);
    assertThat(person.name()).as(person.toString()).matches("\\p{L}[\\p{L} .'-]{1,40}");
  }
}
