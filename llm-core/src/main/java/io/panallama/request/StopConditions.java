package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/**
 * When a generation ends by what it generated.
 *
 * @param maxTokens the most tokens to generate, at least 1; {@link GenerationOptions#UNLIMITED} leaves the context as the
 *     only limit
 * @param minTokens the fewest tokens to generate, 0 to {@code maxTokens}. Before that end tokens and {@code tokens} are
 *     forbidden and {@code texts} are ordinary text. A grammar that has come to its end does end the generation: nothing
 *     else could follow
 * @param texts texts that end the generation where they first appear, across token borders; they are not part of the
 *     output. None may be empty or longer than {@link #MAX_TEXT_LENGTH}, at most {@link #MAX_TEXTS}
 * @param tokens ids of tokens that end the generation as the model's own end tokens do, at most {@link #MAX_TOKENS}; they
 *     are not part of the output
 */
public record StopConditions(int maxTokens, int minTokens, List<String> texts, Set<Integer> tokens) {
  /** The most texts. */
  public static final int MAX_TEXTS = 64;

  /** The most chars of a text. Each byte of one costs some five bytes as long as its request waits or runs. */
  public static final int MAX_TEXT_LENGTH = 1024;

  /** The most token ids. */
  public static final int MAX_TOKENS = 64;

  /** No condition but the end that the model chooses. */
  public static final StopConditions NONE = new StopConditions(GenerationOptions.UNLIMITED, 0, List.of(), Set.of());

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public StopConditions {
    texts = List.copyOf(texts);
    tokens = Set.copyOf(tokens);
    if (maxTokens < 1) {
      throw new InvalidRequestException("max_tokens", "max_tokens is " + maxTokens + "; it must be at least 1.");
    }
    Checks.inRange("min_tokens", minTokens, 0, maxTokens);
    if (texts.size() > MAX_TEXTS) {
      throw new InvalidRequestException(
          "stop", "stop has " + texts.size() + " texts; at most " + MAX_TEXTS + " are allowed.");
    }
    if (tokens.size() > MAX_TOKENS) {
      throw new InvalidRequestException(
          "stop_token_ids", "stop_token_ids has " + tokens.size() + " ids; at most " + MAX_TOKENS + " are allowed.");
    }
    texts.forEach(StopConditions::check);
  }

  private static void check(String text) {
    if (text.isEmpty()) {
      throw new InvalidRequestException(
          "stop", "stop contains an empty text; every stop needs at least one character.");
    }
    if (text.length() > MAX_TEXT_LENGTH) {
      throw new InvalidRequestException(
          "stop", "stop contains a text of " + text.length() + " chars; at most " + MAX_TEXT_LENGTH + " are allowed.");
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new InvalidRequestException("stop", "stop contains half of a surrogate pair, which no output can match.");
    }
  }

  public StopConditions withMaxTokens(int newMaxTokens) {
    return new StopConditions(newMaxTokens, minTokens, texts, tokens);
  }

  public StopConditions withMinTokens(int newMinTokens) {
    return new StopConditions(maxTokens, newMinTokens, texts, tokens);
  }

  public StopConditions withTexts(List<String> newTexts) {
    return new StopConditions(maxTokens, minTokens, newTexts, tokens);
  }

  public StopConditions withTokens(Set<Integer> newTokens) {
    return new StopConditions(maxTokens, minTokens, texts, newTokens);
  }
}
