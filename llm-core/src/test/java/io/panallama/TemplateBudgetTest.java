package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Templates that loop, recurse or grow without end are stopped, wherever they run, and templates that do much honest work are not.
 * Those that could end the JVM run in a child.
 */
@Timeout(300)
class TemplateBudgetTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  @TempDir private static Path folder;

  private static TemplateChild child;

  @BeforeAll
  static void start() throws IOException {
    child = new TemplateChild(folder);
  }

  @AfterAll
  static void stop() {
    child.close();
  }

  /** A template, and the words of the message that stops it. */
  record Hostile(String words, String source) {
    @Override
    public String toString() {
      return source.length() > 100 ? source.substring(0, 100) + "..." : source;
    }
  }

  private static Hostile nested(String source) {
    return new Hostile("deeper than 2000", source);
  }

  private static Hostile work(String source) {
    return new Hostile("does more work", source);
  }

  private static Hostile memory(String source) {
    return new Hostile("needs more memory", source);
  }

  /** Repeats {@code change}, which doubles or wraps {@code ns.v}. */
  private static String repeated(int times, String start, String change, String end) {
    return "{% set ns = namespace(v="
        + start
        + ", w="
        + start
        + ") %}{% for i in range("
        + times
        + ") %}"
        + change
        + "{% endfor %}"
        + end;
  }

  static List<Hostile> hostile() {
    String self = "{% set l = [] %}{% set _ = l.append(l) %}";
    String long0 = "{% set s = 'a' * 100000 %}";
    return List.of(
        // Macros that call themselves: directly, each other, and through everything that runs a body or an expression.
        nested("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
        nested("{% macro g() %}{{ f() }}{% endmacro %}{% macro f() %}{{ g() }}{% endmacro %}{{ f() }}"),
        nested("{% macro f(x=f()) %}{{ x }}{% endmacro %}{{ f() }}"),
        nested("{% macro f() %}{% call f() %}x{% endcall %}{{ caller() }}{% endmacro %}{{ f() }}"),
        nested(
            "{% macro f() %}{{ caller() }}{% endmacro %}"
                + "{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}"),
        nested("{% macro f() %}{% filter upper %}{{ f() }}{% endfilter %}{% endmacro %}{{ f() }}"),
        nested("{% macro f() %}{{ 'x'|replace('x', f()) }}{% endmacro %}{{ f() }}"),
        nested("{% macro f() %}{% set x %}{{ f() }}{% endset %}{{ x }}{% endmacro %}{{ f() }}"),
        nested("{% macro f() %}{% for i in [1] %}{{ f() }}{% endfor %}{% endmacro %}{{ f() }}"),
        nested("{% macro f() %}{{ 1 if f() is none else 2 }}{% endmacro %}{{ f() }}"),
        work("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"),
        // Values that contain themselves, in everything that follows values.
        nested(self + "{{ l }}"),
        nested(self + "{{ l|string }}"),
        nested(self + "{{ l|tojson }}"),
        nested(self + "{{ l|tojson(indent=4) }}"),
        nested(self + "{{ l ~ 'x' }}"),
        nested("{% set a = [] %}{% set _ = a.append([a]) %}{{ a }}"),
        nested("{% set ns = namespace(a=1) %}{% set ns.b = ns %}{{ ns|tojson }}"),
        nested("{% set ns = namespace(a=1) %}{% set ns.b = ns %}{{ ns|string }}"),
        nested("{% set _ = messages.append(messages) %}{{ messages }}"),
        // Nesting that the template has itself.
        nested("{{ 1" + " + 1".repeat(20_000) + " }}"),
        nested("{{ " + "not ".repeat(20_000) + "1 }}"),
        nested("{{ " + "- ".repeat(20_000) + "1 }}"),
        nested("{{ a" + ".b".repeat(20_000) + " }}"),
        nested("{{ 'a'" + "|trim".repeat(20_000) + " }}"),
        nested("{{ f" + "()".repeat(20_000) + " }}"),
        nested("{{ " + "1 if 0 else ".repeat(15_000) + "1 }}"),
        nested("{% if 0 %}" + "{% elif 0 %}".repeat(15_000) + "{% endif %}"),
        nested("{% set x %}".repeat(5_000) + "{% endset %}".repeat(5_000)),
        // Loops and numbers.
        work(
            "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}"
                + "{% endfor %}{% endfor %}{% endfor %}"),
        memory("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
        memory("{{ range(4611686018427387904) }}"),
        memory("{{ range(0, -9223372036854775807, -1)|length }}"),
        memory("{{ range(0, 9223372036854775807, 4611686018427387904)|length }}"),
        memory("{{ 'a' * 1000000000 }}"),
        memory("{{ '' * 1000000000000 }}"),
        memory("{{ 'a\nb'|indent(1000000000) }}"),
        memory("{{ [1]|tojson(indent=1000000000) }}"),
        // Data that doubles, or is as good as doubled because it is shared.
        memory(repeated(60, "'a'", "{% set ns.v = ns.v ~ ns.v %}", "{{ ns.v|length }}")),
        memory(repeated(60, "'a'", "{% set ns.v = [ns.v, ns.v]|join %}", "{{ ns.v|length }}")),
        memory(repeated(60, "'a'", "{% set ns.v = '{}{}'.format(ns.v, ns.v) %}", "{{ ns.v|length }}")),
        memory(repeated(60, "[1]", "{% set ns.v = ns.v + ns.v %}", "{{ ns.v|length }}")),
        memory(repeated(60, "[1]", "{% set ns.v = [ns.v, ns.v] %}", "{{ ns.v }}")),
        new Hostile(
            "than a template may", repeated(60, "[1]", "{% set ns.v = [ns.v, ns.v] %}", "{{ ns.v|tojson|length }}")),
        memory("{{ range(10000)|join('a' * 100000) }}"),
        memory(long0 + "{{ s|replace('a', s) }}"),
        memory(long0 + "{{ s|replace('', s) }}"),
        memory("{{ '{}{}{}'.format('a' * 900000, 'b' * 900000, 'c' * 900000) * 100 }}"),
        memory("{{ raise_exception('x' * 1000000000) }}"),
        // Values that are nested deeply are freed, too.
        memory(repeated(300_000, "[]", "{% set ns.v = [ns.v] %}", "")),
        memory(repeated(300_000, "{}", "{% set ns.v = {'a': ns.v} %}", "")),
        memory(repeated(300_000, "[]", "{% set ns.v = [ns.v.append] %}", "")),
        memory(repeated(300_000, "[]", "{% set ns.v = none|default(x=ns.v) %}", "")),
        // Functions that take longer than linear time, or much time at once.
        work("{% set l = range(50000)|list|reverse %}{% for i in range(1000) %}{% set x = l|sort %}{% endfor %}"),
        work("{% set l = range(50000)|list %}{% for i in range(10000) %}{% if l|max %}{% endif %}{% endfor %}"),
        work("{% set l = range(50000)|list %}{% for i in range(50000) %}{% set _ = l.pop(0) %}{% endfor %}"),
        work(long0 + "{% for i in range(10000) %}{{ s|replace('a', 'bb')|length }}{% endfor %}"),
        work(long0 + "{% for i in range(10000) %}{% if (s ~ 'b') in s %}{% endif %}{% endfor %}"),
        work(long0 + "{% for i in range(10000) %}{% if s.split('a')|length %}{% endif %}{% endfor %}"),
        work(long0 + "{% for i in range(50000) %}{% if s is lower %}{% endif %}{% endfor %}"),
        work(long0 + "{% for i in range(50000) %}{% if s.strip(s) %}{% endif %}{% endfor %}"),
        new Hostile("gives more output", "{{ 'abcdefgh' * 40000 }}"));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void isStoppedWhenTheModelIsFirstUsed(Hostile hostile) throws IOException {
    TemplateChild.Outcome outcome = child.run(hostile.source(), "plain");

    assertThat(outcome.rendered()).as(outcome.text()).isFalse();
    assertThat(outcome.text())
        .contains("can't be used for chat", "the given chat template was stopped", hostile.words());
    assertThat(outcome.took()).isLessThan(BOUND);
  }

  /** llama.cpp's analysis does not meet this conversation. */
  @ParameterizedTest
  @MethodSource("hostile")
  void isStoppedWhenAConversationTriggersIt(Hostile hostile) throws IOException {
    String source =
        "{% for m in messages %}{{ m.content }}{% endfor %}"
            + "{% if messages[0].content is string and 'Paris' in messages[0].content %}"
            + hostile.source()
            + "{% endif %}";
    TemplateChild.Outcome outcome = child.run(source, "plain");

    assertThat(outcome.rendered()).as(outcome.text()).isFalse();
    assertThat(outcome.text()).contains("can't be rendered", "the given chat template was stopped", hostile.words());
    assertThat(outcome.took()).isLessThan(BOUND);
  }

  /** What looks similar and is no reason to stop. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% set l = [] %}{% set _ = l.append(l) %}{{ messages[0].content }}",
        "{% set ns = namespace(a=1) %}{% set ns.b = ns %}{{ ns.a }}{{ messages[0].content }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(100) }}{{ messages[0].content }}",
        "{{ 'a'|indent(100) }}{{ '-' * 1000 }}{{ messages[0].content }}",
        "{% for i in range(1000) %}{% if i == 900 %}{% break %}{% endif %}{% endfor %}{{ messages[0].content }}",
        "{% set l = [1] %}{% for i in l %}{% set _ = l.append(1) %}{% endfor %}{{ messages[0].content }}",
        "{{ (0 - 9223372036854775807 - 1) is divisibleby(-1) }}{{ messages[0].content }}",
        "{{ [1, 'a', none, 2.5, [1], '0', 3, 'b', 1, '1', 9, '', 8, 'z', 7, '7', 6, 'x', 5, 4]|sort }}"
            + "{{ [1, 2][::9223372036854775807] }}{{ messages[0].content }}"
      })
  void isRendered(String source) throws IOException {
    TemplateChild.Outcome outcome = child.run(source, "plain");

    assertThat(outcome.rendered()).as(outcome.text()).isTrue();
    assertThat(outcome.text()).contains("Paris");
  }

  /** Each rendering stays within the limits, all that the analysis does together does not. */
  @Test
  void theBudgetIsForAllRenderingsOfTheAnalysisTogether() throws IOException {
    String once = "{% for i in range(%d) %}{% endfor %}{{ messages[0].content }}";
    assertThat(child.run(once.replace("%d", "2000"), "plain").rendered()).isTrue();
    assertThat(child.run(once.replace("%d", "20000"), "plain").text()).contains("was stopped", "does more work");
  }

  @Test
  void aFileWithSuchATemplateServesRawCompletions() {
    TinySpec spec = TinySpec.defaults().withTemplate("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}");
    Path file = TinyModels.write(folder.resolve("hostile.gguf"), spec);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello")))
            .isInstanceOf(ChatTemplateException.class)
            .hasMessageContaining("the model file's chat template was stopped")
            .hasMessageContaining("deeper than 2000");
      }
      GenerationOptions few = GenerationOptions.builder().maxTokens(4).build();
      assertThat(engine.generate(CompletionRequest.of("abc").with(few)).await().usage().completionTokens())
          .isPositive();
    }
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate("{{ messages[0].content }}").build())) {
      assertThat(model.render(ChatRequest.of("Hello"))).isEqualTo("Hello");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 200, 10_000, 1_000_000})
  void deepJsonOfAClientIsRenderedOrRefused(int depth) {
    String deep = "[".repeat(depth) + "]".repeat(depth);
    Tool tool = new Tool("f", "d", "{\"type\": \"object\", \"properties\": {}, \"default\": " + deep + "}");
    Path file = TinyModels.write(folder.resolve("plain.gguf"));
    ModelConfig config =
        ModelConfig.builder()
            .chatTemplate("{{ messages[0].content }}{% if tools %}{{ tools|tojson }}{% endif %}")
            .build();
    try (Model model = Model.load(file, config)) {
      ChatRequest request = ChatRequest.of("Hello").with(Tools.of(tool));
      if (depth <= 200) {
        assertThat(model.render(request)).contains(deep);
      } else {
        assertThatThrownBy(() -> model.render(request)).isInstanceOf(InvalidRequestException.class);
      }
    }
  }

  static List<String> longTemplates() {
    return List.of("MiniMax-M2.jinja", "GLM-4.6.jinja", "Qwen3.5-4B.jinja", "openai-gpt-oss-120b.jinja");
  }

  /** 1000 turns of an agent with 128 tools: more than any context has room for. */
  @ParameterizedTest
  @MethodSource("longTemplates")
  void theLargestHonestConversationsAreRendered(String name) throws IOException {
    Path template = TestFiles.llamaTestData().resolve("templates").resolve(name);
    String schema =
        """
        {"type": "object", "properties": {"city": {"type": "string", "description": "The city to look at"},
         "days": {"type": "integer", "minimum": 1, "maximum": 7, "description": "How far to look ahead"},
         "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}, "required": ["city"]}\
        """;
    List<Tool> tools =
        IntStream.range(0, 128).mapToObj(i -> new Tool("tool_" + i, "Looks something up in a list", schema)).toList();
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      messages.add(ChatMessage.user("What is the weather like in town number " + i + "?"));
      messages.add(ChatMessage.assistant("It is sunny in town number " + i + "."));
    }
    messages.add(ChatMessage.user("And in Paris?"));
    Path file = TinyModels.write(folder.resolve("honest.gguf"));
    ModelConfig config = ModelConfig.builder().chatTemplate(Files.readString(template)).build();
    try (Model model = Model.load(file, config)) {
      ChatRequest request =
          ChatRequest.of(messages.toArray(ChatMessage[]::new)).with(Tools.of(tools.toArray(Tool[]::new)));
      ChatTemplate.Rendered rendered = model.template().render(request);
      assertThat(rendered.prompt()).contains("tool_127", "town number 499", "And in Paris?");
    }
  }
}
