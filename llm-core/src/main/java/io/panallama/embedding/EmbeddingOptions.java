package io.panallama.embedding;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How texts are embedded. Immutable and thread-safe. */
public final class EmbeddingOptions {
  /** Leaves the vectors as long as the model makes them. */
  public static final int ALL = 0;

  private static final EmbeddingOptions DEFAULTS = new Builder().build();

  private final EmbeddingTask task;
  private final Normalization normalization;
  private final int dimensions;
  private final LongText longText;
  private final int priority;

  private EmbeddingOptions(Builder from) {
    task = from.task;
    normalization = from.normalization;
    dimensions = from.dimensions;
    longText = from.longText;
    priority = from.priority;
    Checks.inRange("dimensions", dimensions, ALL, Integer.MAX_VALUE);
    Checks.inRange("priority", priority, 0, GenerationOptions.MAX_PRIORITY);
  }

  /** Plain texts, vectors of all dimensions with a length of 1, and texts that are too long are refused. */
  public static EmbeddingOptions defaults() {
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

  /** What the texts are to be compared with; {@link EmbeddingTask#PLAIN} by default. */
  public EmbeddingTask task() {
    return task;
  }

  /** How the vectors are scaled; {@link Normalization#L2} by default. */
  public Normalization normalization() {
    return normalization;
  }

  /**
   * The number of leading dimensions to keep, before the vectors are scaled; {@link #ALL} by default. Only models that were
   * trained for it (Matryoshka representation learning, Kusupati et al., 2022) give useful shorter vectors.
   */
  public int dimensions() {
    return dimensions;
  }

  /** What happens to texts that are too long; {@link LongText#REFUSE} by default. */
  public LongText longText() {
    return longText;
  }

  /** 0 to {@link GenerationOptions#MAX_PRIORITY}; higher first. {@link GenerationOptions#DEFAULT_PRIORITY} by default. */
  public int priority() {
    return priority;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EmbeddingOptions that
        && task == that.task
        && normalization.equals(that.normalization)
        && dimensions == that.dimensions
        && longText == that.longText
        && priority == that.priority;
  }

  @Override
  public int hashCode() {
    return Objects.hash(task, normalization, dimensions, longText, priority);
  }

  @Override
  public String toString() {
    return "EmbeddingOptions[task=%s, normalization=%s, dimensions=%d, longText=%s, priority=%d]"
        .formatted(task, normalization, dimensions, longText, priority);
  }

  /** Collects the components of {@link EmbeddingOptions}. Not thread-safe. */
  public static final class Builder {
    private EmbeddingTask task = EmbeddingTask.PLAIN;
    private Normalization normalization = Normalization.L2;
    private int dimensions = ALL;
    private LongText longText = LongText.REFUSE;
    private int priority = GenerationOptions.DEFAULT_PRIORITY;

    private Builder() {}

    private Builder(EmbeddingOptions from) {
      task = from.task;
      normalization = from.normalization;
      dimensions = from.dimensions;
      longText = from.longText;
      priority = from.priority;
    }

    /** See {@link EmbeddingOptions#task}. */
    public Builder task(EmbeddingTask value) {
      task = Objects.requireNonNull(value, "task");
      return this;
    }

    /** See {@link EmbeddingOptions#normalization}. */
    public Builder normalization(Normalization value) {
      normalization = Objects.requireNonNull(value, "normalization");
      return this;
    }

    /** See {@link EmbeddingOptions#dimensions}. */
    public Builder dimensions(int value) {
      dimensions = value;
      return this;
    }

    /** See {@link EmbeddingOptions#longText}. */
    public Builder longText(LongText value) {
      longText = Objects.requireNonNull(value, "longText");
      return this;
    }

    /** See {@link EmbeddingOptions#priority}. */
    public Builder priority(int value) {
      priority = value;
      return this;
    }

    /**
     * Makes the options.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public EmbeddingOptions build() {
      return new EmbeddingOptions(this);
    }
  }
}
