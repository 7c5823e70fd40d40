package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Model;
import io.panallama.chat.ChatMessage;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.request.ChatRequest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The prompts are what llama.cpp 0.5.0 writes for its templates of the same names (src/llama-chat.cpp). */
class ChatTemplatesTest {
  private static final List<ChatMessage> CONVERSATION =
      List.of(
          ChatMessage.system("Be kind"),
          ChatMessage.user("Hello"),
          ChatMessage.assistant(" Hi "),
          ChatMessage.user("Who?"));

  private static String render(String name, List<ChatMessage> messages) {
    ModelConfig config = ModelConfig.builder().chatTemplate(ChatTemplates.named(name).orElseThrow()).build();
    try (Model model = Model.load(DemoModel.extract(), config)) {
      return model.render(ChatRequest.builder().messages(messages).build());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "chatml~<|im_start|>system/Be kind<|im_end|>/<|im_start|>user/Hello<|im_end|>/<|im_start|>assistant/ Hi"
            + " <|im_end|>/<|im_start|>user/Who?<|im_end|>/<|im_start|>assistant/",
        "llama2~[INST] Be kind/Hello [/INST] Hi </s>[INST] Who? [/INST]",
        "llama2-sys~[INST] <<SYS>>/Be kind/<</SYS>>//Hello [/INST] Hi </s>[INST] Who? [/INST]",
        "llama3~<|start_header_id|>system<|end_header_id|>//Be"
            + " kind<|eot_id|><|start_header_id|>user<|end_header_id|>//Hello<|eot_id|><|start_header_id|>assistant<|end_header_id|>//Hi<|eot_id|><|start_header_id|>user<|end_header_id|>//Who?<|eot_id|><|start_header_id|>assistant<|end_header_id|>//",
        "mistral-v1~ [INST] Be kind//Hello [/INST]  Hi </s> [INST] Who? [/INST]",
        "mistral-v3~[INST] Be kind//Hello[/INST] Hi</s>[INST] Who?[/INST]",
        "mistral-v3-tekken~[INST]Be kind//Hello[/INST] Hi </s>[INST]Who?[/INST]",
        "mistral-v7~[SYSTEM_PROMPT] Be kind[/SYSTEM_PROMPT][INST] Hello[/INST]  Hi </s>[INST] Who?[/INST]",
        "mistral-v7-tekken~[SYSTEM_PROMPT]Be kind[/SYSTEM_PROMPT][INST]Hello[/INST] Hi </s>[INST]Who?[/INST]",
        "phi3~<|system|>/Be kind<|end|>/<|user|>/Hello<|end|>/<|assistant|>/ Hi"
            + " <|end|>/<|user|>/Who?<|end|>/<|assistant|>/",
        "phi4~<|im_start|>system<|im_sep|>Be"
            + " kind<|im_end|><|im_start|>user<|im_sep|>Hello<|im_end|><|im_start|>assistant<|im_sep|> Hi"
            + " <|im_end|><|im_start|>user<|im_sep|>Who?<|im_end|><|im_start|>assistant<|im_sep|>",
        "falcon3~<|system|>/Be kind/<|user|>/Hello/<|assistant|>/ Hi /<|user|>/Who?/<|assistant|>/",
        "zephyr~<|system|>/Be kind<|endoftext|>/<|user|>/Hello<|endoftext|>/<|assistant|>/ Hi"
            + " <|endoftext|>/<|user|>/Who?<|endoftext|>/<|assistant|>/",
        "gemma~<start_of_turn>user/Be"
            + " kind//Hello<end_of_turn>/<start_of_turn>model/Hi<end_of_turn>/<start_of_turn>user/Who?<end_of_turn>/<start_of_turn>model/",
        "vicuna~Be kind//USER: Hello/ASSISTANT:  Hi </s>/USER: Who?/ASSISTANT:",
        "vicuna-orca~SYSTEM: Be kind/USER: Hello/ASSISTANT:  Hi </s>/USER: Who?/ASSISTANT:",
        "deepseek~Be kind### Instruction:/Hello/### Response:/ Hi /<|EOT|>/### Instruction:/Who?/### Response:/",
        "openchat~Be kind<|end_of_turn|>GPT4 Correct User: Hello<|end_of_turn|>GPT4 Correct Assistant:  Hi"
            + " <|end_of_turn|>GPT4 Correct User: Who?<|end_of_turn|>GPT4 Correct Assistant:",
        "command-r~<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be"
            + " kind<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hello<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hi<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Who?<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
      })
  void eachWritesWhatLlamaCppWrites(String name, String prompt) {
    String slash = "\u0000";
    String expected =
        prompt.replace("[/", "[" + slash).replace("</", "<" + slash).replace("/", "\n").replace(slash, "/");
    assertThat(render(name, CONVERSATION)).isEqualTo(expected);
  }

  @Test
  void everyTemplateIsTested() throws Exception {
    CsvSource cases =
        ChatTemplatesTest.class
            .getDeclaredMethod("eachWritesWhatLlamaCppWrites", String.class, String.class)
            .getAnnotation(CsvSource.class);
    assertThat(cases.value()).hasSameSizeAs(ChatTemplates.names().split(", "));
  }

  @Test
  void messagesWithoutTextAreWrittenAsEmptyOnes() {
    assertThat(render("chatml", List.of(ChatMessage.user("a"), ChatMessage.assistant(""), ChatMessage.user("b"))))
        .contains("assistant\n<|im_end|>");
  }
}
