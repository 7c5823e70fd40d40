package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyBert;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chat template of a model that has none. */
class FallbackTemplateTest {
  private static final ModelConfig FALLBACK =
      ModelConfig.builder().fallbackChatTemplate("<{{ messages[0].content }}>").build();

  private static final Logger LOG = Logger.getLogger("io.panallama");

  @TempDir private Path folder;
  private final List<String> warnings = new ArrayList<>();

  private Handler collecting() {
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            if (entry.getMessage().contains("chat template")) {
              warnings.add(entry.getMessage());
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    LOG.addHandler(handler);
    return handler;
  }

  private String render(TinySpec spec, ModelConfig config) throws Exception {
    Handler handler = collecting();
    try (Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec), config)) {
      String rendered = model.render(ChatRequest.of("Hi"));
      assertThat(model.render(ChatRequest.of("Hi"))).isEqualTo(rendered);
      assertThat(model.chatTemplate()).isPresent();
      return rendered;
    } finally {
      LOG.removeHandler(handler);
    }
  }

  @Test
  void itIsUsedForAModelThatHasNoneAndOneWarningSaysSo() throws Exception {
    assertThat(render(TinySpec.defaults().withTemplate(""), FALLBACK)).isEqualTo("<Hi>");
    assertThat(warnings).hasSize(1);
  }

  @Test
  void aModelsOwnTemplateComesFirst() throws Exception {
    assertThat(render(TinySpec.defaults(), FALLBACK)).contains("<|im_start|>user");
    assertThat(warnings).isEmpty();
  }

  @Test
  void aGivenTemplateComesFirst() throws Exception {
    ModelConfig given = FALLBACK.toBuilder().chatTemplate("[{{ messages[0].content }}]").build();
    assertThat(render(TinySpec.defaults().withTemplate(""), given)).isEqualTo("[Hi]");
    assertThat(warnings).isEmpty();
  }

  /** Those who can change a template have to know which it is; no conversation is to blame. */
  @ParameterizedTest
  @CsvSource({
    "'{{ messages[0].content ', given",
    "'', given",
    "'{% for i in range(1000000000) %}{% for j in range(1000000000) %}x{% endfor %}{% endfor %}', given",
    "'{{ x ', file",
  })
  void aFaultyTemplateIsNamed(String template, String whose) {
    boolean given = whose.equals("given");
    Path file =
        TinyModels.write(
            folder.resolve("tiny.gguf"), given ? TinySpec.defaults() : TinySpec.defaults().withTemplate(template));
    ModelConfig config = given ? ModelConfig.builder().chatTemplate(template).build() : ModelConfig.defaults();
    try (Model model = Model.load(file, config)) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> model.render(ChatRequest.of("Hi")))
            .isInstanceOfSatisfying(
                ChatTemplateException.class,
                refused -> {
                  assertThat(refused.isUnusable()).isTrue();
                  assertThat(refused.parameter()).isEqualTo("chatTemplate");
                })
            .hasMessageContaining(given ? "the given chat template" : "the model file's chat template");
      }
    }
  }

  @Test
  void anEncoderNeedsNone() {
    Handler handler = collecting();
    try (Model model = Model.load(new TinyBert(7).write(folder.resolve("bert.gguf")), FALLBACK)) {
      assertThat(model.architecture()).isEqualTo("bert");
    } finally {
      LOG.removeHandler(handler);
    }
    assertThat(warnings).isEmpty();
  }

  @Test
  void withoutOneAModelWithoutATemplateRefusesChats() throws Exception {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withTemplate(""));
    try (Model model = Model.load(file)) {
      assertThat(model.chatTemplate()).isEmpty();
      assertThatThrownBy(() -> model.render(ChatRequest.of("Hi")))
          .isInstanceOf(ChatTemplateException.class)
          .hasMessageContaining("no chat template");
    }
  }
}
