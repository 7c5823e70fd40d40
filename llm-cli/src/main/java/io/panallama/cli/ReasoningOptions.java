package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code serve} tells the chat template where a request does not, under llama-server's names. */
final class ReasoningOptions {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(
      names = "--reasoning-format",
      paramLabel = "FORMAT",
      converter = Format.class,
      description =
          "How the model's thinking is sent if a request does not say: auto, none, deepseek, deepseek-legacy. Default:"
              + " auto, separate from the text.")
  private ReasoningFormat format = ReasoningFormat.AUTO;

  @Option(
      names = {"-rea", "--reasoning"},
      paramLabel = "on|off|auto",
      converter = Switch.class,
      description = "Whether the model thinks if a request does not say. Default: auto, as its template does it.")
  private Thinking thinking = Thinking.AUTO;

  @Option(
      names = "--chat-template-kwargs",
      paramLabel = "JSON",
      description =
          "Variables of the chat template, such as {\"enable_thinking\": false}; a request may add to them and change"
              + " them. Default: none.")
  private @Nullable String arguments;

  @Option(names = "--reasoning-budget", hidden = true, description = "llama-server's: -1, or 0 for --reasoning off.")
  private @Nullable Integer budget;

  /** The values of {@code --reasoning}. */
  enum Thinking {
    ON,
    OFF,
    AUTO
  }

  /**
   * The options of a request that has none.
   *
   * @throws UsageException if the variables are not a JSON object, a limit is given, or two of these options contradict each other
   */
  TemplateOptions options() {
    TemplateOptions.Builder options = TemplateOptions.builder().reasoning(format).arguments(variables());
    if (budget != null && budget > 0) {
      throw new UsageException(
          "--reasoning-budget is "
              + budget
              + "; only 0 and -1 can be set for all requests. Send \"reasoning_budget_tokens\" with each request.");
    }
    if (thinking == Thinking.ON && budget != null && budget == 0) {
      throw new UsageException("--reasoning on and --reasoning-budget 0 contradict each other; give one of them.");
    }
    if (thinking == Thinking.OFF || budget != null && budget == 0) {
      options.thinking(false);
    } else if (thinking == Thinking.ON) {
      options.thinking(true);
    }
    return options.build();
  }

  private Map<String, String> variables() {
    if (arguments == null) {
      return Map.of();
    }
    try {
      JsonNode json = JSON.readTree(arguments);
      if (json.isObject()) {
        Map<String, String> variables = new HashMap<>();
        json.properties().forEach(entry -> variables.put(entry.getKey(), entry.getValue().toString()));
        return variables;
      }
    } catch (JsonProcessingException notJson) {
      // As for any other value that is not an object.
    }
    throw new UsageException(
        "--chat-template-kwargs is "
            + arguments
            + "; it must be a JSON object, such as '{\"enable_thinking\": false}'.");
  }

  static final class Format extends Words<ReasoningFormat> {
    Format() {
      super(ReasoningFormat.class);
    }
  }

  static final class Switch extends Words<Thinking> {
    Switch() {
      super(Thinking.class);
    }
  }
}
