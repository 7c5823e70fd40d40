package io.panallama.agent;

import io.panallama.Generator;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolCall;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A running agent: a blocking stream of events.
 *
 * <p>Lifetime: from {@link Agent#start} until it finishes, is cancelled, or is closed. The run advances only while it
 * is read, except for the current generation and calls that were started; the time limit runs on regardless. A round
 * that finds the engine's queue full waits and retries, so the results of tools are not lost.
 *
 * <p>Threads: one reader at a time, which blocks, usually a virtual thread; {@link #cancel} and {@link #close} may be
 * called from any thread.
 */
public final class AgentRun implements Iterable<AgentEvent>, AutoCloseable {
  /** Long enough never to matter, short enough not to overflow in nanoseconds. */
  private static final Duration FOREVER = Duration.ofDays(365);

  /** The minimum wait before a full queue is tried again. */
  private static final Duration LEAST_RETRY = Duration.ofMillis(10);

  private final Generator generator;
  private final ToolBox tools;
  private final AgentConfig config;
  private final ChatRequest request;
  private final long startNanos = System.nanoTime();

  private final Deque<AgentEvent> events = new ArrayDeque<>();
  private final List<ChatMessage> messages;
  private final Deque<ToolCall> wanted = new ArrayDeque<>();
  private CompletionBuilder builder = new CompletionBuilder();
  private @Nullable Completion answer;
  private @Nullable AgentResult result;
  private Usage usage = new Usage(0, 0, 0, 0);
  private int rounds;
  private int calls;

  /** The time to retry a round that found the queue full, in nanoseconds; null if there is none. */
  private @Nullable Long retryNanos;

  /**
   * Guards the state that {@link #cancel} and {@link #close} use from other threads, and wakes a run that waits to
   * retry.
   */
  private final Object lock = new Object();

  private final Deque<RunningCall> running = new ArrayDeque<>();
  private @Nullable Generation generation;
  private boolean cancelled;
  private boolean closed;

  AgentRun(Generator generator, ToolBox tools, AgentConfig config, ChatRequest request) {
    this.generator = generator;
    this.tools = tools;
    this.config = config;
    this.request = request;
    this.messages = new ArrayList<>(request.messages());
  }

  /**
   * Returns the events as a one-pass blocking iterator, which ends after {@link AgentEvent.Finished}, or when the run
   * is closed. An interrupt cancels the run and is thrown as {@link GenerationException} with the thread's interrupt
   * flag set.
   *
   * @throws GenerationException from {@code hasNext} or {@code next} if a generation failed, including when the model
   *     wrote half a call and stopped ({@link GenerationException.Reason#MALFORMED_OUTPUT})
   * @throws Error from {@code hasNext} or {@code next} if a tool threw one
   */
  @Override
  public Iterator<AgentEvent> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return advance();
      }

      @Override
      public AgentEvent next() {
        if (!advance()) {
          throw new NoSuchElementException("The run has finished or is closed.");
        }
        return events.remove();
      }
    };
  }

  /**
   * Reads to the end.
   *
   * @throws GenerationException if a generation failed
   * @throws IllegalStateException if the run was closed before its end
   */
  public AgentResult await() {
    while (advance()) {
      events.clear();
    }
    if (result == null) {
      throw new IllegalStateException("The run was closed before its end.");
    }
    return result;
  }

  /**
   * Requests cancellation: the generation ends, running tools are interrupted, and the run finishes with
   * {@link AgentResult.Reason#CANCELLED}. Repeating it is harmless.
   */
  public void cancel() {
    synchronized (lock) {
      cancelled = true;
      if (generation != null) {
        generation.cancel();
      }
      running.forEach(RunningCall::cancel);
      lock.notifyAll();
    }
  }

  /** Cancels the run if it is still running; later reads find the end of the stream. Repeating it is harmless. */
  @Override
  public void close() {
    synchronized (lock) {
      cancel();
      closed = true;
      if (generation != null) {
        generation.close();
      }
      lock.notifyAll();
    }
  }

  /** Advances until there is an event; returns false if there are no more. */
  private boolean advance() {
    try {
      while (events.isEmpty() && result == null && !isClosed()) {
        step();
      }
    } catch (InterruptedException interrupt) {
      cancel();
      Thread.currentThread().interrupt();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while waiting for the next event of a run.", interrupt);
    } catch (RuntimeException | Error failure) {
      close();
      throw failure;
    }
    return !events.isEmpty() && !isClosed();
  }

  private boolean isClosed() {
    synchronized (lock) {
      return closed;
    }
  }

  private boolean isCancelled() {
    synchronized (lock) {
      return cancelled;
    }
  }

  private Duration timeLeft() {
    return config.timeLimit().minusNanos(System.nanoTime() - startNanos);
  }

  private void step() throws InterruptedException {
    Generation current;
    RunningCall call;
    synchronized (lock) {
      current = generation;
      call = running.peek();
    }
    if (current != null) {
      read(current);
    } else if (call != null) {
      finishCall(call);
    } else if (!wanted.isEmpty()) {
      startCalls();
    } else {
      awaitRetry();
      startRound();
    }
  }

  /** Waits until a round that found the queue full may be retried, the run is cancelled, or its time is up. */
  private void awaitRetry() throws InterruptedException {
    synchronized (lock) {
      Long due = retryNanos;
      retryNanos = null;
      while (due != null && !cancelled) {
        long left = Math.min(due - System.nanoTime(), TimeUnit.NANOSECONDS.convert(timeLeft()));
        if (left <= 0) {
          return;
        }
        TimeUnit.NANOSECONDS.timedWait(lock, left);
      }
    }
  }

  /**
   * Starts the next generation, or ends the run.
   *
   * @throws EngineBusyException if the queue is full and this is the first round, which is started by the caller of
   *     {@link Agent#start}
   */
  void startRound() {
    if (rounds > 0 && isCancelled()) {
      finish(AgentResult.Reason.CANCELLED);
      return;
    }
    Duration left = timeLeft();
    if (rounds > 0 && !left.isPositive()) {
      finish(AgentResult.Reason.TIME_LIMIT);
      return;
    }
    GenerationOptions options = request.options();
    Duration own = options.timeLimit().orElse(null);
    if (left.isPositive() && (own == null || own.compareTo(left) > 0)) {
      options = options.toBuilder().timeLimit(left).build();
    }
    builder = new CompletionBuilder();
    try {
      Generation started =
          generator.generate(request.toBuilder().messages(messages).tools(tools.tools()).options(options).build());
      synchronized (lock) {
        generation = started;
        if (cancelled) {
          started.cancel();
        }
        if (closed) {
          started.close();
        }
      }
    } catch (EngineBusyException busy) {
      if (rounds == 0) {
        throw busy;
      }
      retryNanos =
          System.nanoTime()
              + TimeUnit.NANOSECONDS.convert(
                  busy.retryAfter().compareTo(LEAST_RETRY) < 0 ? LEAST_RETRY : busy.retryAfter());
    } catch (PromptTooLongException tooLong) {
      if (rounds == 0) {
        throw tooLong;
      }
      finish(AgentResult.Reason.CONTEXT_FULL);
    }
  }

  private void read(Generation current) throws InterruptedException {
    Optional<GenerationEvent> event;
    try {
      event = current.poll(FOREVER);
    } catch (NoSuchElementException gone) {
      // Closed in the meantime; nothing else takes the end away from this reader.
      close();
      return;
    }
    if (event.isEmpty()) {
      return;
    }
    switch (event.get()) {
      case GenerationEvent.Text piece when !piece.text().isEmpty() -> events.add(new AgentEvent.Text(piece.text()));
      case GenerationEvent.Reasoning piece -> events.add(new AgentEvent.Reasoning(piece.text()));
      default -> {}
    }
    builder.add(event.get()).ifPresent(this::finishRound);
  }

  private void finishRound(Completion completion) {
    synchronized (lock) {
      generation = null;
    }
    answer = completion;
    rounds++;
    usage = usage.plus(completion.usage());
    events.add(new AgentEvent.RoundFinished(rounds, completion));
    switch (completion.reason()) {
      case TOOL_CALLS -> {
        messages.add(completion.toMessage());
        wanted.addAll(completion.toolCalls());
        if (rounds == config.maxRounds()) {
          giveUpCalls("the limit of " + config.maxRounds() + " rounds is reached", AgentResult.Reason.ROUND_LIMIT);
        }
      }
      case STOP, STOP_TEXT -> finish(completion, AgentResult.Reason.ANSWERED);
      case LENGTH, CONTEXT_FULL -> finish(completion, AgentResult.Reason.CUT_OFF);
      case TIME_LIMIT -> finish(completion, AgentResult.Reason.TIME_LIMIT);
      case CANCELLED -> finish(completion, AgentResult.Reason.CANCELLED);
    }
  }

  private void startCalls() {
    if (isCancelled()) {
      giveUpCalls("the run was cancelled", AgentResult.Reason.CANCELLED);
    } else if (!timeLeft().isPositive()) {
      giveUpCalls(
          "the time of " + TimeUnit.MILLISECONDS.convert(config.timeLimit()) + " ms is over",
          AgentResult.Reason.TIME_LIMIT);
    } else if (calls + (config.parallelCalls() ? wanted.size() : 1) > config.maxCalls()) {
      giveUpCalls("the limit of " + config.maxCalls() + " calls is reached", AgentResult.Reason.CALL_LIMIT);
    } else {
      do {
        startCall(wanted.remove());
      } while (config.parallelCalls() && !wanted.isEmpty());
    }
  }

  private void startCall(ToolCall call) {
    calls++;
    events.add(new AgentEvent.CallStarted(call));
    RunningCall started = RunningCall.start(tools, call);
    synchronized (lock) {
      running.add(started);
      if (cancelled) {
        started.cancel();
      }
    }
  }

  private void finishCall(RunningCall call) throws InterruptedException {
    Duration left = timeLeft().plus(call.sinceStart());
    Duration limit = left.compareTo(config.callTimeLimit()) < 0 ? left : config.callTimeLimit();
    ToolOutcome outcome = call.await(limit);
    synchronized (lock) {
      running.remove();
    }
    messages.add(ChatMessage.toolResult(call.call(), outcome.text()));
    events.add(new AgentEvent.CallFinished(call.call(), outcome, call.sinceStart()));
  }

  /** Each call in the history gets a result, because templates reject conversations in which one is missing. */
  private void giveUpCalls(String why, AgentResult.Reason reason) {
    for (ToolCall call : wanted) {
      ToolOutcome outcome =
          ToolAction.failure(ToolOutcome.Kind.NOT_CALLED, "the tool was not called, because " + why + ".", null);
      messages.add(ChatMessage.toolResult(call, outcome.text()));
      events.add(new AgentEvent.CallFinished(call, outcome, Duration.ZERO));
    }
    wanted.clear();
    finish(reason);
  }

  /** Finishes with an answer. Calls in it that were cut off are not part of the conversation. */
  private void finish(Completion completion, AgentResult.Reason reason) {
    messages.add(ChatMessage.assistant(completion.text()));
    finish(reason);
  }

  private void finish(AgentResult.Reason reason) {
    if (answer == null) {
      throw new IllegalStateException("A run can't finish before its first round.");
    }
    result = new AgentResult(reason, answer, messages, rounds, calls, usage);
    events.add(new AgentEvent.Finished(result));
  }
}
