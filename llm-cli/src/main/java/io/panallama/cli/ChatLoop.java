package io.panallama.cli;

import io.panallama.Generator;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.search.answer.Sources;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A conversation: reads lines, streams answers, keeps the turns.
 *
 * <p>Only answers go to standard output, unless it is a terminal; then dimmed notes appear between them.
 */
final class ChatLoop {
  private static final String HELP =
      """
      /system TEXT  set the system message and start over; without TEXT removes it
      /reset        forget the conversation
      /help         this list
      /exit         leave (also Ctrl-D)
      Ctrl-C        stop the answer\
      """;

  private final CommandContext context;
  private final Generator generator;
  private final @Nullable DocsFolder docs;
  private final LineSource lines;
  private final GenerationOptions options;
  private final List<ChatMessage> messages = new ArrayList<>();
  private String system = "";

  /**
   * A conversation without messages.
   *
   * @param docs searched with each question; null for none
   */
  ChatLoop(
      CommandContext context,
      Generator generator,
      @Nullable DocsFolder docs,
      LineSource lines,
      GenerationOptions options) {
    this.context = context;
    this.generator = generator;
    this.docs = docs;
    this.lines = lines;
    this.options = options;
  }

  /** Sets the system message, empty for none, and starts over. */
  void system(String text) {
    system = text;
    reset();
  }

  /**
   * Runs until the input ends or the user leaves.
   *
   * @return the exit code
   */
  int run() {
    while (true) {
      Optional<String> next = lines.next("> ");
      if (next.isEmpty()) {
        return ExitCode.OK;
      }
      String line = next.get().strip();
      if (line.equals("/exit") || line.equals("/quit")) {
        return ExitCode.OK;
      }
      if (line.startsWith("/")) {
        command(line);
      } else if (!line.isEmpty() && !answer(line)) {
        return ExitCode.INTERRUPTED;
      }
    }
  }

  private void command(String line) {
    String[] words = line.split("\\s+", 2);
    switch (words[0]) {
      case "/help" -> remark(HELP);
      case "/reset" -> {
        reset();
        remark("The conversation starts over.");
      }
      case "/system" -> {
        system(words.length == 2 ? words[1] : "");
        remark(system.isEmpty() ? "No system message; the conversation starts over." : "The conversation starts over.");
      }
      default -> remark("Unknown command " + Printable.line(words[0]) + "; /help lists them.");
    }
  }

  private void reset() {
    messages.clear();
    if (!system.isEmpty()) {
      messages.add(ChatMessage.system(system));
    }
  }

  /** Returns false if the program is to end, because it was interrupted without a terminal. */
  private boolean answer(String question) {
    messages.add(ChatMessage.user(question));
    try {
      return answer(docs == null ? Sources.NONE : docs.sources(question, request(messages)));
    } catch (InvalidRequestException refused) {
      messages.removeLast();
      String advice = refused instanceof PromptTooLongException ? " (/reset starts over)" : "";
      if (!context.interactive()) {
        throw refused;
      }
      remark(Printable.line(OptionNames.in(refused)) + advice);
      return true;
    }
  }

  private boolean answer(Sources sources) {
    StringBuilder answer = new StringBuilder();
    try (Generation generation = generator.generate(request(sources.addTo(messages)));
        StopSignals.Registration _ = lines.onInterrupt(generation::cancel)) {
      for (GenerationEvent event : generation) {
        switch (event) {
          case GenerationEvent.Text piece -> {
            answer.append(piece.text());
            context.out().print(Printable.text(piece.text()));
            context.out().flush();
          }
          case GenerationEvent.PromptLogprobs _,
              GenerationEvent.Reasoning _,
              GenerationEvent.ToolCallStarted _,
              GenerationEvent.ToolCallArguments _ -> {} // not requested
          case GenerationEvent.Finished end -> {
            context.out().println();
            if (!answer.isEmpty()) {
              print(sources);
            }
            keep(answer.toString());
            remark(statistics(end));
            return context.interactive() || end.reason() != FinishReason.CANCELLED;
          }
        }
      }
      return true;
    }
  }

  /** A line for each source, which belongs to the answer. */
  private void print(Sources sources) {
    if (docs != null && sources.isEmpty()) {
      remark("No passage of the folder went with the question.");
    }
    for (int i = 0; i < sources.list().size(); i++) {
      String line = "[" + (i + 1) + "] " + Printable.line(sources.list().get(i).label());
      if (context.interactive()) {
        remark(line);
      } else {
        context.out().println(line);
      }
    }
  }

  /** The model's reasoning is shown as part of its text. */
  private ChatRequest request(List<ChatMessage> asked) {
    return ChatRequest.of(asked, options).with(TemplateOptions.builder().reasoning(ReasoningFormat.NONE).build());
  }

  /** Drops the question if the answer was stopped before its first word. */
  private void keep(String answer) {
    if (answer.isEmpty()) {
      messages.removeLast();
    } else {
      messages.add(ChatMessage.assistant(answer));
    }
  }

  private static String statistics(GenerationEvent.Finished end) {
    Timings timings = end.timings();
    int tokens = end.usage().completionTokens();
    List<String> parts = new ArrayList<>();
    parts.add(tokens + " tokens");
    double seconds = timings.decode().toNanos() / 1e9;
    if (tokens > 1 && seconds > 0) {
      parts.add(String.format(Locale.ROOT, "%.1f tokens/s", (tokens - 1) / seconds));
    }
    parts.add("first after " + milliseconds(timings.timeToFirstToken()));
    if (end.usage().discardedTokens() > 0) {
      parts.add(end.usage().discardedTokens() + " discarded");
    }
    switch (end.reason()) {
      case CANCELLED -> parts.add("stopped");
      case LENGTH -> parts.add("cut off by --max-tokens");
      case CONTEXT_FULL -> parts.add("the context is full, /reset starts over");
      case TIME_LIMIT -> parts.add("cut off by --time-limit");
      case STOP, STOP_TEXT, TOOL_CALLS -> {}
    }
    return String.join(", ", parts);
  }

  private static String milliseconds(Duration duration) {
    return String.format(Locale.ROOT, "%.0f ms", duration.toNanos() / 1e6);
  }

  private void remark(String text) {
    if (context.interactive()) {
      PrintStream out = context.out();
      out.println("\u001b[2m" + text + "\u001b[0m");
      out.flush();
    } else {
      context.err().println(text);
    }
  }
}
