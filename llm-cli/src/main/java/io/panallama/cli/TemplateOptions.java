package io.panallama.cli;

import io.panallama.cli.settings.SmallFile;
import io.panallama.config.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options about the chat template. */
final class TemplateOptions {
  /** The value of {@code --chat-template} for no template but the model's own. */
  private static final String NONE = "none";

  private static final Pattern JINJA = Pattern.compile("\\{[{%#]");

  /** What names have not and most paths have. */
  private static final Pattern PATH = Pattern.compile("[/\\\\]|\\.\\w+$");

  @Option(
      names = "--chat-template",
      paramLabel = "NAME|TEXT|FILE",
      description =
          "Chat template to use instead of the model's own: a name such as chatml or llama3, a Jinja template, or a"
              + " file that holds one; none refuses chats with a model that has no template. Default: the model's own,"
              + " or ChatML for a model without one.")
  private @Nullable String template;

  @Option(
      names = "--chat-template-file",
      paramLabel = "FILE",
      description = "File with the Jinja source of a chat template to use instead of the model's own. Default: none.")
  private @Nullable Path file;

  /** The option that gives a template in place of the model's own; empty if none does. */
  Optional<String> given() {
    return file != null
        ? Optional.of("--chat-template-file")
        : template == null || template.equals(NONE) ? Optional.empty() : Optional.of("--chat-template");
  }

  /**
   * Applies these options.
   *
   * @throws UsageException if they contradict each other, or the template can't be found or read
   */
  void configure(ModelConfig.Builder model) {
    if (template != null && file != null) {
      throw new UsageException("--chat-template and --chat-template-file exclude each other; give one of them.");
    }
    if (file != null) {
      model.chatTemplate(read("--chat-template-file", file));
    } else if (template != null && !template.equals(NONE)) {
      model.chatTemplate(source(template));
    }
    if (!NONE.equals(template)) {
      model.fallbackChatTemplate(ChatTemplates.named(ChatTemplates.CHATML).orElseThrow());
    }
  }

  private static String source(String given) {
    if (given.isBlank()) {
      throw new UsageException("--chat-template is empty; leave it out for the model's own.");
    }
    if (JINJA.matcher(given).find()) {
      return given;
    }
    return ChatTemplates.named(given)
        .orElseGet(() -> {
          if (!PATH.matcher(given).find() && !Files.exists(Path.of(given))) {
            throw new UsageException(
                "--chat-template: '"
                    + given
                    + "' is neither a file, nor a Jinja template, nor one of "
                    + ChatTemplates.names()
                    + ", none.");
          }
          return read("--chat-template", Path.of(given));
        });
  }

  private static String read(String option, Path file) {
    try {
      return SmallFile.text(file);
    } catch (SmallFile.Unreadable failure) {
      throw new UsageException(option + ": " + file + " can't be read: " + failure.getMessage() + ".", failure);
    }
  }
}
