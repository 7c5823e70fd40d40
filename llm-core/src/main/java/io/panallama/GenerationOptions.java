package io.panallama;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * Limits, sampling and stops of one generation.
 *
 * @param maxTokens the most tokens to generate, at least 1; {@link #UNLIMITED} leaves the context as the only limit
 * @param sampling how the next token is chosen
 * @param stops texts that end the generation where they first appear, across token borders; they are not part of the
 *     output. None may be empty or longer than {@link #MAX_STOP_LENGTH}, at most {@link #MAX_STOPS}
 * @param topLogprobs how many of the likeliest tokens to report at each step, 0 to {@link #MAX_TOP_LOGPROBS}; 0 reports
 *     none
 */
public record GenerationOptions(int maxTokens, Sampling sampling, List<String> stops, int topLogprobs) {
  /** No limit but the context. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** The most stop texts one request may carry. */
  public static final int MAX_STOPS = 64;

  /** The most chars of a stop text. Each byte of one costs some five bytes as long as its request waits or runs. */
  public static final int MAX_STOP_LENGTH = 1024;

  /** The most alternatives that can be reported per step; OpenAI's own limit. */
  public static final int MAX_TOP_LOGPROBS = 20;

  private static final GenerationOptions DEFAULTS = new GenerationOptions(UNLIMITED, Sampling.defaults(), List.of(), 0);

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public GenerationOptions {
    Objects.requireNonNull(sampling, "sampling");
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
    if (topLogprobs < 0 || topLogprobs > MAX_TOP_LOGPROBS) {
      throw new InvalidRequestException(
          "top_logprobs", "top_logprobs is " + topLogprobs + "; it must be 0 to " + MAX_TOP_LOGPROBS + ".");
    }
  }

  /** No limit, {@link Sampling#defaults()}, no stops, no log-probabilities. */
  public static GenerationOptions defaults() {
    return DEFAULTS;
  }

  public GenerationOptions withMaxTokens(int newMaxTokens) {
    return new GenerationOptions(newMaxTokens, sampling, stops, topLogprobs);
  }

  public GenerationOptions withSampling(Sampling newSampling) {
    return new GenerationOptions(maxTokens, newSampling, stops, topLogprobs);
  }

  public GenerationOptions withStops(String... newStops) {
    return new GenerationOptions(maxTokens, sampling, List.of(newStops), topLogprobs);
  }

  public GenerationOptions withTopLogprobs(int newTopLogprobs) {
    return new GenerationOptions(maxTokens, sampling, stops, newTopLogprobs);
  }
}
