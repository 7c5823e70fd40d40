package io.panallama.scoring;

import io.panallama.embedding.LongText;
import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How texts are classified. Immutable and thread-safe. */
public final class ClassifyOptions {
  private static final ClassifyOptions DEFAULTS = new Builder().build();

  private final ScoreFunction function;
  private final LongText longText;
  private final int priority;

  private ClassifyOptions(Builder from) {
    function = from.function;
    longText = from.longText;
    priority = from.priority;
    Checks.inRange("priority", priority, 0, GenerationOptions.MAX_PRIORITY);
  }

  /** The scores that the model's file asks for, and texts that are too long are refused. */
  public static ClassifyOptions defaults() {
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

  /** How the model's outputs become scores; {@link ScoreFunction#MODEL} by default. */
  public ScoreFunction function() {
    return function;
  }

  /**
   * What happens to texts that are too long; {@link LongText#REFUSE} by default. With {@link LongText#MEAN_OF_PARTS} the
   * outputs of the parts are averaged before they become scores.
   */
  public LongText longText() {
    return longText;
  }

  /** 0 to {@link GenerationOptions#MAX_PRIORITY}; higher first. {@link GenerationOptions#DEFAULT_PRIORITY} by default. */
  public int priority() {
    return priority;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ClassifyOptions that
        && function == that.function
        && longText == that.longText
        && priority == that.priority;
  }

  @Override
  public int hashCode() {
    return Objects.hash(function, longText, priority);
  }

  @Override
  public String toString() {
    return "ClassifyOptions[function=%s, longText=%s, priority=%d]".formatted(function, longText, priority);
  }

  /** Collects the components of {@link ClassifyOptions}. Not thread-safe. */
  public static final class Builder {
    private ScoreFunction function = ScoreFunction.MODEL;
    private LongText longText = LongText.REFUSE;
    private int priority = GenerationOptions.DEFAULT_PRIORITY;

    private Builder() {}

    private Builder(ClassifyOptions from) {
      function = from.function;
      longText = from.longText;
      priority = from.priority;
    }

    /** See {@link ClassifyOptions#function}. */
    public Builder function(ScoreFunction value) {
      function = Objects.requireNonNull(value, "function");
      return this;
    }

    /** See {@link ClassifyOptions#longText}. */
    public Builder longText(LongText value) {
      longText = Objects.requireNonNull(value, "longText");
      return this;
    }

    /** See {@link ClassifyOptions#priority}. */
    public Builder priority(int value) {
      priority = value;
      return this;
    }

    /**
     * Makes the options.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public ClassifyOptions build() {
      return new ClassifyOptions(this);
    }
  }
}
