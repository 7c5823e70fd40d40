package io.panallama.generation;

import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Signals the events of a generation to one subscriber by the rules of Reactive Streams: one signal at a time, no event without demand, nothing after the end, nothing soon after {@link #cancel}.
 *
 * <p>All signals but the first come from one virtual thread. It reads an event only when there is demand; without demand the mailbox fills up and the engine pauses the generation.
 */
final class GenerationSubscription implements Flow.Subscription, Runnable {
  private final Generation generation;
  private final Flow.Subscriber<? super GenerationEvent> subscriber;
  private final Iterator<GenerationEvent> events;
  private final Thread thread = Readers.unstarted(this);
  private final AtomicLong demand = new AtomicLong();

  /** Set by the subscriber, and before the last signal, after which none may follow. */
  private volatile boolean cancelled;

  private volatile @Nullable IllegalArgumentException misuse;

  private GenerationSubscription(Generation generation, Flow.Subscriber<? super GenerationEvent> subscriber) {
    this.generation = generation;
    this.subscriber = subscriber;
    this.events = generation.iterator();
  }

  /** Subscribes; a second subscriber gets an {@link IllegalStateException} as its error. */
  static void start(Generation generation, Flow.Subscriber<? super GenerationEvent> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    if (!Readers.claim(generation)) {
      subscriber.onSubscribe(new Refused());
      subscriber.onError(Readers.alreadyClaimed(generation));
      return;
    }
    GenerationSubscription subscription = new GenerationSubscription(generation, subscriber);
    try {
      subscriber.onSubscribe(subscription);
    } catch (Throwable failure) {
      generation.close();
      throw failure;
    }
    subscription.thread.start();
  }

  /** The subscription of a rejected subscriber, which gets no events. */
  private static final class Refused implements Flow.Subscription {
    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }

  @Override
  public void request(long n) {
    if (n > 0) {
      demand.getAndAccumulate(n, (have, more) -> have + more < 0 ? Long.MAX_VALUE : have + more);
    } else {
      misuse = new IllegalArgumentException("request(" + n + "): the demand must be 1 or more.");
      // Also wakes the thread if it is waiting for the next event.
      generation.close();
    }
    LockSupport.unpark(thread);
  }

  @Override
  public void cancel() {
    cancelled = true;
    generation.close();
    LockSupport.unpark(thread);
  }

  @Override
  public void run() {
    try {
      while (awaitDemand() && deliver()) {
        demand.getAndUpdate(have -> have == Long.MAX_VALUE ? have : have - 1);
      }
      if (misuse != null && !cancelled) {
        subscriber.onError(misuse);
      }
    } catch (Throwable thrown) {
      // The subscriber broke the rules. It gets no further signal, and the generation must not keep running unread.
      cancelled = true;
      generation.close();
      throw thrown;
    }
  }

  /** Waits for demand; returns false if the subscription has ended. */
  private boolean awaitDemand() {
    while (demand.get() == 0 && !isOver()) {
      LockSupport.park(this);
    }
    return !isOver();
  }

  private boolean isOver() {
    return cancelled || misuse != null;
  }

  /** Reads one event and signals it; returns false if it was the last signal or must not be signalled. */
  private boolean deliver() {
    GenerationEvent event;
    try {
      event = events.hasNext() ? events.next() : null;
    } catch (RuntimeException failure) {
      if (!isOver()) {
        cancelled = true;
        subscriber.onError(failure);
      }
      return false;
    }
    if (isOver()) {
      return false;
    }
    if (event != null) {
      subscriber.onNext(event);
    }
    boolean last = event == null || event instanceof GenerationEvent.Finished;
    if (last && !isOver()) {
      cancelled = true;
      subscriber.onComplete();
    }
    return !last;
  }
}
