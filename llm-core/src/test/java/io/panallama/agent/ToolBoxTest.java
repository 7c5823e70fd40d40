package io.panallama.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.UnsupportedTypeException;
import io.panallama.typed.annotation.Description;
import io.panallama.typed.annotation.Name;
import io.panallama.typed.annotation.Range;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Methods to tools, calls to methods. */
class ToolBoxTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  record Day(LocalDate date, BigDecimal rain, Optional<String> warning, List<Sky> skies) {}

  sealed interface Sky {}

  record Clear() implements Sky {}

  record Clouds(@Range(min = 0, max = 8) int eighths) implements Sky {}

  record Positive(int value) {
    Positive {
      if (value <= 0) {
        throw new IllegalArgumentException("value must be positive");
      }
    }
  }

  static class Base {
    @ToolMethod("of the superclass")
    String inherited() {
      return "base";
    }

    @ToolMethod("overridden below")
    String overridden() {
      return "base";
    }
  }

  static final class Weather extends Base {
    private int notes;

    @ToolMethod(name = "get_weather", value = "The weather of a city")
    Day weather(
        @Description("its name") String city,
        @Name("days") Optional<@Range(min = 1, max = 7) Integer> ahead,
        OptionalInt hour) {
      return new Day(
          LocalDate.of(2026, 11, 21 + ahead.orElse(0)),
          new BigDecimal("0.10"),
          hour.isPresent() ? Optional.of(city + " at " + hour.getAsInt()) : Optional.empty(),
          List.of(new Clear(), new Clouds(3)));
    }

    @ToolMethod("Takes a note")
    void note(String... words) {
      notes += words.length;
    }

    @ToolMethod("static")
    static Map<String, Integer> table() {
      return Map.of("a", 1);
    }

    @ToolMethod("null")
    List<String> nothing() {
      return null;
    }

    @ToolMethod("picky")
    int picky(Positive number) {
      return number.value();
    }

    @ToolMethod("speechless")
    int speechless() {
      throw new IllegalStateException();
    }

    @Override
    String overridden() {
      return "weather";
    }
  }

  private final Weather weather = new Weather();
  private final ToolBox box = ToolBox.of(weather);

  private static ToolCall call(String name, String arguments) {
    return new ToolCall("1", name, arguments);
  }

  @Test
  void toolsComeInTheOrderOfTheirMethods() {
    assertThat(box.tools().list())
        .extracting(Tool::name)
        .containsExactly("inherited", "note", "nothing", "overridden", "picky", "speechless", "table", "get_weather");
    assertThat(box.tools().list()).allMatch(Tool::strict);
  }

  @Test
  void parametersBecomeASchema() throws Exception {
    Tool tool = box.tools().list().getLast();
    JsonNode expected =
        JSON.readTree(
            """
            {"type": "object",
             "properties": {
               "city": {"type": "string", "description": "its name"},
               "days": {"type": "integer", "minimum": 1, "maximum": 7},
               "hour": {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}},
             "required": ["city"], "additionalProperties": false}\
            """);
    assertThat(JSON.readTree(tool.parameters())).isEqualTo(expected);
    assertThat(tool.description()).isEqualTo("The weather of a city");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "get_weather => {\"city\": \"Oslo\"} => {\"date\":\"2026-11-21\",\"rain\":0.10,\"skies\":[{\"type\":\"Clear\"},"
            + "{\"type\":\"Clouds\",\"eighths\":3}]}",
        "get_weather => {\"city\": \"Oslo\", \"days\": 2, \"hour\": 7} => {\"date\":\"2026-11-23\",\"rain\":0.10,"
            + "\"warning\":\"Oslo at 7\",\"skies\":[{\"type\":\"Clear\"},{\"type\":\"Clouds\",\"eighths\":3}]}",
        "note => {\"words\": [\"a\", \"b\"]} => Done.",
        "table => {} => {\"a\":1}",
        "table => `` => {\"a\":1}",
        "nothing => {} => null",
        "inherited => {} => base",
        "overridden => {} => weather",
        "picky => {\"number\": {\"value\": 3}} => 3",
      })
  void aCallHasAResult(String name, String arguments, String expected) {
    assertThat(box.call(call(name, arguments))).isEqualTo(new ToolOutcome.Result(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "get_weather => {\"city\": \"Oslo\", \"days\": 9} => INVALID_ARGUMENTS => arguments.days is 9 instead of a"
            + " whole number from 1 to 7",
        "get_weather => [] => INVALID_ARGUMENTS => arguments is [] instead of an object",
        "get_weather => nonsense => INVALID_ARGUMENTS => not JSON",
        "picky => {\"number\": {\"value\": 0}} => INVALID_ARGUMENTS => value must be positive",
        "speechless => {} => EXCEPTION => Error: IllegalStateException",
        "weather => {} => UNKNOWN_TOOL => there is no tool named \"weather\"",
      })
  void whatGoesWrongIsAnOutcome(String name, String arguments, ToolOutcome.Kind kind, String message) {
    assertThat(box.call(call(name, arguments)))
        .isInstanceOfSatisfying(
            ToolOutcome.Failure.class,
            failure -> {
              assertThat(failure.kind()).isEqualTo(kind);
              assertThat(failure.text()).startsWith("Error: ").contains(message);
            });
  }

  @Test
  void aToolCanBeAFunction() {
    Tool shout = new Tool("shout", "", "{\"type\": \"object\", \"properties\": {}}");
    ToolBox more = box.with(shout, arguments -> arguments.toUpperCase(Locale.ROOT));
    assertThat(more.call(call("shout", "{\"a\": 1}")).text()).isEqualTo("{\"A\": 1}");
    assertThat(box.call(call("shout", "{}"))).isInstanceOf(ToolOutcome.Failure.class);
    assertThatThrownBy(() -> more.with(shout, arguments -> "")).isInstanceOf(InvalidRequestException.class);
  }

  static final class Float32 {
    @ToolMethod("t")
    void take(List<Float> all) {}
  }

  static final class Gives {
    @ToolMethod("t")
    Thread give() {
      return Thread.currentThread();
    }
  }

  static final class Overloaded {
    @ToolMethod("one")
    void same(int a) {}

    @ToolMethod("two")
    void same(String a) {}
  }

  @Test
  void whatCantBeAToolIsRefusedWithItsPlace() {
    assertThatThrownBy(() -> ToolBox.of(new Float32()))
        .isInstanceOf(UnsupportedTypeException.class)
        .hasMessageContaining("element of parameter all of tool method io.panallama.agent.ToolBoxTest$Float32.take");
    assertThatThrownBy(() -> ToolBox.of(new Gives()))
        .isInstanceOf(UnsupportedTypeException.class)
        .hasMessageContaining("result of tool method");
    assertThatThrownBy(() -> ToolBox.of(new Overloaded())).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> ToolBox.of("no tools"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no method with @ToolMethod");
  }

  /** This project compiles with -parameters, others don't. */
  @Test
  void aParameterWithoutANameIsRefusedWithAdvice(@TempDir Path folder) throws Exception {
    Object unnamed = compiledWithoutParameters(folder, "");
    assertThatThrownBy(() -> ToolBox.of(unnamed))
        .isInstanceOf(UnsupportedTypeException.class)
        .hasMessageContaining("compile with -parameters, or annotate it with @Name");
    Object named = compiledWithoutParameters(folder, "@io.panallama.typed.annotation.Name(\"word\")");
    assertThat(ToolBox.of(named).call(call("echo", "{\"word\": \"hi\"}")).text()).isEqualTo("hi");
  }

  private static Object compiledWithoutParameters(Path folder, String annotation) throws Exception {
    Path classes = Files.createTempDirectory(folder, "classes");
    Path source =
        Files.writeString(
            classes.resolve("Echo.java"),
            "public class Echo { @io.panallama.agent.ToolMethod(\"\") public String echo("
                + annotation
                + " String text) { return text; } }");
    compile(classes, source);
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {classes.toUri().toURL()}, ToolBoxTest.class.getClassLoader())) {
      return loader.loadClass("Echo").getConstructor().newInstance();
    }
  }

  private static void compile(Path classes, Path source) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    List<String> options = List.of("-classpath", System.getProperty("java.class.path"), "-d", classes.toString());
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled =
          compiler.getTask(messages, files, null, options, null, files.getJavaFileObjects(source)).call();
      assertThat(compiled).as(messages.toString()).isTrue();
    }
  }

  @Test
  void anInterruptOfACallIsLeftToTheCaller() {
    Tool wait = new Tool("wait", "", Tool.NO_PARAMETERS);
    ToolBox box =
        ToolBox.of(new Waiter())
            .with(
                wait,
                arguments -> {
                  throw new InterruptedException("stopped");
                });
    ToolOutcome outcome = box.call(new ToolCall("1", "wait", "{}"));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(outcome.text()).isEqualTo("Error: stopped");
  }

  static final class Waiter {
    @ToolMethod("Nothing")
    void nothing() {}
  }
}
