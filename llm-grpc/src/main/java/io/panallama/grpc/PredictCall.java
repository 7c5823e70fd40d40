package io.panallama.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.grpc.v1.Finished;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;
import io.panallama.grpc.v1.Usage;
import io.panallama.request.GenerationRequest;
import io.panallama.server.keys.Account;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code Predict}: a lease, a generation, and a virtual thread that alone writes the answer. It waits while the client does not
 * read, which lets the generation's mailbox fill and pauses it.
 *
 * <p>{@link #cancel} and {@link #wake} may be called from any thread.
 */
final class PredictCall {
  /** How long a wait for an event lasts at most; the end of the call ends the generation, and so the wait. */
  private static final Duration GLANCE = Duration.ofSeconds(10);

  private final Registry registry;
  private final PredictRequest request;
  private final ServerCallStreamObserver<PredictResponse> out;
  private final Account account;
  private final Duration patience;
  private final Thread thread;

  /** Guarded by this, as all below. */
  private @Nullable Generation generation;

  private boolean preparing;
  private boolean cancelled;

  /** For the thread of the call. */
  private String model = "";

  private boolean begun;

  PredictCall(
      Registry registry,
      PredictRequest request,
      ServerCallStreamObserver<PredictResponse> out,
      Account account,
      Duration patience) {
    this.registry = registry;
    this.request = request;
    this.out = out;
    this.account = account;
    this.patience = patience;
    this.thread = Thread.ofVirtual().name("panallama-predict").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** The client has cancelled, is gone, or its deadline has passed. Does not block. */
  synchronized void cancel() {
    cancelled = true;
    end();
    notifyAll();
  }

  /** Ends the generation, or its preparation. */
  private synchronized void end() {
    if (generation != null) {
      generation.cancel();
    } else if (preparing) {
      thread.interrupt();
    }
  }

  /** The client takes more. */
  synchronized void wake() {
    notifyAll();
  }

  private void run() {
    try (Lease lease = registry.lease(request.getModel())) {
      model = lease.model().id();
      GenerationRequest wanted = lease.bounded(RequestReader.read(request, lease.model()), account.tenant());
      lease.admit(wanted);
      lease.onRevoke(this::end);
      try (Generation running = prepare(lease, wanted)) {
        begun = true;
        answer(lease, running);
      }
    } catch (RuntimeException | OutOfMemoryError failed) {
      fail(failed);
    } catch (InterruptedException stopped) {
      fail(Status.UNAVAILABLE.withDescription("The server is shutting down.").asRuntimeException());
    } finally {
      account.done();
    }
  }

  private void fail(Throwable failed) {
    if (isCancelled()) {
      return;
    }
    CallFailure failure = CallFailure.of(failed);
    if (!begun) {
      registry
          .meter()
          .refused(model, InferenceService.ROUTE, failure.code().isEmpty() ? "invalid_request" : failure.code());
    }
    account.done();
    out.onError(failure.status().asRuntimeException(failure.trailers()));
  }

  private synchronized boolean isCancelled() {
    return cancelled;
  }

  /** Renders and tokenizes the request and queues it; the end of the call interrupts that. */
  private Generation prepare(Lease lease, GenerationRequest wanted) {
    synchronized (this) {
      if (cancelled) {
        throw Status.CANCELLED.asRuntimeException();
      }
      preparing = true;
    }
    Generation started = null;
    try {
      started = lease.generator().generate(wanted);
      return started;
    } catch (EngineClosedException closed) {
      throw lease.engineClosed(closed);
    } catch (EngineFailedException failed) {
      throw lease.engineFailed(failed);
    } finally {
      begin(started);
    }
  }

  private synchronized void begin(@Nullable Generation started) {
    preparing = false;
    // An interrupt that came too late for the preparation belongs to it all the same.
    boolean interrupted = Thread.interrupted();
    generation = started;
    if (started != null && (cancelled || interrupted)) {
      started.cancel();
    }
  }

  private void answer(Lease lease, Generation running) throws InterruptedException {
    long events = 0;
    boolean ended = false;
    try {
      while (!ended) {
        Optional<GenerationEvent> event;
        try {
          event = running.poll(GLANCE);
        } catch (RuntimeException failed) {
          ended = true;
          lease.failed(InferenceService.ROUTE);
          throw failed;
        }
        if (event.isEmpty()) {
          continue;
        }
        events++;
        switch (event.get()) {
          case GenerationEvent.Text text when !text.text().isEmpty() ->
              send(PredictResponse.newBuilder().setText(text.text()).build());
          case GenerationEvent.Reasoning reasoning ->
              send(PredictResponse.newBuilder().setReasoning(reasoning.text()).build());
          case GenerationEvent.Finished end -> {
            ended = true;
            events = 0;
            finish(lease, end);
          }
          // Requests ask for neither log-probabilities nor tools.
          case GenerationEvent.Text _,
              GenerationEvent.PromptLogprobs _,
              GenerationEvent.ToolCallStarted _,
              GenerationEvent.ToolCallArguments _ -> {}
        }
      }
    } finally {
      if (!ended) {
        lease.abandoned(InferenceService.ROUTE);
      }
      if (events > 0) {
        // As in HTTP: what has begun and not ended costs its prompt, and a token for each event.
        account.charge(running.promptTokens().orElse(0), events);
      }
    }
  }

  private void finish(Lease lease, GenerationEvent.Finished end) throws InterruptedException {
    lease.finished(InferenceService.ROUTE, end);
    account.charge(end.usage().promptTokens(), end.usage().completionTokens());
    account.done();
    if (end.reason() == FinishReason.CANCELLED) {
      // By the client, who gets no answer any more, or because the server ends.
      throw Status.UNAVAILABLE.withDescription("The server is shutting down.").asRuntimeException();
    }
    send(PredictResponse.newBuilder().setFinished(finished(end)).build());
    if (!isCancelled()) {
      out.onCompleted();
    }
  }

  private Finished finished(GenerationEvent.Finished end) {
    return Finished.newBuilder()
        .setReason(reason(end.reason()))
        .setModel(model)
        .setStopText(end.stopText())
        .setUsage(
            Usage.newBuilder()
                .setPromptTokens(end.usage().promptTokens())
                .setCachedTokens(end.usage().cachedTokens())
                .setCompletionTokens(end.usage().completionTokens()))
        .build();
  }

  private static io.panallama.grpc.v1.FinishReason reason(FinishReason reason) {
    return switch (reason) {
      case STOP, TOOL_CALLS -> io.panallama.grpc.v1.FinishReason.FINISH_REASON_STOP;
      case STOP_TEXT -> io.panallama.grpc.v1.FinishReason.FINISH_REASON_STOP_TEXT;
      case LENGTH -> io.panallama.grpc.v1.FinishReason.FINISH_REASON_LENGTH;
      case CONTEXT_FULL -> io.panallama.grpc.v1.FinishReason.FINISH_REASON_CONTEXT_FULL;
      case TIME_LIMIT -> io.panallama.grpc.v1.FinishReason.FINISH_REASON_TIME_LIMIT;
      case CANCELLED -> throw new IllegalStateException("A cancelled generation has no answer.");
    };
  }

  /** Writes a message as soon as the client takes it. Nothing is written to a client that is gone. */
  private void send(PredictResponse message) throws InterruptedException {
    if (awaitReady()) {
      out.onNext(message);
    }
  }

  /** Waits until the client takes more; false if it is gone. */
  private synchronized boolean awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!cancelled && !out.isReady()) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw Status.ABORTED
            .withDescription("The answer was left unread for " + patience.toSeconds() + " s.")
            .asRuntimeException();
      }
      wait(left);
    }
    return !cancelled;
  }
}
