package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.FinishReason;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Limits, sampling, stops and precedence of one generation.
 *
 * @param stop when it ends by what it generated
 * @param sampling how the next token is chosen
 * @param topLogprobs how many of the likeliest tokens to report at each step, 0 to {@link #MAX_TOP_LOGPROBS}; 0 reports
 *     none
 * @param priority 0 to {@link #MAX_PRIORITY}, the highest is served first: who waits longest among the highest gets the
 *     next slot, and prompts get a share of each step in proportion to it. Nobody starves: waiting raises it
 * @param timeLimit the longest time from submission to the end, waiting included; null sets none. What was generated until
 *     then is the answer, with {@link FinishReason#TIME_LIMIT}
 * @param deadline the moment by which the generation ends likewise; null sets none. A prompt that would miss it at its
 *     ordinary share of the steps gets a larger one
 * @param overflow what happens when prompt and answer do not fit into the context
 * @param format what the answer has to look like
 * @param flush where the pieces of streamed text end
 * @param processing Java code that has a say in each token; null for none
 */
public record GenerationOptions(
    StopConditions stop,
    Sampling sampling,
    int topLogprobs,
    int priority,
    @Nullable Duration timeLimit,
    @Nullable Instant deadline,
    ContextOverflow overflow,
    ResponseFormat format,
    StreamFlush flush,
    @Nullable LogitProcessing processing) {
  /** No limit but the context. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** The most stop texts one request may carry. */
  public static final int MAX_STOPS = StopConditions.MAX_TEXTS;

  /** The most chars of a stop text. */
  public static final int MAX_STOP_LENGTH = StopConditions.MAX_TEXT_LENGTH;

  /** The most alternatives that can be reported per step; OpenAI's own limit. */
  public static final int MAX_TOP_LOGPROBS = 20;

  /** The highest priority. */
  public static final int MAX_PRIORITY = 9;

  /** The priority of a request that names none. */
  public static final int DEFAULT_PRIORITY = 5;

  private static final GenerationOptions DEFAULTS = new Draft().build();

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public GenerationOptions {
    Objects.requireNonNull(stop, "stop");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overflow, "overflow");
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(flush, "flush");
    Checks.inRange("top_logprobs", topLogprobs, 0, MAX_TOP_LOGPROBS);
    Checks.inRange("priority", priority, 0, MAX_PRIORITY);
    if (timeLimit != null && (timeLimit.isNegative() || timeLimit.isZero())) {
      throw new InvalidRequestException("time_limit", "time_limit is " + timeLimit + "; it must be larger than 0.");
    }
  }

  /** No limits, {@link Sampling#defaults()}, no stops, no log-probabilities, {@link #DEFAULT_PRIORITY}. */
  public static GenerationOptions defaults() {
    return DEFAULTS;
  }

  /** As {@link StopConditions#maxTokens}. */
  public int maxTokens() {
    return stop.maxTokens();
  }

  /** As {@link StopConditions#texts}. */
  public List<String> stops() {
    return stop.texts();
  }

  public GenerationOptions withStop(StopConditions newStop) {
    return with(draft -> draft.stop = newStop);
  }

  public GenerationOptions withMaxTokens(int newMaxTokens) {
    return withStop(stop.withMaxTokens(newMaxTokens));
  }

  public GenerationOptions withStops(String... newStops) {
    return withStop(stop.withTexts(List.of(newStops)));
  }

  public GenerationOptions withSampling(Sampling newSampling) {
    return with(draft -> draft.sampling = newSampling);
  }

  public GenerationOptions withTopLogprobs(int newTopLogprobs) {
    return with(draft -> draft.topLogprobs = newTopLogprobs);
  }

  public GenerationOptions withPriority(int newPriority) {
    return with(draft -> draft.priority = newPriority);
  }

  public GenerationOptions withTimeLimit(@Nullable Duration newTimeLimit) {
    return with(draft -> draft.timeLimit = newTimeLimit);
  }

  public GenerationOptions withDeadline(@Nullable Instant newDeadline) {
    return with(draft -> draft.deadline = newDeadline);
  }

  public GenerationOptions withOverflow(ContextOverflow newOverflow) {
    return with(draft -> draft.overflow = newOverflow);
  }

  public GenerationOptions withFormat(ResponseFormat newFormat) {
    return with(draft -> draft.format = newFormat);
  }

  public GenerationOptions withFlush(StreamFlush newFlush) {
    return with(draft -> draft.flush = newFlush);
  }

  public GenerationOptions withProcessing(@Nullable LogitProcessing newProcessing) {
    return with(draft -> draft.processing = newProcessing);
  }

  private GenerationOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.build();
  }

  /** The components as variables, so that changing one does not mean naming all of them. */
  private static final class Draft {
    private StopConditions stop = StopConditions.NONE;
    private Sampling sampling = Sampling.defaults();
    private int topLogprobs;
    private int priority = DEFAULT_PRIORITY;
    private @Nullable Duration timeLimit;
    private @Nullable Instant deadline;
    private ContextOverflow overflow = new ContextOverflow.Reject();
    private ResponseFormat format = new ResponseFormat.Text();
    private StreamFlush flush = StreamFlush.TOKEN;
    private @Nullable LogitProcessing processing;

    Draft() {}

    Draft(GenerationOptions from) {
      stop = from.stop;
      sampling = from.sampling;
      topLogprobs = from.topLogprobs;
      priority = from.priority;
      timeLimit = from.timeLimit;
      deadline = from.deadline;
      overflow = from.overflow;
      format = from.format;
      flush = from.flush;
      processing = from.processing;
    }

    GenerationOptions build() {
      return new GenerationOptions(
          stop, sampling, topLogprobs, priority, timeLimit, deadline, overflow, format, flush, processing);
    }
  }
}
