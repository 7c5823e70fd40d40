package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama run}: answers one request, as text while it is generated or as one JSON object. */
@Command(
    name = "run",
    description = {"Answer one prompt.", "Without PROMPT it is read from standard input: echo Hello | panallama run"})
final class RunCommand implements Callable<Integer>, CheckedOptions {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NEEDED = "a prompt is needed: panallama run \"Hello\".";

  private final CommandContext context;

  @Parameters(arity = "0..*", paramLabel = "PROMPT", description = "What to answer; - reads it from standard input.")
  private List<String> words = List.of();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "TEXT",
      description = "The prompt as an option. Default: none.")
  private @Nullable String input;

  @Option(names = "--system", paramLabel = "TEXT", description = "System message before the prompt. Default: none.")
  private @Nullable String system;

  @Option(names = "--raw", description = "Continue the prompt as it stands, without the model's chat template.")
  private boolean raw;

  @Option(names = "--json", description = "Print one JSON object with the answer, its token counts and its times.")
  private boolean json;

  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private LimitOptions limits = new LimitOptions();
  @Mixin private ModelOptions model = new ModelOptions();

  RunCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    if (raw && system != null) {
      throw new UsageException("--system needs the chat template, which --raw leaves out.");
    }
    String prompt = prompt();
    GenerationOptions limited = limits.options();
    try (LoadedEngine engine = model.start(context)) {
      long submitted = System.nanoTime();
      GenerationRequest request = request(prompt, sampling.over(engine.model().sampling(), limited));
      try (Generation generation = engine.generator().generate(request);
          StopSignals.Registration _ = context.signals().onStop(generation::cancel)) {
        return json ? printJson(generation, submitted) : printText(generation);
      }
    }
  }

  @Override
  public void checkOptions() {
    sampling.over(Sampling.recommended(), limits.options());
    model.checked(_ -> {});
  }

  /** Several words without quotation marks form one prompt. */
  private String prompt() throws IOException {
    if (input != null && !words.isEmpty()) {
      throw new UsageException("There are two prompts: --input and \"" + words.getFirst() + "\".");
    }
    if (input == null && words.isEmpty() && context.terminals().in()) {
      throw new UsageException(
          "A prompt is needed: panallama run \"Hello\", or text on standard input (echo Hello | panallama run).");
    }
    String given = input != null ? input : words.isEmpty() ? TextInput.STANDARD_INPUT : String.join(" ", words);
    if (given.isEmpty()) {
      throw new UsageException("The prompt is empty; " + NEEDED);
    }
    return given.equals(TextInput.STANDARD_INPUT) ? readInput() : given;
  }

  private GenerationRequest request(String text, GenerationOptions options) {
    if (raw) {
      return CompletionRequest.of(text).with(options);
    }
    List<ChatMessage> messages = new ArrayList<>();
    if (system != null) {
      messages.add(ChatMessage.system(system));
    }
    messages.add(ChatMessage.user(text));
    return ChatRequest.of(messages, options).with(TemplateOptions.builder().reasoning(ReasoningFormat.NONE).build());
  }

  private int printText(Generation generation) {
    boolean lineEnded = true;
    for (GenerationEvent event : generation) {
      switch (event) {
        case GenerationEvent.Text piece -> {
          // A file or a pipe gets the text unchanged; on a terminal, control characters are escaped.
          context.out().print(context.terminals().out() ? Printable.text(piece.text()) : piece.text());
          context.out().flush();
          lineEnded = piece.text().isEmpty() ? lineEnded : piece.text().endsWith("\n");
        }
        case GenerationEvent.PromptLogprobs _,
            GenerationEvent.Reasoning _,
            GenerationEvent.ToolCallStarted _,
            GenerationEvent.ToolCallArguments _ -> {} // not requested
        case GenerationEvent.Finished end -> {
          if (!lineEnded) {
            context.out().println();
          }
          cutOff(end.reason()).ifPresent(context::warn);
          return code(end);
        }
      }
    }
    throw new IllegalStateException("The generation ended without its last event.");
  }

  private static Optional<String> cutOff(FinishReason reason) {
    return switch (reason) {
      case LENGTH -> Optional.of("The answer was cut off by --max-tokens.");
      case CONTEXT_FULL -> Optional.of("The answer was cut off because the context is full; --ctx-size sets its size.");
      case TIME_LIMIT -> Optional.of("The answer was cut off by --time-limit.");
      case STOP, STOP_TEXT, TOOL_CALLS, CANCELLED -> Optional.empty();
    };
  }

  private static int code(GenerationEvent.Finished end) {
    return end.reason() == FinishReason.CANCELLED ? ExitCode.INTERRUPTED : ExitCode.OK;
  }

  private int printJson(Generation generation, long submitted) throws JsonProcessingException {
    StringBuilder text = new StringBuilder();
    long first = 0;
    for (GenerationEvent event : generation) {
      if (first == 0) {
        first = System.nanoTime();
      }
      switch (event) {
        case GenerationEvent.Text piece -> text.append(piece.text());
        case GenerationEvent.PromptLogprobs _,
            GenerationEvent.Reasoning _,
            GenerationEvent.ToolCallStarted _,
            GenerationEvent.ToolCallArguments _ -> {} // not requested
        case GenerationEvent.Finished end -> {
          context
              .out()
              .println(JSON.writeValueAsString(result(text, end, first - submitted, System.nanoTime() - submitted)));
          return code(end);
        }
      }
    }
    throw new IllegalStateException("The generation ended without its last event.");
  }

  private Map<String, Object> result(
      StringBuilder text, GenerationEvent.Finished end, long ttftNanos, long totalNanos) {
    Usage usage = end.usage();
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("prompt_tokens", usage.promptTokens());
    counts.put("completion_tokens", usage.completionTokens());
    counts.put("total_tokens", usage.totalTokens());
    counts.put("cached_tokens", usage.cachedTokens());
    if (usage.discardedTokens() > 0) {
      counts.put("discarded_tokens", usage.discardedTokens());
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("text", text.toString());
    result.put("finish_reason", wireName(end.reason()));
    limit(end.reason()).ifPresent(limit -> result.put("finish_detail", limit));
    result.put("usage", counts);
    result.put("ttft_ms", milliseconds(ttftNanos));
    result.put("latency_ms", milliseconds(totalNanos));
    result.put("model", model.modelId());
    return result;
  }

  /** OpenAI's names where they exist. */
  private static String wireName(FinishReason reason) {
    return switch (reason) {
      case STOP, STOP_TEXT, TOOL_CALLS -> "stop";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "length";
      case CANCELLED -> "cancelled";
    };
  }

  /** The limit that ended the answer, under the server's name; empty if none did. */
  private static Optional<String> limit(FinishReason reason) {
    return switch (reason) {
      case LENGTH -> Optional.of("max_tokens");
      case CONTEXT_FULL -> Optional.of("context_full");
      case TIME_LIMIT -> Optional.of("time_limit");
      case STOP, STOP_TEXT, TOOL_CALLS, CANCELLED -> Optional.empty();
    };
  }

  /** Rounded to a microsecond. */
  private static double milliseconds(long nanos) {
    return Math.round(nanos / 1e3) / 1e3;
  }

  /** Drops the line end that a shell's echo adds; with {@code --raw} every character counts. */
  private String readInput() throws IOException {
    String text = TextInput.all(context);
    if (text.isEmpty()) {
      throw new UsageException("Standard input is empty; " + NEEDED);
    }
    return raw ? text : text.replaceFirst("\\R$", "");
  }
}
