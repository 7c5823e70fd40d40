package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every template of the pinned llama.cpp makes of every conversation, beside what llama.cpp's own build of the interpreter
 * made of it: {@code template-output.txt} has a hash per template. It was written before the bridge compiled the interpreter
 * itself, with budgets; only Mistral Nemo's hash is newer, whose template refused the ids of calls until they were made short for
 * it. {@link TemplateParityTest} compares the prompts with those of llama-server. Grammars are left out: the bridge changes them.
 */
@Timeout(300)
class TemplateOutputTest {
  private static final Pattern SHOWS_THE_DATE = Pattern.compile("strftime_now|date_string|datetime");

  @TempDir private Path folder;

  @Test
  void budgetsDoNotChangeWhatATemplateRenders() throws Exception {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    List<String> lines = new ArrayList<>();
    for (Path template : ChatTemplatesTest.templates()) {
      String source = Files.readString(template);
      if (SHOWS_THE_DATE.matcher(source).find()) {
        continue;
      }
      try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source).build())) {
        StringBuilder all = new StringBuilder();
        for (Map.Entry<String, ChatRequest> conversation : Conversations.all().entrySet()) {
          all.append(conversation.getKey()).append('\n').append(outcome(model, conversation.getValue())).append('\n');
        }
        MessageDigest hash = MessageDigest.getInstance("SHA-256");
        byte[] digest = hash.digest(all.toString().getBytes(StandardCharsets.UTF_8));
        lines.add(HexFormat.of().formatHex(digest, 0, 16) + " " + template.getFileName());
      }
    }
    Path made = Path.of("target", "template-output.txt");
    Files.write(made, lines);
    try (var expected = TemplateOutputTest.class.getResourceAsStream("/template-output.txt")) {
      assertThat(expected).isNotNull();
      assertThat(lines).isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    }
  }

  private static String outcome(Model model, ChatRequest request) {
    try {
      ChatTemplate.Rendered rendered = model.template().render(request);
      return String.join(
          "\n",
          rendered.prompt(),
          Arrays.toString(rendered.literals()),
          String.valueOf(rendered.stops()),
          String.valueOf(rendered.preserved()),
          String.valueOf(rendered.parser()),
          String.valueOf(rendered.thinking()));
    } catch (ChatTemplateException refused) {
      return "refused";
    }
  }
}
