package io.panallama.scoring;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.request.GenerationOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How documents are ranked. Immutable and thread-safe. */
public final class RerankOptions {
  /** Returns every document, or reads all of it. */
  public static final int ALL = 0;

  private static final RerankOptions DEFAULTS = new Builder().build();

  private final int topN;
  private final boolean normalized;
  private final boolean truncate;
  private final int maxDocumentTokens;
  private final int priority;

  private RerankOptions(Builder from) {
    topN = from.topN;
    normalized = from.normalized;
    truncate = from.truncate;
    maxDocumentTokens = from.maxDocumentTokens;
    priority = from.priority;
    Checks.inRange("topN", topN, ALL, Integer.MAX_VALUE);
    Checks.inRange("maxDocumentTokens", maxDocumentTokens, ALL, Integer.MAX_VALUE);
    Checks.inRange("priority", priority, 0, GenerationOptions.MAX_PRIORITY);
  }

  /** All documents, with the scores that the model gives; documents that are too long are refused. */
  public static RerankOptions defaults() {
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

  /** How many of the best documents are returned, at most; {@link #ALL} by default. All of them are computed. */
  public int topN() {
    return topN;
  }

  /**
   * Whether scores are mapped to 0 to 1 by 1 / (1 + exp(-x)), which changes no order. By default they are the model's own
   * numbers, as llama-server gives them. Models that give probabilities themselves (Qwen3) are left as they are.
   */
  public boolean normalized() {
    return normalized;
  }

  /**
   * Whether the end of a document is left out if query and document have too many tokens together, which
   * {@link RankedDocument#truncated} tells. By default that is refused with {@link TextTooLongException}, as is a query
   * that leaves no room for a document in any case.
   */
  public boolean truncate() {
    return truncate;
  }

  /**
   * How many tokens of each document are read; {@link #ALL} by default. The end of a longer one is left out, which {@link
   * RankedDocument#truncated} tells, whatever {@link #truncate} says.
   */
  public int maxDocumentTokens() {
    return maxDocumentTokens;
  }

  /** 0 to {@link GenerationOptions#MAX_PRIORITY}; higher first. {@link GenerationOptions#DEFAULT_PRIORITY} by default. */
  public int priority() {
    return priority;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RerankOptions that
        && topN == that.topN
        && normalized == that.normalized
        && truncate == that.truncate
        && maxDocumentTokens == that.maxDocumentTokens
        && priority == that.priority;
  }

  @Override
  public int hashCode() {
    return Objects.hash(topN, normalized, truncate, maxDocumentTokens, priority);
  }

  @Override
  public String toString() {
    return "RerankOptions[topN=%d, normalized=%b, truncate=%b, maxDocumentTokens=%d, priority=%d]"
        .formatted(topN, normalized, truncate, maxDocumentTokens, priority);
  }

  /** Collects the components of {@link RerankOptions}. Not thread-safe. */
  public static final class Builder {
    private int topN = ALL;
    private boolean normalized;
    private boolean truncate;
    private int maxDocumentTokens = ALL;
    private int priority = GenerationOptions.DEFAULT_PRIORITY;

    private Builder() {}

    private Builder(RerankOptions from) {
      topN = from.topN;
      normalized = from.normalized;
      truncate = from.truncate;
      maxDocumentTokens = from.maxDocumentTokens;
      priority = from.priority;
    }

    /** See {@link RerankOptions#topN}. */
    public Builder topN(int value) {
      topN = value;
      return this;
    }

    /** See {@link RerankOptions#normalized}. */
    public Builder normalized(boolean value) {
      normalized = value;
      return this;
    }

    /** See {@link RerankOptions#truncate}. */
    public Builder truncate(boolean value) {
      truncate = value;
      return this;
    }

    /** See {@link RerankOptions#maxDocumentTokens}. */
    public Builder maxDocumentTokens(int value) {
      maxDocumentTokens = value;
      return this;
    }

    /** See {@link RerankOptions#priority}. */
    public Builder priority(int value) {
      priority = value;
      return this;
    }

    /**
     * Makes the options.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public RerankOptions build() {
      return new RerankOptions(this);
    }
  }
}
