package io.panallama.cli;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Chat templates by name: the formats of common model families, as Jinja templates. The names are llama.cpp's
 * (src/llama-chat.cpp), and so are the prompts: its names stand for formats that it writes without Jinja. Beginnings of
 * text ({@code <s>}) are left to the tokenizer.
 */
final class ChatTemplates {
  /** The format that most models understand somehow, for one without a template. */
  static final String CHATML = "chatml";

  private static final Map<String, String> SOURCES = new TreeMap<>();

  static {
    SOURCES.put(CHATML, turns("'<|im_start|>' + role + '\\n' + text + '<|im_end|>\\n'", "<|im_start|>assistant\\n"));
    SOURCES.put(
        "llama3",
        turns(
            "'<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' + (text | trim) + '<|eot_id|>'",
            "<|start_header_id|>assistant<|end_header_id|>\\n\\n"));
    SOURCES.put("phi3", turns("'<|' + role + '|>\\n' + text + '<|end|>\\n'", "<|assistant|>\\n"));
    SOURCES.put("falcon3", turns("'<|' + role + '|>\\n' + text + '\\n'", "<|assistant|>\\n"));
    SOURCES.put("zephyr", turns("'<|' + role + '|>\\n' + text + '<|endoftext|>\\n'", "<|assistant|>\\n"));
    SOURCES.put(
        "phi4", turns("'<|im_start|>' + role + '<|im_sep|>' + text + '<|im_end|>'", "<|im_start|>assistant<|im_sep|>"));
    SOURCES.put(
        "command-r",
        turns(
            "'<|START_OF_TURN_TOKEN|><|' + ('SYSTEM' if role == 'system' else 'CHATBOT' if role == 'assistant' else"
                + " 'USER') + '_TOKEN|>' + (text | trim) + '<|END_OF_TURN_TOKEN|>'",
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"));
    SOURCES.put("mistral-v7", roles("[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT]", "[INST] ", "[/INST]", " ", "</s>", ""));
    SOURCES.put("mistral-v7-tekken", roles("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]", "", "</s>", ""));
    SOURCES.put("vicuna", roles("", "\\n\\n", "USER: ", "\\n", "ASSISTANT: ", "</s>\\n", "ASSISTANT:"));
    SOURCES.put("vicuna-orca", roles("SYSTEM: ", "\\n", "USER: ", "\\n", "ASSISTANT: ", "</s>\\n", "ASSISTANT:"));
    SOURCES.put(
        "deepseek",
        roles("", "", "### Instruction:\\n", "\\n", "### Response:\\n", "\\n<|EOT|>\\n", "### Response:\\n"));
    SOURCES.put(
        "openchat",
        roles(
            "",
            "<|end_of_turn|>",
            "GPT4 Correct User: ",
            "<|end_of_turn|>",
            "GPT4 Correct Assistant: ",
            "<|end_of_turn|>",
            "GPT4 Correct Assistant:"));
    SOURCES.put("llama2", instructions("[INST] ", "", "\\n", " [/INST]", "' + text + '"));
    SOURCES.put("llama2-sys", instructions("[INST] ", "<<SYS>>\\n", "\\n<</SYS>>\\n\\n", " [/INST]", "' + text + '"));
    SOURCES.put("mistral-v1", instructions(" [INST] ", "", "\\n\\n", " [/INST]", " ' + text + '"));
    SOURCES.put("mistral-v3", instructions("[INST] ", "", "\\n\\n", "[/INST]", " ' + (text | trim) + '"));
    SOURCES.put("mistral-v3-tekken", instructions("[INST]", "", "\\n\\n", "[/INST]", "' + text + '"));
    SOURCES.put(
        "gemma",
        """
        {%- set ns = namespace(system='') -%}
        {%- for message in messages -%}
        {%- set text = (message.content or '') | trim -%}
        {%- if message.role == 'system' -%}
        {%- set ns.system = ns.system + text -%}
        {%- elif message.role == 'assistant' -%}
        {{- '<start_of_turn>model\\n' + text + '<end_of_turn>\\n' -}}
        {%- else -%}
        {{- '<start_of_turn>' + message.role + '\\n' -}}
        {%- if ns.system -%}{{- ns.system + '\\n\\n' -}}{%- set ns.system = '' -%}{%- endif -%}
        {{- text + '<end_of_turn>\\n' -}}
        {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
        """);
  }

  private ChatTemplates() {}

  /** The Jinja source of a named template; empty if none has this name. */
  static Optional<String> named(String name) {
    return Optional.ofNullable(SOURCES.get(name));
  }

  /** All names, separated by commas. */
  static String names() {
    return String.join(", ", SOURCES.keySet());
  }

  /** Every message alike, with its role in it, then the beginning of the answer. */
  private static String turns(String message, String answer) {
    return "{%- for message in messages -%}{%- set role = message.role -%}{%- set text = message.content or '' -%}{{- "
        + message
        + " -}}{%- endfor -%}"
        + answer(answer);
  }

  /** What stands around the text of a system message, of a user's and of the assistant's. */
  private static String roles(
      String system,
      String systemEnd,
      String user,
      String userEnd,
      String assistant,
      String assistantEnd,
      String answer) {
    return "{%- for message in messages -%}{%- set text = message.content or '' -%}{%- if message.role == 'system'"
        + " -%}{{- '"
        + system
        + "' + text + '"
        + systemEnd
        + "' -}}{%- elif message.role == 'assistant' -%}{{- '"
        + assistant
        + "' + text + '"
        + assistantEnd
        + "' -}}{%- else -%}{{- '"
        + user
        + "' + text + '"
        + userEnd
        + "' -}}{%- endif -%}{%- endfor -%}"
        + answer(answer);
  }

  /** A user's message together with the system message before it, between brackets; the answer follows them at once. */
  private static String instructions(
      String open, String system, String systemEnd, String userEnd, String assistantText) {
    return "{%- set ns = namespace(inside=false) -%}{%- for message in messages -%}"
        + "{%- set text = message.content or '' -%}{%- if not ns.inside -%}{{- '"
        + open
        + "' -}}{%- set ns.inside = true -%}{%- endif -%}{%- if message.role == 'system' -%}{{- '"
        + system
        + "' + text + '"
        + systemEnd
        + "' -}}{%- elif message.role == 'assistant' -%}{{- '"
        + assistantText
        + "</s>' -}}{%- set ns.inside = false -%}{%- else -%}{{- text + '"
        + userEnd
        + "' -}}{%- endif -%}{%- endfor -%}";
  }

  private static String answer(String beginning) {
    return beginning.isEmpty() ? "" : "{%- if add_generation_prompt -%}{{- '" + beginning + "' -}}{%- endif -%}";
  }
}
