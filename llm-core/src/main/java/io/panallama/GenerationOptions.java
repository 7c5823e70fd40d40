package io.panallama;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Limits, sampling, stops and precedence of one generation.
 *
 * @param maxTokens the most tokens to generate, at least 1; {@link #UNLIMITED} leaves the context as the only limit
 * @param sampling how the next token is chosen
 * @param stops texts that end the generation where they first appear, across token borders; they are not part of the
 *     output. None may be empty or longer than {@link #MAX_STOP_LENGTH}, at most {@link #MAX_STOPS}
 * @param topLogprobs how many of the likeliest tokens to report at each step, 0 to {@link #MAX_TOP_LOGPROBS}; 0 reports
 *     none
 * @param priority 0 to {@link #MAX_PRIORITY}, the highest is served first: who waits longest among the highest gets the
 *     next slot, and prompts get a share of each step in proportion to it. Nobody starves: waiting raises it
 * @param timeLimit the longest time from submission to the end, waiting included; null sets none. What was generated until
 *     then is the answer, with {@link FinishReason#TIME_LIMIT}
 * @param deadline the moment by which the generation ends likewise; null sets none. A prompt that would miss it at its
 *     ordinary share of the steps gets a larger one
 * @param overflow what happens when prompt and answer do not fit into the context
 * @param format what the answer has to look like
 */
public record GenerationOptions(
    int maxTokens,
    Sampling sampling,
    List<String> stops,
    int topLogprobs,
    int priority,
    @Nullable Duration timeLimit,
    @Nullable Instant deadline,
    ContextOverflow overflow,
    ResponseFormat format) {
  /** No limit but the context. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** The most stop texts one request may carry. */
  public static final int MAX_STOPS = 64;

  /** The most chars of a stop text. Each byte of one costs some five bytes as long as its request waits or runs. */
  public static final int MAX_STOP_LENGTH = 1024;

  /** The most alternatives that can be reported per step; OpenAI's own limit. */
  public static final int MAX_TOP_LOGPROBS = 20;

  /** The highest priority. */
  public static final int MAX_PRIORITY = 9;

  /** The priority of a request that names none. */
  public static final int DEFAULT_PRIORITY = 5;

  private static final GenerationOptions DEFAULTS =
      new GenerationOptions(
          UNLIMITED,
          Sampling.defaults(),
          List.of(),
          0,
          DEFAULT_PRIORITY,
          null,
          null,
          new ContextOverflow.Reject(),
          new ResponseFormat.Text());

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public GenerationOptions {
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overflow, "overflow");
    Objects.requireNonNull(format, "format");
    stops = List.copyOf(stops);
    if (maxTokens < 1) {
      throw new InvalidRequestException("max_tokens", "max_tokens is " + maxTokens + "; it must be at least 1.");
    }
    if (stops.size() > MAX_STOPS) {
      throw new InvalidRequestException(
          "stop", "stop has " + stops.size() + " texts; at most " + MAX_STOPS + " are allowed.");
    }
    if (stops.contains("")) {
      throw new InvalidRequestException(
          "stop", "stop contains an empty text; every stop needs at least one character.");
    }
    for (String stop : stops) {
      if (stop.length() > MAX_STOP_LENGTH) {
        throw new InvalidRequestException(
            "stop",
            "stop contains a text of " + stop.length() + " chars; at most " + MAX_STOP_LENGTH + " are allowed.");
      }
      if (!StandardCharsets.UTF_8.newEncoder().canEncode(stop)) {
        throw new InvalidRequestException("stop", "stop contains half of a surrogate pair, which no output can match.");
      }
    }
    Checks.inRange("top_logprobs", topLogprobs, 0, MAX_TOP_LOGPROBS);
    Checks.inRange("priority", priority, 0, MAX_PRIORITY);
    if (timeLimit != null && (timeLimit.isNegative() || timeLimit.isZero())) {
      throw new InvalidRequestException("time_limit", "time_limit is " + timeLimit + "; it must be larger than 0.");
    }
  }

  /** No limits, {@link Sampling#defaults()}, no stops, no log-probabilities, {@link #DEFAULT_PRIORITY}. */
  public static GenerationOptions defaults() {
    return DEFAULTS;
  }

  public GenerationOptions withMaxTokens(int newMaxTokens) {
    return new GenerationOptions(
        newMaxTokens, sampling, stops, topLogprobs, priority, timeLimit, deadline, overflow, format);
  }

  public GenerationOptions withSampling(Sampling newSampling) {
    return new GenerationOptions(
        maxTokens, newSampling, stops, topLogprobs, priority, timeLimit, deadline, overflow, format);
  }

  public GenerationOptions withStops(String... newStops) {
    return new GenerationOptions(
        maxTokens, sampling, List.of(newStops), topLogprobs, priority, timeLimit, deadline, overflow, format);
  }

  public GenerationOptions withTopLogprobs(int newTopLogprobs) {
    return new GenerationOptions(
        maxTokens, sampling, stops, newTopLogprobs, priority, timeLimit, deadline, overflow, format);
  }

  public GenerationOptions withPriority(int newPriority) {
    return new GenerationOptions(
        maxTokens, sampling, stops, topLogprobs, newPriority, timeLimit, deadline, overflow, format);
  }

  public GenerationOptions withTimeLimit(@Nullable Duration newTimeLimit) {
    return new GenerationOptions(
        maxTokens, sampling, stops, topLogprobs, priority, newTimeLimit, deadline, overflow, format);
  }

  public GenerationOptions withDeadline(@Nullable Instant newDeadline) {
    return new GenerationOptions(
        maxTokens, sampling, stops, topLogprobs, priority, timeLimit, newDeadline, overflow, format);
  }

  public GenerationOptions withOverflow(ContextOverflow newOverflow) {
    return new GenerationOptions(
        maxTokens, sampling, stops, topLogprobs, priority, timeLimit, deadline, newOverflow, format);
  }

  public GenerationOptions withFormat(ResponseFormat newFormat) {
    return new GenerationOptions(
        maxTokens, sampling, stops, topLogprobs, priority, timeLimit, deadline, overflow, newFormat);
  }
}
