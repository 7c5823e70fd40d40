package io.panallama.search.query;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What to search for. Immutable and thread-safe. */
public final class SearchRequest {
  /** The most passages of an answer, and the most candidates of a ranking. */
  public static final int MAX_LIMIT = 10_000;

  /** Takes four candidates for each passage of the answer, and at least 100 where they are sorted again, 40 otherwise. */
  public static final int AUTO = 0;

  /** The {@link #vectorWeight} by default. */
  public static final double DEFAULT_VECTOR_WEIGHT = 0.7;

  private static final int DEFAULT_LIMIT = 10;

  private final String text;
  private final Optional<float[]> vector;
  private final SearchMode mode;
  private final int limit;
  private final int candidates;
  private final double vectorWeight;
  private final Optional<Filter> filter;
  private final Optional<PassageRanker> ranker;

  private SearchRequest(Builder from) {
    text = from.text;
    vector = Optional.ofNullable(from.vector);
    mode = from.mode;
    limit = from.limit;
    candidates = from.candidates;
    vectorWeight = from.vectorWeight;
    filter = Optional.ofNullable(from.filter);
    ranker = Optional.ofNullable(from.ranker);
    requireInRange("limit", limit, 1);
    requireInRange("candidates", candidates, AUTO);
    if (!(vectorWeight >= 0 && vectorWeight <= 1)) {
      throw new SearchException(Reason.INVALID_QUERY, "vectorWeight is " + vectorWeight + "; it must be 0 to 1.");
    }
    boolean needsText = mode != SearchMode.VECTOR || vector.isEmpty() || ranker.isPresent();
    if (needsText && text.isBlank()) {
      throw new SearchException(Reason.INVALID_QUERY, "The query has no text.");
    }
  }

  private static void requireInRange(String name, int value, int low) {
    if (value < low || value > MAX_LIMIT) {
      throw new SearchException(
          Reason.INVALID_QUERY, name + " is " + value + "; it must be " + low + " to " + MAX_LIMIT + ".");
    }
  }

  /** The best ten passages for a text, by meaning and words. */
  public static SearchRequest of(String text) {
    return builder().text(text).build();
  }

  /** A builder without a text, in mode {@link SearchMode#HYBRID}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** The text to search for; empty in a search by {@link #vector} alone. */
  public String text() {
    return text;
  }

  /** A vector to search with instead of that of the text; any length but 0. A copy. */
  public Optional<float[]> vector() {
    return vector.map(float[]::clone);
  }

  /** How passages are found; {@link SearchMode#HYBRID} by default. */
  public SearchMode mode() {
    return mode;
  }

  /** The most passages of the answer; 10 by default. */
  public int limit() {
    return limit;
  }

  /**
   * How many passages each ranking gives for fusion and for the ranker, with {@link #AUTO} resolved. More find more, and take
   * longer. Also in a search by vectors alone, where it is how far the graph is explored.
   */
  public int candidates() {
    boolean sorted = mode == SearchMode.HYBRID || ranker.isPresent();
    int wanted = candidates == AUTO ? Math.max(4 * limit, sorted ? 100 : 40) : candidates;
    return Math.clamp(wanted, limit, MAX_LIMIT);
  }

  /**
   * How much vectors count in {@link SearchMode#HYBRID}, 0 to 1; words have the rest. {@value #DEFAULT_VECTOR_WEIGHT} by default.
   */
  public double vectorWeight() {
    return vectorWeight;
  }

  /** Which documents are considered; all of them by default. */
  public Optional<Filter> filter() {
    return filter;
  }

  /** Sorts the candidates in the end. */
  public Optional<PassageRanker> ranker() {
    return ranker;
  }

  /** Collects the components of a {@link SearchRequest}. Not thread-safe. */
  public static final class Builder {
    private String text = "";
    private float @Nullable [] vector;
    private SearchMode mode = SearchMode.HYBRID;
    private int limit = DEFAULT_LIMIT;
    private int candidates = AUTO;
    private double vectorWeight = DEFAULT_VECTOR_WEIGHT;
    private @Nullable Filter filter;
    private @Nullable PassageRanker ranker;

    private Builder() {}

    private Builder(SearchRequest from) {
      text = from.text;
      vector = from.vector.orElse(null);
      mode = from.mode;
      limit = from.limit;
      candidates = from.candidates;
      vectorWeight = from.vectorWeight;
      filter = from.filter.orElse(null);
      ranker = from.ranker.orElse(null);
    }

    /** See {@link SearchRequest#text}. */
    public Builder text(String value) {
      text = Objects.requireNonNull(value, "text");
      return this;
    }

    /** See {@link SearchRequest#vector}. */
    public Builder vector(float[] value) {
      vector = value.clone();
      return this;
    }

    /** See {@link SearchRequest#mode}. */
    public Builder mode(SearchMode value) {
      mode = Objects.requireNonNull(value, "mode");
      return this;
    }

    /** See {@link SearchRequest#limit}. */
    public Builder limit(int value) {
      limit = value;
      return this;
    }

    /** See {@link SearchRequest#candidates}; {@link SearchRequest#AUTO} by default. */
    public Builder candidates(int value) {
      candidates = value;
      return this;
    }

    /** See {@link SearchRequest#vectorWeight}. */
    public Builder vectorWeight(double value) {
      vectorWeight = value;
      return this;
    }

    /** See {@link SearchRequest#filter}. */
    public Builder filter(Filter value) {
      filter = Objects.requireNonNull(value, "filter");
      return this;
    }

    /** See {@link SearchRequest#ranker}. */
    public Builder ranker(PassageRanker value) {
      ranker = Objects.requireNonNull(value, "ranker");
      return this;
    }

    /**
     * Makes the request.
     *
     * @throws SearchException with {@link Reason#INVALID_QUERY} if the text is blank where it is needed, or a number is out
     *     of range
     */
    public SearchRequest build() {
      return new SearchRequest(this);
    }
  }
}
