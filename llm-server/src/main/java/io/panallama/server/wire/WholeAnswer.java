package io.panallama.server.wire;

import io.panallama.chat.ToolCall;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import java.util.ArrayList;
import java.util.List;

/** The pieces of an answer that is not streamed, put together. */
public final class WholeAnswer {
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder reasoning = new StringBuilder();
  private final List<TokenLogprobs> logprobs = new ArrayList<>();
  private final List<GenerationEvent.ToolCallStarted> calls = new ArrayList<>();
  private final List<StringBuilder> arguments = new ArrayList<>();

  /** Takes the next event but the last. */
  public void add(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Text piece -> {
        text.append(piece.text());
        logprobs.addAll(piece.logprobs());
      }
      case GenerationEvent.Reasoning piece -> reasoning.append(piece.text());
      case GenerationEvent.ToolCallStarted call -> {
        calls.add(call);
        arguments.add(new StringBuilder());
      }
      case GenerationEvent.ToolCallArguments piece -> arguments.get(piece.index()).append(piece.json());
      case GenerationEvent.Finished _ -> throw new IllegalArgumentException("The end is no piece of an answer.");
    }
  }

  String text() {
    return text.toString();
  }

  String reasoning() {
    return reasoning.toString();
  }

  List<TokenLogprobs> logprobs() {
    return logprobs;
  }

  List<ToolCall> toolCalls() {
    List<ToolCall> all = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      all.add(new ToolCall(calls.get(i).id(), calls.get(i).name(), arguments.get(i).toString()));
    }
    return all;
  }
}
