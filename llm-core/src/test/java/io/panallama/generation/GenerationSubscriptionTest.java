package io.panallama.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The rules of Reactive Streams, and what futures promise. */
@Timeout(20)
class GenerationSubscriptionTest {
  private static final String COMPLETE = "complete";

  private final ScriptedGeneration model = new ScriptedGeneration();

  /** Notes the signals in order. */
  private static class Recorder implements Flow.Subscriber<GenerationEvent> {
    final BlockingQueue<Object> signals = new LinkedBlockingQueue<>();
    final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription.complete(given);
    }

    @Override
    public void onNext(GenerationEvent event) {
      signals.add(event);
    }

    @Override
    public void onError(Throwable error) {
      signals.add(error);
    }

    @Override
    public void onComplete() {
      signals.add(COMPLETE);
    }

    void request(long n) {
      subscription.join().request(n);
    }

    Object next() throws InterruptedException {
      Object signal = signals.poll(10, TimeUnit.SECONDS);
      assertThat(signal).as("a signal within ten seconds").isNotNull();
      return signal;
    }

    /** Everything up to the end. */
    List<Object> all() throws InterruptedException {
      List<Object> all = new ArrayList<>();
      do {
        all.add(next());
      } while (all.getLast() instanceof GenerationEvent);
      return all;
    }
  }

  private static GenerationEvent text(String text) {
    return new GenerationEvent.Text(text, List.of());
  }

  @Test
  void allEventsAndTheEndComeOnDemand() throws Exception {
    Recorder recorder = new Recorder();
    model.text("a").text("b").finish(FinishReason.STOP).subscribe(recorder);
    recorder.request(Long.MAX_VALUE);
    recorder.request(Long.MAX_VALUE);
    List<Object> all = recorder.all();
    assertThat(all).hasSize(4).startsWith(text("a"), text("b")).endsWith(COMPLETE);
    assertThat(all.get(2)).isInstanceOf(GenerationEvent.Finished.class);
  }

  @Test
  void nothingIsReadWithoutDemand() throws Exception {
    Recorder recorder = new Recorder();
    model.text("a").text("b").text("c").finish(FinishReason.STOP).subscribe(recorder);
    recorder.request(2);
    assertThat(recorder.next()).isEqualTo(text("a"));
    assertThat(recorder.next()).isEqualTo(text("b"));
    assertThat(model.reads()).isEqualTo(2);
    recorder.request(1);
    assertThat(recorder.next()).isEqualTo(text("c"));
    assertThat(model.reads()).isEqualTo(3);
    assertThat(recorder.signals).isEmpty();
  }

  @Test
  void demandFromWithinOnNextIsServedOneByOne() throws Exception {
    Recorder recorder =
        new Recorder() {
          @Override
          public void onNext(GenerationEvent event) {
            super.onNext(event);
            request(1);
          }
        };
    for (int i = 0; i < 10_000; i++) {
      model.text("x");
    }
    model.finish(FinishReason.STOP).subscribe(recorder);
    recorder.request(1);
    assertThat(recorder.all()).hasSize(10_002).endsWith(COMPLETE);
  }

  @Test
  void aFailureIsTheLastSignal() throws Exception {
    Recorder recorder = new Recorder();
    model.text("a").fail(GenerationException.Reason.DECODE_FAILED).subscribe(recorder);
    recorder.request(10);
    List<Object> all = recorder.all();
    assertThat(all).hasSize(2);
    assertThat(all.getLast())
        .isInstanceOfSatisfying(
            GenerationException.class,
            failure -> assertThat(failure.reason()).isEqualTo(GenerationException.Reason.DECODE_FAILED));
  }

  @Test
  void cancellingClosesTheGenerationAndEndsTheSignals() throws Exception {
    Recorder recorder = new Recorder();
    model.text("a").subscribe(recorder);
    recorder.request(10);
    assertThat(recorder.next()).isEqualTo(text("a"));
    recorder.subscription.join().cancel();
    recorder.subscription.join().cancel();
    recorder.request(1);
    assertThat(model.isClosed()).isTrue();
    assertThat(recorder.signals.poll(50, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void cancellingWithinOnNextEndsTheSignalsAtOnce() throws Exception {
    Recorder recorder =
        new Recorder() {
          @Override
          public void onNext(GenerationEvent event) {
            super.onNext(event);
            subscription.join().cancel();
          }
        };
    model.text("a").text("b").finish(FinishReason.STOP).subscribe(recorder);
    recorder.request(10);
    assertThat(recorder.next()).isEqualTo(text("a"));
    assertThat(recorder.signals.poll(50, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void aGenerationThatIsClosedByAnotherCompletes() throws Exception {
    Recorder recorder = new Recorder();
    model.subscribe(recorder);
    model.close();
    recorder.request(1);
    assertThat(recorder.next()).isEqualTo(COMPLETE);
  }

  @Test
  void aDemandOfNothingIsAnErrorEvenWhileTheReaderWaits() throws Exception {
    Recorder recorder = new Recorder();
    model.text("a").subscribe(recorder);
    recorder.request(2);
    assertThat(recorder.next()).isEqualTo(text("a"));
    recorder.request(0);
    assertThat(recorder.next()).isInstanceOf(IllegalArgumentException.class);
    assertThat(model.isClosed()).isTrue();
  }

  @Test
  void oneSubscriberOnly() throws Exception {
    Recorder first = new Recorder();
    Recorder second = new Recorder();
    model.text("a").finish(FinishReason.STOP).subscribe(first);
    model.subscribe(second);
    second.request(1);
    assertThat(second.next()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> model.toFuture().get()).hasCauseInstanceOf(IllegalStateException.class);
    first.request(10);
    assertThat(first.all()).endsWith(COMPLETE);
    assertThatThrownBy(() -> model.subscribe(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void aSubscriberThatThrowsClosesTheGeneration() throws Exception {
    CompletableFuture<String> thread = new CompletableFuture<>();
    Recorder recorder =
        new Recorder() {
          @Override
          public void onNext(GenerationEvent event) {
            Thread.currentThread().setUncaughtExceptionHandler((dead, error) -> thread.complete(error.getMessage()));
            throw new IllegalStateException("broken");
          }
        };
    model.text("a").text("b").subscribe(recorder);
    recorder.request(5);
    assertThat(thread.get(10, TimeUnit.SECONDS)).isEqualTo("broken");
    assertThat(model.isClosed()).isTrue();
    assertThat(recorder.signals).isEmpty();
  }

  @Test
  void signalsComeFromANamedVirtualThread() throws Exception {
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    Recorder recorder =
        new Recorder() {
          @Override
          public void onNext(GenerationEvent event) {
            thread.complete(Thread.currentThread());
          }
        };
    model.text("a").finish(FinishReason.STOP).subscribe(recorder);
    recorder.request(1);
    assertThat(thread.get(10, TimeUnit.SECONDS).isVirtual()).isTrue();
    assertThat(thread.get().getName()).startsWith("panallama-reader-");
  }

  @Test
  void aFutureHasTheWholeAnswer() throws Exception {
    Completion answer = model.text("a").text("b").finish(FinishReason.LENGTH).toFuture().get(10, TimeUnit.SECONDS);
    assertThat(answer.text()).isEqualTo("ab");
    assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void aFutureFailsAsTheGenerationDoes() {
    assertThatThrownBy(() -> model.fail(GenerationException.Reason.ENGINE_CLOSED).toFuture().get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(GenerationException.class);
  }

  @Test
  void endingTheFutureInAnyOtherWayClosesTheGeneration() {
    CompletableFuture<Completion> cancelled = model.toFuture();
    cancelled.cancel(true);
    assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
    assertThat(model.isClosed()).isTrue();
    ScriptedGeneration slow = new ScriptedGeneration();
    assertThatThrownBy(() -> slow.toFuture().orTimeout(10, TimeUnit.MILLISECONDS).get())
        .hasCauseInstanceOf(TimeoutException.class);
    assertThat(slow.isClosed()).isTrue();
  }
}
