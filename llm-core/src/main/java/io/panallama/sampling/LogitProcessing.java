package io.panallama.sampling;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A {@link LogitProcessor} and its limits. Immutable.
 *
 * <p>If a processor throws, forbids every candidate or exceeds its time limit, its generation, and no other, ends with {@link GenerationException.Reason#PROCESSOR_FAILED}. The thread of a late processor is interrupted; Java cannot end a thread that does not react, which then keeps its CPU busy.
 *
 * <p>After a step the engine waits at most half a millisecond for all processors of that step together. A generation whose processor has not answered by then is paused until it has, and the others continue without it.
 */
public final class LogitProcessing {
  /** The longest time limit. */
  public static final Duration MAX_TIME_LIMIT = Duration.ofMinutes(1);

  /** The most candidates. */
  public static final int MAX_CANDIDATES = 1024;

  private final Supplier<? extends LogitProcessor> processors;
  private final Duration timeLimit;
  private final int maxCandidates;

  private LogitProcessing(Builder from) {
    processors = from.processors;
    timeLimit = from.timeLimit;
    maxCandidates = from.maxCandidates;
    if (!timeLimit.isPositive() || timeLimit.compareTo(MAX_TIME_LIMIT) > 0) {
      throw new InvalidRequestException(
          "processing.timeLimit",
          name("processing.timeLimit")
              + " is "
              + timeLimit
              + "; it must be larger than 0 and at most "
              + MAX_TIME_LIMIT
              + ".");
    }
    Checks.inRange("processing.maxCandidates", maxCandidates, 1, MAX_CANDIDATES);
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** 100 ms and 64 candidates. */
  public static LogitProcessing of(Supplier<? extends LogitProcessor> processors) {
    return builder(processors).build();
  }

  /** A builder that starts from {@link #of}. */
  public static Builder builder(Supplier<? extends LogitProcessor> processors) {
    return new Builder(processors);
  }

  /**
   * Supplies the processor of each generation, on the thread that starts it; each generation of one request ({@link io.panallama.Generator#generateAll Generator.generateAll}) gets its own call. Generations that are given the same processor call it concurrently, each on its own thread, so share a processor only if it keeps no state or guards it.
   */
  public Supplier<? extends LogitProcessor> processors() {
    return processors;
  }

  /**
   * The time limit for one token, larger than 0 and at most {@link #MAX_TIME_LIMIT}; 100 ms by default. It is checked between steps.
   */
  public Duration timeLimit() {
    return timeLimit;
  }

  /**
   * The maximum number of candidates that the processor sees, 1 to {@link #MAX_CANDIDATES}: the likeliest of those the chain left. No others can be chosen. 64 by default.
   */
  public int maxCandidates() {
    return maxCandidates;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LogitProcessing that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "LogitProcessing" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("processors", processors);
    all.put("timeLimit", timeLimit);
    all.put("maxCandidates", maxCandidates);
    return all;
  }

  /** Collects the components of a {@link LogitProcessing}. Not thread-safe. */
  public static final class Builder {
    private Supplier<? extends LogitProcessor> processors;
    private Duration timeLimit = Duration.ofMillis(100);
    private int maxCandidates = 64;

    private Builder(Supplier<? extends LogitProcessor> processors) {
      this.processors = Objects.requireNonNull(processors, "processors");
    }

    private Builder(LogitProcessing from) {
      processors = from.processors;
      timeLimit = from.timeLimit;
      maxCandidates = from.maxCandidates;
    }

    /** Sets {@link LogitProcessing#timeLimit()}. */
    public Builder timeLimit(Duration value) {
      timeLimit = Objects.requireNonNull(value, "timeLimit");
      return this;
    }

    /** Sets {@link LogitProcessing#maxCandidates()}. */
    public Builder maxCandidates(int value) {
      maxCandidates = value;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public LogitProcessing build() {
      return new LogitProcessing(this);
    }
  }
}
