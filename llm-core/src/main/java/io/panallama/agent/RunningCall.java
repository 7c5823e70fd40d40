package io.panallama.agent;

import io.panallama.chat.ToolCall;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A call on its own virtual thread. This is the only class of the package that creates threads. */
final class RunningCall {
  private final ToolCall call;
  private final long startNanos = System.nanoTime();
  private final FutureTask<ToolOutcome> task;

  private RunningCall(ToolCall call, FutureTask<ToolOutcome> task) {
    this.call = call;
    this.task = task;
  }

  static RunningCall start(ToolBox tools, ToolCall call) {
    FutureTask<ToolOutcome> task = new FutureTask<>(() -> tools.call(call));
    RunningCall running = new RunningCall(call, task);
    Thread.ofVirtual().name("panallama-tool-" + call.name()).start(task);
    return running;
  }

  ToolCall call() {
    return call;
  }

  Duration sinceStart() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  /** Interrupts the thread; {@link #await} then returns an outcome that says so. */
  void cancel() {
    task.cancel(true);
  }

  /**
   * Waits for the outcome.
   *
   * @param limit counted from the start of the call
   * @throws InterruptedException if the waiting thread is interrupted; the call is then interrupted too
   */
  ToolOutcome await(Duration limit) throws InterruptedException {
    try {
      // The conversion saturates: a limit beyond 292 years becomes the longest one.
      return task.get(TimeUnit.NANOSECONDS.convert(limit.minus(sinceStart())), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      cancel();
      return ToolAction.failure(
          ToolOutcome.Kind.TIME_LIMIT, "the tool took longer than " + limit.toMillis() + " ms and was stopped.", late);
    } catch (CancellationException cancelled) {
      return ToolAction.failure(ToolOutcome.Kind.NOT_CALLED, "the call was cancelled.", cancelled);
    } catch (InterruptedException interrupt) {
      cancel();
      throw interrupt;
    } catch (ExecutionException thrown) {
      // Exceptions become outcomes, so this is an Error, which is not meant for the model.
      if (thrown.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(thrown);
    }
  }
}
