package io.panallama.generation;

import io.panallama.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Assembles a {@link Completion} from events, for callers that read them one by one but also need the whole answer. Not
 * thread-safe.
 */
public final class CompletionBuilder {
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder reasoning = new StringBuilder();
  private final TreeMap<Integer, Call> calls = new TreeMap<>();
  private final List<TokenLogprobs> logprobs = new ArrayList<>();
  private final List<TokenLogprobs> promptLogprobs = new ArrayList<>();

  /** A tool call as far as its events were read. A reader that started in the middle of a call has missed its name. */
  private static final class Call {
    private String id = "";
    private String name = "";
    private final StringBuilder arguments = new StringBuilder();
  }

  /** Starts with an empty answer. */
  public CompletionBuilder() {}

  /** Adds the next event; returns the completion if it was the last one. */
  public Optional<Completion> add(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.PromptLogprobs prompt -> promptLogprobs.addAll(prompt.tokens());
      case GenerationEvent.Text piece -> {
        text.append(piece.text());
        logprobs.addAll(piece.logprobs());
      }
      case GenerationEvent.Reasoning piece -> reasoning.append(piece.text());
      case GenerationEvent.ToolCallStarted started -> {
        Call call = call(started.index());
        call.id = started.id();
        call.name = started.name();
      }
      case GenerationEvent.ToolCallArguments piece -> call(piece.index()).arguments.append(piece.json());
      case GenerationEvent.Finished end -> {
        return Optional.of(
            Completion.builder(end.reason())
                .text(text.toString())
                .reasoning(reasoning.toString())
                .toolCalls(toolCalls(end.reason() == FinishReason.TOOL_CALLS))
                .logprobs(logprobs)
                .promptLogprobs(promptLogprobs)
                .usage(end.usage())
                .timings(end.timings())
                .stopText(end.stopText())
                .build());
      }
    }
    return Optional.empty();
  }

  /** The text so far. */
  public String text() {
    return text.toString();
  }

  private Call call(int index) {
    return calls.computeIfAbsent(index, ignored -> new Call());
  }

  /**
   * @param complete whether the model ended the answer itself, so that every call is complete
   */
  private List<ToolCall> toolCalls(boolean complete) {
    List<ToolCall> all = new ArrayList<>();
    for (Call call : calls.values()) {
      String arguments = call.arguments.toString();
      if (complete || ToolCall.isWhole(arguments)) {
        all.add(new ToolCall(call.id, call.name, arguments));
      }
    }
    return all;
  }
}
