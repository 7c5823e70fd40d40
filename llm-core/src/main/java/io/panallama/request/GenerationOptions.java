package io.panallama.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.FinishReason;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Limits, sampling, stops and priority of one generation. Immutable and thread-safe. */
public final class GenerationOptions {
  /** No limit but the context. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** The maximum number of stop texts in one request. */
  public static final int MAX_STOPS = StopConditions.MAX_TEXTS;

  /** The maximum length of a stop text in chars. */
  public static final int MAX_STOP_LENGTH = StopConditions.MAX_TEXT_LENGTH;

  /** The maximum number of alternatives reported per step; OpenAI's own limit. */
  public static final int MAX_TOP_LOGPROBS = 20;

  /** The highest priority. */
  public static final int MAX_PRIORITY = 9;

  /** The priority of a request that sets none. */
  public static final int DEFAULT_PRIORITY = 5;

  private static final GenerationOptions DEFAULTS = new Builder().build();

  private final StopConditions stop;
  private final Sampling sampling;
  private final int topLogprobs;
  private final boolean logprobsAfterSampling;
  private final @Nullable Integer promptLogprobs;
  private final int priority;
  private final Tenant tenant;
  private final @Nullable Duration timeLimit;
  private final @Nullable Instant deadline;
  private final ContextOverflow overflow;
  private final ResponseFormat format;
  private final StreamFlush flush;
  private final @Nullable LogitProcessing processing;

  private GenerationOptions(Builder from) {
    stop = from.stop;
    sampling = from.sampling;
    topLogprobs = from.topLogprobs;
    logprobsAfterSampling = from.logprobsAfterSampling;
    promptLogprobs = from.promptLogprobs;
    priority = from.priority;
    tenant = from.tenant;
    timeLimit = from.timeLimit;
    deadline = from.deadline;
    overflow = from.overflow;
    format = from.format;
    flush = from.flush;
    processing = from.processing;
    Checks.inRange("topLogprobs", topLogprobs, 0, MAX_TOP_LOGPROBS);
    if (promptLogprobs != null) {
      Checks.inRange("promptLogprobs", promptLogprobs, 0, MAX_TOP_LOGPROBS);
    }
    Checks.inRange("priority", priority, 0, MAX_PRIORITY);
    if (timeLimit != null && !timeLimit.isPositive()) {
      throw new InvalidRequestException(
          "timeLimit", name("timeLimit") + " is " + timeLimit + "; it must be larger than 0.");
    }
  }

  /** No limits, {@link Sampling#recommended()}, no stops, no log-probabilities, {@link #DEFAULT_PRIORITY}. */
  public static GenerationOptions defaults() {
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

  /** The same as {@link StopConditions#maxTokens}. */
  public int maxTokens() {
    return stop.maxTokens();
  }

  /** The same as {@link StopConditions#texts}. */
  public List<String> stops() {
    return stop.texts();
  }

  /** The conditions on the generated output that end the generation. */
  public StopConditions stop() {
    return stop;
  }

  /** How the next token is chosen; by default as the model recommends ({@link Sampling#recommended}). */
  public Sampling sampling() {
    return sampling;
  }

  /** How many of the likeliest tokens to report at each step, 0 to {@link #MAX_TOP_LOGPROBS}; 0 reports none. */
  public int topLogprobs() {
    return topLogprobs;
  }

  /**
   * Whether the log-probabilities are those after the samplers: of the tokens that the chain had left when the last sampler chose,
   * with the probabilities that it chose by. Fewer than {@link #topLogprobs} are reported if fewer have a probability above 0; greedy
   * sampling has one. False by default: they are those of the model's raw logits.
   */
  public boolean logprobsAfterSampling() {
    return logprobsAfterSampling;
  }

  /**
   * How many of the likeliest tokens to report with the log-probability of each token of the prompt, 0 to {@link
   * #MAX_TOP_LOGPROBS}; 0 reports those of the prompt's own tokens only. Empty by default: the prompt has none.
   *
   * <p>They come before anything else, as {@link io.panallama.generation.GenerationEvent.PromptLogprobs}. They cost time: none of
   * the prompt can be taken from the prefix cache, it is computed in smaller pieces, and every position needs the model's
   * output layer. The whole prompt must fit into the context, whatever {@link #overflow} says. {@code maxTokens(0)} gives them
   * and no answer.
   */
  public OptionalInt promptLogprobs() {
    return promptLogprobs == null ? OptionalInt.empty() : OptionalInt.of(promptLogprobs);
  }

  /**
   * Priority 0 to {@link #MAX_PRIORITY}; higher first, ties by the tenants' shares and then by arrival. Prompts get a
   * share of each step in proportion to it. Waiting raises it by one per 5 s, so no request starves.
   */
  public int priority() {
    return priority;
  }

  /**
   * For whom it is; {@link Tenant#SHARED} by default. Of generations that wait at one priority, those of the tenant come
   * first that has got the least for its weight. An engine whose queue is full, or nearly, refuses a tenant that has more
   * than its share of the places before it refuses others.
   */
  public Tenant tenant() {
    return tenant;
  }

  /**
   * The maximum time from submission to the end, including the time in the queue. The text generated by then is the
   * answer, with {@link FinishReason#TIME_LIMIT}. Absent by default: no limit.
   */
  public Optional<Duration> timeLimit() {
    return Optional.ofNullable(timeLimit);
  }

  /**
   * The time at which the generation ends, in the same way as at {@link #timeLimit}. A prompt that would miss it with
   * its ordinary share of the steps gets a larger one. Absent by default: no deadline.
   */
  public Optional<Instant> deadline() {
    return Optional.ofNullable(deadline);
  }

  /** What happens when prompt and answer do not fit into the context. */
  public ContextOverflow overflow() {
    return overflow;
  }

  /** The format that the answer must have. */
  public ResponseFormat format() {
    return format;
  }

  /** How streamed text is split into pieces. */
  public StreamFlush flush() {
    return flush;
  }

  /** Java code that takes part in choosing each token. Absent by default. */
  public Optional<LogitProcessing> processing() {
    return Optional.ofNullable(processing);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof GenerationOptions that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "GenerationOptions" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("stop", stop);
    all.put("sampling", sampling);
    all.put("topLogprobs", topLogprobs);
    all.put("logprobsAfterSampling", logprobsAfterSampling);
    all.put("promptLogprobs", promptLogprobs());
    all.put("priority", priority);
    all.put("tenant", tenant);
    all.put("timeLimit", timeLimit());
    all.put("deadline", deadline());
    all.put("overflow", overflow);
    all.put("format", format);
    all.put("flush", flush);
    all.put("processing", processing());
    return all;
  }

  /** Collects the components of a {@link GenerationOptions}. Not thread-safe. */
  public static final class Builder {
    private StopConditions stop = StopConditions.NONE;
    private Sampling sampling = Sampling.recommended();
    private int topLogprobs;
    private boolean logprobsAfterSampling;
    private @Nullable Integer promptLogprobs;
    private int priority = DEFAULT_PRIORITY;
    private Tenant tenant = Tenant.SHARED;
    private @Nullable Duration timeLimit;
    private @Nullable Instant deadline;
    private ContextOverflow overflow = new ContextOverflow.Reject();
    private ResponseFormat format = new ResponseFormat.Text();
    private StreamFlush flush = StreamFlush.TOKEN;
    private @Nullable LogitProcessing processing;

    private Builder() {}

    private Builder(GenerationOptions from) {
      stop = from.stop;
      sampling = from.sampling;
      topLogprobs = from.topLogprobs;
      logprobsAfterSampling = from.logprobsAfterSampling;
      promptLogprobs = from.promptLogprobs;
      priority = from.priority;
      tenant = from.tenant;
      timeLimit = from.timeLimit;
      deadline = from.deadline;
      overflow = from.overflow;
      format = from.format;
      flush = from.flush;
      processing = from.processing;
    }

    /** Sets {@link GenerationOptions#stop()}. */
    public Builder stop(StopConditions value) {
      stop = Objects.requireNonNull(value, "stop");
      return this;
    }

    /** Sets {@link GenerationOptions#sampling()}. */
    public Builder sampling(Sampling value) {
      sampling = Objects.requireNonNull(value, "sampling");
      return this;
    }

    /** Sets {@link GenerationOptions#topLogprobs()}. */
    public Builder topLogprobs(int value) {
      topLogprobs = value;
      return this;
    }

    /** Sets {@link GenerationOptions#logprobsAfterSampling()}. */
    public Builder logprobsAfterSampling(boolean value) {
      logprobsAfterSampling = value;
      return this;
    }

    /** Sets {@link GenerationOptions#promptLogprobs()}. */
    public Builder promptLogprobs(int value) {
      promptLogprobs = value;
      return this;
    }

    /** Unsets {@link GenerationOptions#promptLogprobs()}. */
    public Builder noPromptLogprobs() {
      promptLogprobs = null;
      return this;
    }

    /** Sets {@link GenerationOptions#priority()}. */
    public Builder priority(int value) {
      priority = value;
      return this;
    }

    /** Sets {@link GenerationOptions#tenant()}. */
    public Builder tenant(Tenant value) {
      tenant = Objects.requireNonNull(value, "tenant");
      return this;
    }

    /** Sets {@link GenerationOptions#timeLimit()}. */
    public Builder timeLimit(Duration value) {
      timeLimit = Objects.requireNonNull(value, "timeLimit");
      return this;
    }

    /** Unsets {@link GenerationOptions#timeLimit()}. */
    public Builder noTimeLimit() {
      timeLimit = null;
      return this;
    }

    /** Sets {@link GenerationOptions#deadline()}. */
    public Builder deadline(Instant value) {
      deadline = Objects.requireNonNull(value, "deadline");
      return this;
    }

    /** Unsets {@link GenerationOptions#deadline()}. */
    public Builder noDeadline() {
      deadline = null;
      return this;
    }

    /** Sets {@link GenerationOptions#overflow()}. */
    public Builder overflow(ContextOverflow value) {
      overflow = Objects.requireNonNull(value, "overflow");
      return this;
    }

    /** Sets {@link GenerationOptions#format()}. */
    public Builder format(ResponseFormat value) {
      format = Objects.requireNonNull(value, "format");
      return this;
    }

    /** Sets {@link GenerationOptions#flush()}. */
    public Builder flush(StreamFlush value) {
      flush = Objects.requireNonNull(value, "flush");
      return this;
    }

    /** Sets {@link GenerationOptions#processing()}. */
    public Builder processing(LogitProcessing value) {
      processing = Objects.requireNonNull(value, "processing");
      return this;
    }

    /** Unsets {@link GenerationOptions#processing()}. */
    public Builder noProcessing() {
      processing = null;
      return this;
    }

    /** Sets {@link StopConditions#maxTokens()} and leaves the other conditions. */
    public Builder maxTokens(int value) {
      return stop(stop.toBuilder().maxTokens(value).build());
    }

    /** Sets {@link StopConditions#texts()} and leaves the other conditions. */
    public Builder stops(String... texts) {
      return stop(stop.toBuilder().texts(List.of(texts)).build());
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public GenerationOptions build() {
      return new GenerationOptions(this);
    }
  }
}
