package io.panallama.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The conditions on the generated output that end a generation. Immutable and thread-safe. */
public final class StopConditions {
  /** The maximum number of texts. */
  public static final int MAX_TEXTS = 64;

  /**
   * The maximum length of a text in chars. Each byte of a text takes about five bytes for as long as its request waits
   * or runs.
   */
  public static final int MAX_TEXT_LENGTH = 1024;

  /** The maximum number of token ids. */
  public static final int MAX_TOKENS = 64;

  /** No condition: only the model ends the generation. */
  public static final StopConditions NONE = new Builder().build();

  private final int maxTokens;
  private final int minTokens;
  private final List<String> texts;
  private final Set<Integer> tokens;

  private StopConditions(Builder from) {
    maxTokens = from.maxTokens;
    minTokens = from.minTokens;
    texts = from.texts;
    tokens = from.tokens;
    Checks.inRange("maxTokens", maxTokens, 0, Integer.MAX_VALUE);
    Checks.inRange("minTokens", minTokens, 0, maxTokens);
    Checks.atMost("stop.texts", texts.size(), MAX_TEXTS, "texts");
    Checks.atMost("stop.tokens", tokens.size(), MAX_TOKENS, "ids");
    for (int i = 0; i < texts.size(); i++) {
      check("stop.texts[" + i + "]", texts.get(i));
    }
  }

  /** A builder that starts from {@link #NONE}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  private static void check(String path, String text) {
    if (text.isEmpty()) {
      throw new InvalidRequestException(path, name(path) + " is empty; every stop needs at least one character.");
    }
    if (text.length() > MAX_TEXT_LENGTH) {
      throw new InvalidRequestException(
          path, name(path) + " has " + text.length() + " chars; at most " + MAX_TEXT_LENGTH + " are allowed.");
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new InvalidRequestException(
          path, name(path) + " contains half of a surrogate pair, which no output can match.");
    }
  }

  /**
   * The maximum number of tokens to generate, 0 or more; {@link GenerationOptions#UNLIMITED} leaves the context as the
   * only limit. With 0 the prompt is computed, so that a later request that begins with it finds it in the KV cache, and the
   * generation ends with {@link io.panallama.generation.FinishReason#LENGTH}.
   */
  public int maxTokens() {
    return maxTokens;
  }

  /**
   * The minimum number of tokens to generate, 0 to {@link #maxTokens}. Until then, end tokens and {@link #tokens} are
   * forbidden and {@link #texts} are ordinary text. A grammar that is complete does end the generation, because nothing
   * else could follow.
   */
  public int minTokens() {
    return minTokens;
  }

  /**
   * Texts that end the generation where they first appear, even across token boundaries; they are not part of the
   * output. None may be empty or longer than {@link #MAX_TEXT_LENGTH}; there are at most {@link #MAX_TEXTS}.
   */
  public List<String> texts() {
    return texts;
  }

  /**
   * Ids of tokens that end the generation like the model's own end tokens, at most {@link #MAX_TOKENS}; they are not
   * part of the output.
   */
  public Set<Integer> tokens() {
    return tokens;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StopConditions that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "StopConditions" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("maxTokens", maxTokens);
    all.put("minTokens", minTokens);
    all.put("texts", texts);
    all.put("tokens", tokens);
    return all;
  }

  /** Collects the components of a {@link StopConditions}. Not thread-safe. */
  public static final class Builder {
    private int maxTokens = GenerationOptions.UNLIMITED;
    private int minTokens;
    private List<String> texts = List.of();
    private Set<Integer> tokens = Set.of();

    private Builder() {}

    private Builder(StopConditions from) {
      maxTokens = from.maxTokens;
      minTokens = from.minTokens;
      texts = from.texts;
      tokens = from.tokens;
    }

    /** Sets {@link StopConditions#maxTokens()}. */
    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    /** Sets {@link StopConditions#minTokens()}. */
    public Builder minTokens(int value) {
      minTokens = value;
      return this;
    }

    /** Sets {@link StopConditions#texts()}. */
    public Builder texts(List<String> value) {
      texts = List.copyOf(value);
      return this;
    }

    /** Sets {@link StopConditions#tokens()}. */
    public Builder tokens(Set<Integer> value) {
      tokens = Set.copyOf(value);
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public StopConditions build() {
      return new StopConditions(this);
    }
  }
}
