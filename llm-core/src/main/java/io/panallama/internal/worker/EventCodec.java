package io.panallama.internal.worker;

import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.generation.Usage;
import io.panallama.observe.Distribution;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import java.util.List;

/** The events of a generation, the states of its prompt, and the statistics of an engine, as bytes. */
public final class EventCodec {
  private static final int MOST_BUCKETS = 256;

  private EventCodec() {}

  public static void write(Output out, GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Text text -> out.put(0).put(text.text()).put(text.logprobs(), EventCodec::write);
      case GenerationEvent.Reasoning(String text) -> out.put(1).put(text);
      case GenerationEvent.ToolCallStarted(int index, String id, String name) ->
          out.put(2).put(index).put(id).put(name);
      case GenerationEvent.ToolCallArguments(int index, String json) -> out.put(3).put(index).put(json);
      case GenerationEvent.Finished(FinishReason reason, Usage usage, Timings timings, String stopText) -> {
        out.put(4).put(reason);
        write(out, usage);
        write(out, timings);
        out.put(stopText);
      }
      case GenerationEvent.PromptLogprobs(List<TokenLogprobs> tokens) -> out.put(5).put(tokens, EventCodec::write);
    }
  }

  public static GenerationEvent read(Input in) {
    return switch (in.integer()) {
      case 0 -> new GenerationEvent.Text(in.text(), in.list(EventCodec::logprobs));
      case 1 -> new GenerationEvent.Reasoning(in.text());
      case 2 -> new GenerationEvent.ToolCallStarted(in.integer(), in.text(), in.text());
      case 3 -> new GenerationEvent.ToolCallArguments(in.integer(), in.text());
      case 4 -> new GenerationEvent.Finished(in.constant(FinishReason.class), usage(in), timings(in), in.text());
      case 5 -> new GenerationEvent.PromptLogprobs(in.list(EventCodec::logprobs));
      default -> throw new WireException("an unknown event");
    };
  }

  public static void write(Output out, PromptProgress state) {
    out.put(state.total()).put(state.cached()).put(state.processed()).put(state.elapsed());
  }

  public static PromptProgress prompt(Input in) {
    return new PromptProgress(in.integer(), in.integer(), in.integer(), in.duration());
  }

  private static void write(Output out, TokenLogprobs token) {
    write(out, token.chosen());
    out.put(token.top(), EventCodec::write);
  }

  private static void write(Output out, TokenLogprob token) {
    out.put(token.token()).put(token.logprob());
  }

  private static TokenLogprobs logprobs(Input in) {
    return new TokenLogprobs(logprob(in), in.list(EventCodec::logprob));
  }

  private static TokenLogprob logprob(Input in) {
    return new TokenLogprob(in.integer(), in.real());
  }

  private static void write(Output out, Usage usage) {
    out.put(usage.promptTokens()).put(usage.cachedTokens()).put(usage.completionTokens());
    out.put(usage.discardedTokens()).put(usage.reasoningTokens());
  }

  private static Usage usage(Input in) {
    return new Usage(in.integer(), in.integer(), in.integer(), in.integer(), in.integer());
  }

  private static void write(Output out, Timings timings) {
    out.put(timings.queued()).put(timings.prefill()).put(timings.decode()).put(timings.resumed());
  }

  private static Timings timings(Input in) {
    return new Timings(in.duration(), in.duration(), in.duration(), in.integer());
  }

  public static void write(Output out, EngineStats stats) {
    out.put(stats.running()).put(stats.waiting()).put(stats.slots()).put(stats.steps());
    out.put(stats.promptTokens()).put(stats.generatedTokens());
    out.put(stats.promptNanos()).put(stats.generationNanos()).put(stats.preemptions());
    out.put(stats.cachedPromptTokens()).put(stats.restores()).put(stats.spilledBytes()).put(stats.diskBytes());
    write(out, stats.detail());
  }

  private static void write(Output out, EngineDetail detail) {
    out.put(detail.paused()).put(detail.kvCells()).put(detail.kvCellsUsed()).put(detail.kvCellsRetained());
    out.put(detail.memoryTokens()).put(detail.diskTokens());
    write(out, detail.stepNanos());
    write(out, detail.tokenGapNanos());
    write(out, detail.stepSequences());
    write(out, detail.stepTokens());
    write(out, detail.prefillTokens());
    out.put(detail.memory(), EventCodec::write);
  }

  private static EngineDetail detail(Input in) {
    return new EngineDetail(
        in.integer(),
        in.integer(),
        in.integer(),
        in.integer(),
        in.number(),
        in.number(),
        distribution(in),
        distribution(in),
        distribution(in),
        distribution(in),
        distribution(in),
        in.list(EventCodec::memory));
  }

  private static void write(Output out, MemoryUse memory) {
    out.put(memory.device()).put(memory.model()).put(memory.context()).put(memory.compute());
  }

  private static MemoryUse memory(Input in) {
    return new MemoryUse(in.text(), in.number(), in.number(), in.number());
  }

  private static void write(Output out, Distribution values) {
    out.put(values.buckets());
    for (int i = 0; i < values.buckets(); i++) {
      out.put(values.bound(i)).put(values.count(i));
    }
    out.put(values.count(values.buckets())).put(values.sum());
  }

  private static Distribution distribution(Input in) {
    int buckets = in.integer();
    if (buckets < 0 || buckets > MOST_BUCKETS) {
      throw new WireException("a distribution of " + buckets + " buckets");
    }
    long[] bounds = new long[buckets];
    long[] counts = new long[buckets + 1];
    for (int i = 0; i < buckets; i++) {
      bounds[i] = in.number();
      counts[i] = in.number();
    }
    counts[buckets] = in.number();
    try {
      return Distribution.of(bounds, counts, in.number());
    } catch (IllegalArgumentException disorder) {
      throw new WireException("a distribution whose bounds don't increase");
    }
  }

  public static EngineStats stats(Input in) {
    return new EngineStats(
        in.integer(),
        in.integer(),
        in.integer(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        in.number(),
        detail(in));
  }
}
