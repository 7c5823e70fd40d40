package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Writes OpenAI's {@code usage} and llama-server's {@code timings}.
 *
 * <p>Where there are several choices, the prompt counts once, with the cached tokens of the choice that had the fewest:
 * that is the first one, whose prefix the others shared. Times are those of the slowest choice, so rates are those of
 * all choices together.
 */
public final class UsageFields {
  private UsageFields() {}

  /** The event that an answer ended with. */
  public static GenerationEvent.Finished end(Completion answer) {
    return new GenerationEvent.Finished(answer.reason(), answer.usage(), answer.timings(), answer.stopText());
  }

  /** The numbers of an answer that goes on, as if it ended now. */
  static GenerationEvent.Finished sofar(Usage usage, Timings timings) {
    return new GenerationEvent.Finished(FinishReason.LENGTH, usage, timings);
  }

  /**
   * The usage of the choices of several requests together.
   *
   * @param choices how many each request has
   */
  public static Usage together(List<GenerationEvent.Finished> ends, int choices) {
    Usage sum = new Usage(0, 0, 0, 0);
    for (int first = 0; first < ends.size(); first += choices) {
      sum = sum.plus(together(ends.subList(first, Math.min(ends.size(), first + choices))));
    }
    return sum;
  }

  /** The usage of all choices of one request together. */
  public static Usage together(List<GenerationEvent.Finished> ends) {
    Usage first = ends.getFirst().usage();
    int cached = first.cachedTokens();
    int completion = 0;
    int discarded = 0;
    int reasoning = 0;
    for (GenerationEvent.Finished end : ends) {
      cached = Math.min(cached, end.usage().cachedTokens());
      completion += end.usage().completionTokens();
      discarded += end.usage().discardedTokens();
      reasoning += end.usage().reasoningTokens();
    }
    return new Usage(first.promptTokens(), cached, completion, discarded, reasoning);
  }

  /** Writes the field {@code usage}. */
  public static void usage(JsonGenerator json, Usage usage) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", usage.promptTokens());
    json.writeNumberField("completion_tokens", usage.completionTokens());
    json.writeNumberField("total_tokens", usage.totalTokens());
    json.writeObjectFieldStart("prompt_tokens_details");
    json.writeNumberField("cached_tokens", usage.cachedTokens());
    json.writeEndObject();
    if (usage.reasoningTokens() > 0) {
      json.writeObjectFieldStart("completion_tokens_details");
      json.writeNumberField("reasoning_tokens", usage.reasoningTokens());
      json.writeEndObject();
    }
    if (usage.discardedTokens() > 0) {
      json.writeNumberField("discarded_tokens", usage.discardedTokens());
    }
    json.writeEndObject();
  }

  /** Writes the field {@code timings} of an answer to one request, whose choices ended so. */
  public static void timings(JsonGenerator json, List<GenerationEvent.Finished> ends) throws IOException {
    timings(json, ends, ends.size());
  }

  /**
   * Writes the field {@code timings} of an answer whose choices ended so.
   *
   * @param choices how many each request has
   */
  public static void timings(JsonGenerator json, List<GenerationEvent.Finished> ends, int choices) throws IOException {
    Duration queued = Duration.ZERO;
    Duration prefill = Duration.ZERO;
    Duration decode = Duration.ZERO;
    int resumed = 0;
    int computed = 0;
    int decoded = 0;
    for (GenerationEvent.Finished end : ends) {
      Usage usage = end.usage();
      Timings timings = end.timings();
      queued = longer(queued, timings.queued());
      prefill = longer(prefill, timings.prefill());
      decode = longer(decode, timings.decode());
      resumed = Math.max(resumed, timings.resumed());
      // The first token comes out of the prefill, so only the others took decode time.
      decoded += Math.max(usage.completionTokens() - 1, 0);
    }
    for (int first = 0; first < ends.size(); first += choices) {
      computed += computed(ends.subList(first, Math.min(ends.size(), first + choices)));
    }
    Usage all = together(ends, choices);
    json.writeObjectFieldStart("timings");
    json.writeNumberField("queued_ms", millis(queued));
    json.writeNumberField("cache_n", all.cachedTokens());
    json.writeNumberField("prompt_n", computed);
    json.writeNumberField("prompt_ms", millis(prefill));
    json.writeNumberField("prompt_per_token_ms", perToken(computed, prefill));
    json.writeNumberField("prompt_per_second", rate(computed, prefill));
    json.writeNumberField("predicted_n", all.completionTokens());
    json.writeNumberField("predicted_ms", millis(decode));
    json.writeNumberField("predicted_per_token_ms", perToken(decoded, decode));
    json.writeNumberField("predicted_per_second", rate(decoded, decode));
    if (resumed > 0) {
      json.writeNumberField("resumed", resumed);
    }
    json.writeEndObject();
  }

  /** How many tokens of their prompt the choices of one request computed; those that had them from the first one computed none. */
  private static int computed(List<GenerationEvent.Finished> ends) {
    Usage usage = together(ends);
    // A request that ended in the queue has a prompt but no prefill.
    boolean any = ends.stream().anyMatch(end -> !end.timings().prefill().isZero());
    return any ? usage.promptTokens() - usage.cachedTokens() : 0;
  }

  private static Duration longer(Duration one, Duration two) {
    return one.compareTo(two) < 0 ? two : one;
  }

  private static double millis(Duration time) {
    return Math.round(time.toNanos() / 1e3) / 1e3;
  }

  private static double perToken(int tokens, Duration time) {
    return tokens == 0 ? 0 : millis(time) / tokens;
  }

  private static double rate(int tokens, Duration time) {
    double millis = millis(time);
    return millis == 0 ? 0 : 1e3 / millis * tokens;
  }
}
