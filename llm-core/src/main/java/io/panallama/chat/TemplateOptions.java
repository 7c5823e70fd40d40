package io.panallama.chat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a conversation is rendered and the answer parsed. Immutable and thread-safe. */
public final class TemplateOptions {
  private static final TemplateOptions DEFAULTS = new Builder().build();

  private final ReasoningFormat reasoning;
  private final @Nullable Boolean thinking;
  private final Map<String, String> arguments;
  private final Turn turn;
  private final @Nullable ReasoningBudget budget;

  private TemplateOptions(Builder from) {
    reasoning = from.reasoning;
    thinking = from.thinking;
    arguments = from.arguments;
    turn = from.turn;
    budget = from.budget;
  }

  /** Reasoning separate from the text, thinking as the template sets it, a new turn. */
  public static TemplateOptions defaults() {
    return DEFAULTS;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** How the model's thinking is reported. */
  public ReasoningFormat reasoning() {
    return reasoning;
  }

  /** Whether the model should think. Absent by default: thinking is on if the template has a switch for it. */
  public Optional<Boolean> thinking() {
    return Optional.ofNullable(thinking);
  }

  /**
   * Further template variables, as name to JSON value, such as {@code "reasoning_effort"} to {@code "\"low\""}.
   * {@code "preserve_reasoning"} is true unless it is set: templates that can keep the reasoning of earlier turns in
   * the prompt then do so.
   */
  public Map<String, String> arguments() {
    return arguments;
  }

  /** Whether the answer is a new turn or continues the last message. */
  public Turn turn() {
    return turn;
  }

  /**
   * Limits how much the model may think. Absent by default: no limit. With a budget, a request is rejected if its
   * template has no tags around the thinking, unless the budget is not {@linkplain ReasoningBudget#required required}.
   */
  public Optional<ReasoningBudget> budget() {
    return Optional.ofNullable(budget);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TemplateOptions that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "TemplateOptions" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("reasoning", reasoning);
    all.put("thinking", thinking());
    all.put("arguments", arguments);
    all.put("turn", turn);
    all.put("budget", budget());
    return all;
  }

  /** Collects the components of a {@link TemplateOptions}. Not thread-safe. */
  public static final class Builder {
    private ReasoningFormat reasoning = ReasoningFormat.AUTO;
    private @Nullable Boolean thinking;
    private Map<String, String> arguments = Map.of();
    private Turn turn = Turn.NEW;
    private @Nullable ReasoningBudget budget;

    private Builder() {}

    private Builder(TemplateOptions from) {
      reasoning = from.reasoning;
      thinking = from.thinking;
      arguments = from.arguments;
      turn = from.turn;
      budget = from.budget;
    }

    /** Sets {@link TemplateOptions#reasoning()}. */
    public Builder reasoning(ReasoningFormat value) {
      reasoning = Objects.requireNonNull(value, "reasoning");
      return this;
    }

    /** Sets {@link TemplateOptions#thinking()}. */
    public Builder thinking(Boolean value) {
      thinking = Objects.requireNonNull(value, "thinking");
      return this;
    }

    /** Unsets {@link TemplateOptions#thinking()}. */
    public Builder noThinking() {
      thinking = null;
      return this;
    }

    /** Sets {@link TemplateOptions#arguments()}. */
    public Builder arguments(Map<String, String> value) {
      arguments = Map.copyOf(value);
      return this;
    }

    /** Sets {@link TemplateOptions#turn()}. */
    public Builder turn(Turn value) {
      turn = Objects.requireNonNull(value, "turn");
      return this;
    }

    /** Sets {@link TemplateOptions#budget()}. */
    public Builder budget(ReasoningBudget value) {
      budget = Objects.requireNonNull(value, "budget");
      return this;
    }

    /** Unsets {@link TemplateOptions#budget()}. */
    public Builder noBudget() {
      budget = null;
      return this;
    }

    /**
     * Builds the value.
     */
    public TemplateOptions build() {
      return new TemplateOptions(this);
    }
  }

  /** Where the answer begins. */
  public enum Turn {
    /** In a new message of the assistant. */
    NEW,
    /** Nowhere: the prompt ends with the last message. Useful for inspecting a template. */
    OPEN,
    /** In the last message, which must be the assistant's: in its text, or in its reasoning if it has no text. */
    CONTINUED,
    /** In the text of the last message. */
    CONTINUED_TEXT,
    /** In the reasoning of the last message. */
    CONTINUED_REASONING
  }
}
