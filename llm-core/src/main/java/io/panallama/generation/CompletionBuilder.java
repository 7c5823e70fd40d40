package io.panallama.generation;

import io.panallama.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Puts the events of a generation together, for who reads them one by one and wants the whole, too. For one thread. */
public final class CompletionBuilder {
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder reasoning = new StringBuilder();
  private final Map<Integer, Call> calls = new TreeMap<>();

  /** A call as far as it is known. Who begins to read in the middle of one has missed its name. */
  private static final class Call {
    private String id = "";
    private String name = "";
    private final StringBuilder arguments = new StringBuilder();
  }

  /** Nothing so far. */
  public CompletionBuilder() {}

  /** Takes the next event; the completion if it was the last one. */
  public Optional<Completion> add(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Text piece -> text.append(piece.text());
      case GenerationEvent.Reasoning piece -> reasoning.append(piece.text());
      case GenerationEvent.ToolCallStarted started -> {
        Call call = call(started.index());
        call.id = started.id();
        call.name = started.name();
      }
      case GenerationEvent.ToolCallArguments piece -> call(piece.index()).arguments.append(piece.json());
      case GenerationEvent.Finished end -> {
        return Optional.of(
            new Completion(
                text.toString(), reasoning.toString(), toolCalls(), end.reason(), end.usage(), end.timings()));
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

  private List<ToolCall> toolCalls() {
    List<ToolCall> all = new ArrayList<>();
    for (Call call : calls.values()) {
      all.add(new ToolCall(call.id, call.name, call.arguments.toString()));
    }
    return all;
  }
}
