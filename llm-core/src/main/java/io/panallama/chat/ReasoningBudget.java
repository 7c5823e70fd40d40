package io.panallama.chat;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Limits how much a model thinks before it answers. When the budget is used up, the message and the template's
 * end-of-thinking tag are inserted into the output as if the model had produced them. A model that thinks several times
 * in one answer has the whole budget each time. Immutable and thread-safe.
 */
public final class ReasoningBudget {
  /** The maximum length of a message in chars. */
  public static final int MAX_MESSAGE_LENGTH = 4096;

  private final int tokens;
  private final String message;
  private final boolean required;

  private ReasoningBudget(Builder from) {
    tokens = from.tokens;
    message = from.message;
    required = from.required;
    Checks.inRange("template.budget.tokens", tokens, 0, Integer.MAX_VALUE);
    if (message.length() > MAX_MESSAGE_LENGTH) {
      throw new InvalidRequestException(
          "template.budget.message",
          name("template.budget.message")
              + " has "
              + message.length()
              + " chars; at most "
              + MAX_MESSAGE_LENGTH
              + " are allowed.");
    }
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** A budget of this many tokens, without a message. */
  public static ReasoningBudget of(int tokens) {
    return builder(tokens).build();
  }

  /** A budget of this many tokens, with a message. */
  public static ReasoningBudget of(int tokens, String message) {
    return builder(tokens).message(message).build();
  }

  /** A builder without a message. */
  public static Builder builder(int tokens) {
    return new Builder(tokens);
  }

  /**
   * The maximum number of thinking tokens, 0 or more, not counting the tags and the message; a character that has begun
   * is completed first.
   */
  public int tokens() {
    return tokens;
  }

  /**
   * The message inserted before the tag, such as {@code "\n\nI have to answer now.\n"}; empty by default. At most
   * {@link #MAX_MESSAGE_LENGTH} chars. Special tokens in it are treated as plain text.
   */
  public String message() {
    return message;
  }

  /**
   * Whether a request is rejected if its template has no tags around the thinking; true by default. Otherwise the budget has
   * no effect there.
   */
  public boolean required() {
    return required;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ReasoningBudget that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "ReasoningBudget" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("tokens", tokens);
    all.put("message", message);
    all.put("required", required);
    return all;
  }

  /** Collects the components of a {@link ReasoningBudget}. Not thread-safe. */
  public static final class Builder {
    private int tokens;
    private String message = "";
    private boolean required = true;

    private Builder(int tokens) {
      this.tokens = tokens;
    }

    private Builder(ReasoningBudget from) {
      tokens = from.tokens;
      message = from.message;
      required = from.required;
    }

    /** Sets {@link ReasoningBudget#message()}. */
    public Builder message(String value) {
      message = Objects.requireNonNull(value, "message");
      return this;
    }

    /** Sets {@link ReasoningBudget#required()}. */
    public Builder required(boolean value) {
      required = value;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public ReasoningBudget build() {
      return new ReasoningBudget(this);
    }
  }
}
