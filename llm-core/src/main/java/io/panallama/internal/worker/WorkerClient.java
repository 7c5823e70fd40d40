package io.panallama.internal.worker;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.schedule.Applicant;
import io.panallama.internal.schedule.Reservation;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.Tenant;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What callers ask of a worker's engine. While a worker is being replaced, they wait for the next. Thread-safe.
 */
public final class WorkerClient {
  private final InFlight inFlight;
  private final Status status;
  private final int window;

  /**
   * @param window how many events a worker may be ahead of a reader
   */
  WorkerClient(InFlight inFlight, Status status, int window) {
    this.inFlight = inFlight;
    this.status = status;
    this.window = window;
  }

  // ---- generations ----

  /**
   * Reserves capacity for several generations, all or none.
   *
   * @throws io.panallama.error.EngineBusyException if the queue has too little room
   */
  public Reservation reserve(GenerationRequest request, int count) {
    status.requireOpen();
    return inFlight.reserve(Applicant.of(request), count);
  }

  /** The generations in flight, the oldest first. */
  public List<ActiveGeneration> generations() {
    return inFlight.active();
  }

  /** Cancels a generation; false if none has this id. */
  public boolean cancel(long id) {
    return inFlight.cancel(id);
  }

  /**
   * Sends a request to the worker and waits until it is accepted.
   *
   * @param recommended the sampling of requests that choose none
   * @throws GenerationException with {@link GenerationException.Reason#ENGINE_KILLED} if the request killed workers
   *     before; otherwise as {@code Engine.generate}
   */
  public Generation generate(GenerationRequest request, Sampling recommended) {
    return submit(request, recommended, null).accepted();
  }

  /** A request on its way to the worker. */
  public static final class Submission {
    private final RemoteGeneration generation;

    private Submission(RemoteGeneration generation) {
      this.generation = generation;
    }

    /** Ends it; nobody waits for it any more. */
    public void close() {
      generation.close();
    }

    /** Waits until the worker has accepted the request, or throws why it did not. */
    public Generation accepted() {
      generation.awaitAccepted();
      return generation;
    }
  }

  /** Sends a request to the worker, without waiting for its answer. */
  public Submission submit(GenerationRequest request, Sampling recommended, @Nullable Reservation reservation) {
    GenerationOptions options = request.options();
    if (options.processing().isPresent()) {
      throw new InvalidRequestException(
          "processing",
          name("processing")
              + " is a logit processor, Java code that can't run in the engine's own process; use an engine without"
              + " isolation for it.");
    }
    status.requireOpen();
    RemoteGeneration generation = remote(request, recommended);
    inFlight.add(generation, Applicant.of(request), reservation);
    return new Submission(generation);
  }

  /** A generation that was not sent yet. */
  private RemoteGeneration remote(GenerationRequest request, Sampling recommended) {
    GenerationOptions options = request.options();
    Sampling chosen = options.sampling().over(recommended);
    Supplier<Refusals.Key> key = () -> key(request, chosen);
    inFlight.refusals().check(key);
    Output bytes = new Output();
    RequestCodec.write(bytes, request, chosen, seed(chosen));
    return new RemoteGeneration(
        inFlight.nextId(),
        bytes.toBytes(),
        key,
        () -> RequestShape.of(request),
        deadline(options),
        options.topLogprobs() > 0,
        window,
        inFlight);
  }

  /** What makes a request the same one again: everything but the time, the tenant, and a seed that is drawn anew. */
  private static Refusals.Key key(GenerationRequest request, Sampling chosen) {
    Output bytes = new Output();
    RequestCodec.write(
        bytes,
        request.with(
            request.options().toBuilder().sampling(chosen).noTimeLimit().noDeadline().tenant(Tenant.SHARED).build()));
    return Refusals.key(bytes.toBytes());
  }

  /** A worker that continues a generation must draw the same random numbers. */
  private static long seed(Sampling sampling) {
    return sampling.seed() == Sampling.RANDOM_SEED
        ? ThreadLocalRandom.current().nextLong(Sampling.RANDOM_SEED)
        : sampling.seed();
  }

  /** The earlier of time limit and deadline, in nanoseconds of {@link System#nanoTime}. */
  private static long deadline(GenerationOptions options) {
    long left = options.timeLimit().map(TimeUnit.NANOSECONDS::convert).orElse(Long.MAX_VALUE);
    left =
        Math.min(
            left,
            options
                .deadline()
                .map(at -> TimeUnit.NANOSECONDS.convert(Duration.between(Instant.now(), at)))
                .orElse(Long.MAX_VALUE));
    return left > Long.MAX_VALUE / 4 ? Long.MAX_VALUE : System.nanoTime() + Math.max(0, left);
  }

  // ---- calls ----

  public String render(ChatRequest request) {
    return ask(
        Question.RENDER,
        out -> {
          RequestCodec.write(out, request.with(withoutProcessor(request.options())));
        },
        Input::text);
  }

  public int countTokens(GenerationRequest request) {
    return ask(
        Question.COUNT_REQUEST,
        out -> {
          RequestCodec.write(out, request.with(withoutProcessor(request.options())));
        },
        Input::integer);
  }

  public int countTokens(String text) {
    return ask(Question.COUNT_TEXT, out -> out.put(text), Input::integer);
  }

  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return ask(Question.TOKENIZE, out -> out.put(text).put(addSpecial).put(parseSpecial), Input::integers);
  }

  public String detokenize(int[] tokens) {
    return ask(Question.DETOKENIZE, out -> out.put(tokens), Input::text);
  }

  private static GenerationOptions withoutProcessor(GenerationOptions options) {
    return options.toBuilder().noProcessing().build();
  }

  /** The bytes of every token. */
  public Pieces pieces() {
    return ask(Question.PIECES, _ -> {}, in -> new Pieces(in.bytes(), in.integers()));
  }

  /**
   * The bytes of every token.
   *
   * @param offsets one more than there are tokens
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  public record Pieces(byte[] bytes, int[] offsets) {}

  private <T> T ask(Question question, Consumer<Output> values, Function<Input, T> answer) {
    status.requireOpen();
    Call call = inFlight.call(question, values);
    inFlight.add(call);
    try {
      return answer.apply(call.answer().get());
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(failed.getCause());
    } catch (InterruptedException left) {
      inFlight.cancel(call);
      Thread.currentThread().interrupt();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while the request was prepared.", left);
    } finally {
      inFlight.remove(call);
    }
  }

  // ---- the rehearsal ----

  /** Does with a request what is done with a real one, except that no engine computes it; for {@link Rehearsal}. */
  void rehearse(GenerationRequest request) throws InterruptedException {
    RemoteGeneration generation = remote(request, Sampling.defaults());
    generation.writeSubmission(new Output());
    ask(
        Question.REHEARSE,
        out -> out.raw(generation.request()),
        in -> {
          generation.accepted(in.integer());
          return generation.take(0, in.integers(), in.list(EventCodec::read));
        });
    Optional<GenerationEvent> event;
    do {
      event = generation.poll(Duration.ZERO);
    } while (event.isPresent() && !(event.get() instanceof GenerationEvent.Finished));
  }

  /** Whether there is no engine any more, and won't be another. */
  boolean hasEnded() {
    return status.hasEnded();
  }

  /** Whether the engine runs and has no request. */
  boolean isIdle() {
    return status.state() == EngineState.RUNNING && inFlight.count() == 0;
  }
}
