package io.panallama.server.observe;

import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What happened to a request: never its prompt, its answer or its key. Written by the request's own thread until it has {@linkplain #end
 * ended}; from then on it does not change.
 */
public final class RequestRecord {
  private static final ScopedValue<RequestRecord> CURRENT = ScopedValue.newInstance();

  private final Arrival arrival;
  private final Instant time = Instant.now();
  private final long begun = System.nanoTime();

  private String traceId = "";
  private String spanId = "";
  private String keyId = "";
  private String model = "";
  private String requestedModel = "";
  private String responseId = "";
  private String error = "";
  private @Nullable Asked asked;
  private long prepared;
  private long submitted;
  private final List<GenerationEvent.Finished> ends = new ArrayList<>();
  private final List<Computation> computations = new ArrayList<>();
  private final List<SpanLink> continued = new ArrayList<>();
  private boolean failed;
  private boolean abandoned;
  private int status;
  private long ended;

  /** A request that has arrived just now. */
  public RequestRecord(Arrival arrival) {
    this.arrival = arrival;
  }

  /** That of the request which this thread serves; empty if there is none, or requests are not observed. */
  public static Optional<RequestRecord> current() {
    return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
  }

  /** Serves the request, whose record is {@linkplain #current current} meanwhile. */
  public void serve(Runnable work) {
    ScopedValue.where(CURRENT, this).run(work);
  }

  /**
   * Does work on texts for the current request, and remembers how long it took.
   *
   * @param operation {@code embeddings}, {@code rerank} or {@code classify}
   * @param model the id of the model
   * @param tokens counts the tokens of all texts
   */
  public static <T> T computing(String operation, String model, Supplier<T> work, ToLongFunction<T> tokens) {
    RequestRecord record = current().orElse(null);
    if (record == null) {
      return work.get();
    }
    record.model = model;
    long begin = System.nanoTime();
    long counted = 0;
    try {
      T result = work.get();
      counted = tokens.applyAsLong(result);
      return result;
    } finally {
      record.computations.add(new Computation(operation, begin, System.nanoTime(), counted));
    }
  }

  /** Names the trace to which the request belongs, and its span; an id may be empty. */
  public void trace(String trace, String span) {
    traceId = trace;
    spanId = span;
  }

  /** Names the key that the request has brought, by its id, which is no secret. */
  public void key(String id) {
    keyId = id;
  }

  /**
   * The request asks for generations, which are prepared from now on.
   *
   * @param requested the model's name as the client has it; may be empty
   */
  public void asks(Asked what, String requested) {
    asked = what;
    requestedModel = requested;
    prepared = System.nanoTime();
  }

  /**
   * The engine has taken the generations.
   *
   * @param id by which the answer is known to the client; may be empty
   */
  public void submitted(long nanoTime, String id) {
    submitted = nanoTime;
    responseId = id;
  }

  /**
   * The request goes on with what another one began, such as a stream that was cut off.
   *
   * @param trace that of the other request, as 32 hexadecimal digits
   * @param span that of the other request, as 16 hexadecimal digits
   */
  public void continues(String trace, String span) {
    continued.add(new SpanLink(trace, span));
  }

  void model(String id) {
    model = id;
  }

  void finished(GenerationEvent.Finished end) {
    ends.add(end);
  }

  void failed() {
    failed = true;
  }

  void abandoned() {
    abandoned = true;
  }

  /** The request, or a generation of it, ended with this error. The first one that is told counts. */
  public void error(String code) {
    if (error.isEmpty()) {
      error = code;
    }
  }

  /**
   * The request has been answered, or given up.
   *
   * @param status of its answer; 0 if it got none
   * @param gone whether its client left before the end
   */
  public void end(int status, boolean gone) {
    this.status = status;
    this.abandoned |= gone;
    ended = System.nanoTime();
  }

  /** What was known of it at first. */
  public Arrival arrival() {
    return arrival;
  }

  /** When it arrived. */
  public Instant time() {
    return time;
  }

  /** The time at which {@link System#nanoTime} was this, in nanoseconds since 1970; never before the request's arrival or after its end. */
  public long epochNanos(long nanoTime) {
    long since = Math.clamp(nanoTime - begun, 0, Math.max(0, ended - begun));
    return time.getEpochSecond() * 1_000_000_000L + time.getNano() + since;
  }

  /** {@link System#nanoTime} at its arrival. */
  public long begun() {
    return begun;
  }

  /** {@link System#nanoTime} at its end. */
  public long ended() {
    return ended;
  }

  /** From its arrival to the last byte of its answer. */
  public Duration duration() {
    return Duration.ofNanos(ended - begun);
  }

  /** The trace to which it belongs, as 32 hexadecimal digits; empty if it belongs to none. */
  public String traceId() {
    return traceId;
  }

  /** Its span, as 16 hexadecimal digits; empty if it has none of its own. */
  public String spanId() {
    return spanId;
  }

  /** The id of its key; empty if it brought none that is known. */
  public String keyId() {
    return keyId;
  }

  /** The id of the model that answered; empty if none was asked. */
  public String model() {
    return model;
  }

  /** The model's name as the client has it; may be empty. */
  public String requestedModel() {
    return requestedModel;
  }

  /** By which the answer is known to the client; may be empty. */
  public String responseId() {
    return responseId;
  }

  /** What it asked to be generated; empty if nothing, or if it was refused before that. */
  public Optional<Asked> asked() {
    return Optional.ofNullable(asked);
  }

  /** {@link System#nanoTime} when its generations began to be prepared; 0 if it has none. */
  public long prepared() {
    return prepared;
  }

  /** {@link System#nanoTime} when the engine had taken its generations; 0 if it did not. */
  public long submitted() {
    return submitted;
  }

  /** How its generations ended, as far as their ends were read, in that order. */
  public List<GenerationEvent.Finished> ends() {
    return Collections.unmodifiableList(ends);
  }

  /** Its computations on texts. */
  public List<Computation> computations() {
    return Collections.unmodifiableList(computations);
  }

  /** The requests with whose answers it goes on. */
  public List<SpanLink> continued() {
    return Collections.unmodifiableList(continued);
  }

  /** The span of another request, by its hexadecimal ids. */
  public record SpanLink(String traceId, String spanId) {}

  /** The code of the error with which it ended; empty if it did not end with one. */
  public String error() {
    return error;
  }

  /** The status of its answer; 0 if it got none. */
  public int status() {
    return status;
  }

  /**
   * How it ended, in one word: for a generation {@code stop}, {@code tool_calls}, {@code stop_text}, {@code length}, {@code context_full},
   * {@code time_limit}, {@code cancelled} or {@code failed}, as in the metrics; {@code refused} for an answer with an error of the
   * client's or for want of room; {@code ok} for anything else.
   */
  public String outcome() {
    if (abandoned && !failed) {
      return "cancelled";
    }
    if (failed || status == 500) {
      return "failed";
    }
    if (status >= 400) {
      return "refused";
    }
    Optional<FinishReason> cancelled =
        ends.stream().map(GenerationEvent.Finished::reason).filter(FinishReason.CANCELLED::equals).findFirst();
    return cancelled
        .or(() -> ends.stream().map(GenerationEvent.Finished::reason).findFirst())
        .map(reason -> reason.name().toLowerCase(Locale.ROOT))
        .orElse("ok");
  }

  /** The tokens of its generations and texts: those of a prompt that several choices share count once. */
  public Tokens tokens() {
    long prompt = computations.stream().mapToLong(Computation::tokens).sum();
    long cached = 0;
    long generated = 0;
    for (GenerationEvent.Finished end : ends) {
      generated += end.usage().completionTokens();
    }
    Asked of = asked;
    if (of != null && !ends.isEmpty()) {
      List<Usage> usages = ends.stream().map(GenerationEvent.Finished::usage).toList();
      if (of.prompts() == 1) {
        prompt += usages.stream().mapToLong(Usage::promptTokens).max().orElse(0);
        cached = usages.stream().mapToLong(Usage::cachedTokens).min().orElse(0);
      } else {
        prompt += usages.stream().mapToLong(Usage::promptTokens).sum() / of.choices();
        cached = usages.stream().mapToLong(Usage::cachedTokens).sum() / of.choices();
      }
    }
    return new Tokens(prompt, cached, generated);
  }

  /**
   * Numbers of tokens.
   *
   * @param prompt of prompts and other texts
   * @param cached those of them that a cache had
   * @param generated of answers
   */
  public record Tokens(long prompt, long cached, long generated) {}

  /** The time to the first token of its generations, of several the longest; empty if none had a token. */
  public Optional<Duration> timeToFirstToken() {
    return ends.stream()
        .filter(end -> end.usage().completionTokens() > 0)
        .map(end -> end.timings().timeToFirstToken())
        .max(Duration::compareTo);
  }

  /** How long its generations waited for a slot, of several the longest; empty if none has ended. */
  public Optional<Duration> queued() {
    return ends.stream().map(end -> end.timings().queued()).max(Duration::compareTo);
  }
}
