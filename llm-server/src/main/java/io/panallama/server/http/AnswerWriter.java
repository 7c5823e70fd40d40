package io.panallama.server.http;

import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the answer of a request's generations, whole or as a stream.
 *
 * <p>The choices of a request are one answer. If one of them fails or is cancelled, so are the others, and the answer is that
 * failure: with its own status while nothing has been sent, as a frame {@code error} afterwards. Such a stream ends without the
 * dialect's last frames.
 */
final class AnswerWriter {
  /** How often a stream that tells how far its prompt is looks at it. */
  private static final Duration GLANCE = Duration.ofMillis(20);

  /** How long the ends of cancelled generations are waited for. They come after the step that is being computed. */
  private static final Duration SETTLING = Duration.ofSeconds(5);

  private static final System.Logger LOGGER = System.getLogger(AnswerWriter.class.getName());

  private final Registry registry;
  private final Lease lease;
  private final String route;
  private final Dialect dialect;
  private final EventSource events;
  private final AnswerMeter meter;
  private final Duration heartbeat;
  private final BooleanSupplier gone;
  private final Supplier<String> request;
  private final @Nullable RequestFlight flight;

  /** How many generations have ended, by an error or otherwise. */
  private int ended;

  /** A writer for the client of the current connection. */
  AnswerWriter(
      Registry registry,
      Lease lease,
      String route,
      Dialect dialect,
      EventSource events,
      AnswerMeter meter,
      Duration heartbeat) {
    this(
        registry,
        lease,
        route,
        dialect,
        events,
        meter,
        heartbeat,
        () -> ClientConnection.current().gone(),
        ErrorBoundary::requestName,
        ClientConnection.current().flight());
  }

  /**
   * A writer of an answer.
   *
   * @param gone whether the client has left, which is why a generation was cancelled
   * @param request what the log calls the request
   * @param flight what is recorded of the request; null if nothing is
   */
  AnswerWriter(
      Registry registry,
      Lease lease,
      String route,
      Dialect dialect,
      EventSource events,
      AnswerMeter meter,
      Duration heartbeat,
      BooleanSupplier gone,
      Supplier<String> request,
      @Nullable RequestFlight flight) {
    this.flight = flight;
    this.gone = gone;
    this.request = request;
    this.meter = meter;
    this.registry = registry;
    this.lease = lease;
    this.route = route;
    this.dialect = dialect;
    this.events = events;
    this.heartbeat = heartbeat;
  }

  /**
   * Ends the generations whose ends were not read, and reads those: what they have computed is charged and counted. Does nothing after
   * a whole answer. Called last.
   */
  void settle() {
    if (ended < events.choices()) {
      events.cancel();
      readEnds();
    }
    for (int i = ended; i < events.choices(); i++) {
      lease.abandoned(route);
    }
  }

  private void readEnds() {
    long deadline = System.nanoTime() + SETTLING.toNanos();
    long left = SETTLING.toNanos();
    while (ended < events.choices() && left > 0) {
      try {
        read(Duration.ofNanos(left));
      } catch (InterruptedException stopped) {
        // The server is being stopped.
        return;
      } catch (RuntimeException failed) {
        LOGGER.log(System.Logger.Level.DEBUG, "A generation that nobody waits for has failed", failed);
      }
      left = deadline - System.nanoTime();
    }
  }

  void whole(EventWriter writer, ServerResponse response) {
    List<CompletionBuilder> builders = Stream.generate(CompletionBuilder::new).limit(events.choices()).toList();
    Completion[] answers = new Completion[events.choices()];
    int open = answers.length;
    while (open > 0) {
      Optional<GenerationEvent> event = next(heartbeat);
      if (event.isPresent()) {
        Optional<Completion> answer = builders.get(events.choice()).add(event.get());
        if (answer.isPresent()) {
          answers[events.choice()] = answer.get();
          open--;
        }
      }
    }
    meter.close();
    Responses.json(response, writer.whole(Arrays.asList(answers)));
  }

  void stream(EventWriter writer, ServerResponse response, Framing framing) {
    List<EventWriter> writers = writers(writer);
    FrameWriter out = Responses.stream(response, framing);
    try {
      for (EventWriter choice : writers) {
        choice.begin(out);
      }
      if (!out.hasSent()) {
        // Sends the headers before there is anything to send.
        out.comment("ok");
      }
      frames(writers, out, () -> out.comment("waiting"));
      out.finish();
    } catch (IOException left) {
      throw new CloseConnectionException("The client is gone", left);
    }
  }

  /**
   * Writes the frames of a stream for a client that takes them by itself.
   *
   * @throws IOException never but by {@code out}
   */
  void record(EventWriter writer, Frames out) throws IOException {
    List<EventWriter> writers = writers(writer);
    for (EventWriter choice : writers) {
      choice.begin(out);
    }
    frames(writers, out, () -> {});
  }

  private List<EventWriter> writers(EventWriter first) {
    return IntStream.range(0, events.choices()).mapToObj(i -> i == 0 ? first : first.choice(i)).toList();
  }

  /** Keeps a connection alive. */
  @FunctionalInterface
  private interface Heartbeat {
    void beat() throws IOException;
  }

  private void frames(List<EventWriter> writers, Frames out, Heartbeat silence) throws IOException {
    GenerationEvent.Finished[] ends = new GenerationEvent.Finished[writers.size()];
    int open = ends.length;
    boolean beginning = true;
    while (open > 0) {
      Optional<GenerationEvent> event;
      try {
        event = beginning ? firstEvent(writers.getFirst(), out) : next(heartbeat);
        beginning &= event.isEmpty() || event.get() instanceof GenerationEvent.PromptLogprobs;
      } catch (CloseConnectionException left) {
        throw left;
      } catch (RuntimeException | OutOfMemoryError failed) {
        ApiException error = ErrorBoundary.describe(failed, dialect, request);
        writers.getFirst().failed(error, dialect.errors().write(error), out);
        return;
      }
      if (event.isEmpty()) {
        silence.beat();
        continue;
      }
      if (event.get() instanceof GenerationEvent.Finished end) {
        ends[events.choice()] = end;
        open--;
      }
      writers.get(events.choice()).event(event.get(), out);
    }
    meter.close();
    writers.getFirst().end(Arrays.asList(ends), out);
  }

  /** The first event, and before it what becomes known of the prompt; empty after the time of a heartbeat. */
  private Optional<GenerationEvent> firstEvent(EventWriter writer, Frames out) throws IOException {
    long until = System.nanoTime() + heartbeat.toNanos();
    Duration glance = writer.wantsPromptProgress() && GLANCE.compareTo(heartbeat) < 0 ? GLANCE : heartbeat;
    while (true) {
      Optional<GenerationEvent> event = next(glance);
      for (Optional<PromptProgress> state = events.promptProgress();
          state.isPresent();
          state = events.promptProgress()) {
        writer.promptProgress(state.get(), out);
      }
      if (event.isPresent() || System.nanoTime() - until >= 0) {
        return event;
      }
    }
  }

  /** The next event. A cancelled generation is incomplete, so its end is a failure: it must not be taken for an answer. */
  private Optional<GenerationEvent> next(Duration timeout) {
    Optional<GenerationEvent> event;
    try {
      event = read(timeout);
    } catch (InterruptedException stopped) {
      throw Failures.shuttingDown(stopped);
    }
    if (event.isPresent() && event.get() instanceof GenerationEvent.Finished end && lease.isOverdue(end)) {
      throw Failures.overdue();
    }
    if (event.isPresent()
        && event.get() instanceof GenerationEvent.Finished end
        && end.reason() == FinishReason.CANCELLED) {
      if (gone.getAsBoolean()) {
        throw new CloseConnectionException("The client is gone");
      }
      throw registry.isClosed() ? Failures.shuttingDown(null) : Failures.cancelled();
    }
    return event;
  }

  /** Reads the next event, and charges and counts it. */
  private Optional<GenerationEvent> read(Duration timeout) throws InterruptedException {
    Optional<GenerationEvent> event;
    try {
      event = events.next(timeout);
    } catch (RuntimeException failed) {
      ended++;
      meter.failed(events.choice());
      lease.failed(route);
      throw failed;
    }
    event.ifPresent(one -> meter.add(events.choice(), one));
    if (event.isPresent() && event.get() instanceof GenerationEvent.Finished end) {
      ended++;
      lease.finished(route, end);
      if (flight != null) {
        flight.generated(lease.model().id(), end);
      }
    }
    return event;
  }
}
