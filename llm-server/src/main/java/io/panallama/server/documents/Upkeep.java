package io.panallama.server.documents;

import io.panallama.search.error.SearchException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What a library does by itself: it deletes what has expired, and compacts the collections of vector stores, one at a time, once
 * no file has been read for a while. Searches go on meanwhile, and so does the reading of files. Thread-safe.
 */
final class Upkeep implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());

  /** How long no file has been read before collections are compacted. */
  static final Duration QUIET = Duration.ofSeconds(30);

  /** Fewer parts than these cost a search little. */
  static final int MANY_PARTS = 4;

  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final DocumentLibrary library;
  private final StoreIndex index;
  private final Clock clock;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name("panallama-upkeep").daemon(true).factory());

  /** The stores that were changed or searched. */
  private final Set<String> known = new LinkedHashSet<>();

  /** The stores whose collections are to be looked at. */
  private final Set<String> due = new LinkedHashSet<>();

  private Instant lastChange;
  private volatile boolean closing;

  Upkeep(DocumentLibrary library, StoreIndex index, Clock clock) {
    this.library = library;
    this.index = index;
    this.clock = clock;
    this.lastChange = clock.instant();
  }

  /** Begins to do it every few seconds. */
  void start() {
    Future<?> _ =
        thread.scheduleWithFixedDelay(this::tryRound, PAUSE.toMillis(), PAUSE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void tryRound() {
    try {
      round();
    } catch (RuntimeException | Error failed) {
      // Such as a heap that is exhausted for a moment.
      if (!closing) {
        LOG.log(System.Logger.Level.WARNING, "The files could not be tidied up; it is tried again later", failed);
      }
    }
  }

  /** A file of a store has been read. */
  synchronized void changed(String storeId) {
    lastChange = clock.instant();
    known.add(storeId);
    due.add(storeId);
  }

  /** A store has been searched: what an earlier process left of it is looked at, too. */
  synchronized void searched(String storeId) {
    if (known.add(storeId)) {
      due.add(storeId);
    }
  }

  /** A store is deleted. */
  synchronized void dropped(String storeId) {
    known.remove(storeId);
    due.remove(storeId);
  }

  /** Does it once. */
  void round() {
    library.expire();
    for (String storeId : due()) {
      if (closing || !isQuiet()) {
        return;
      }
      compact(storeId);
    }
  }

  private synchronized List<String> due() {
    return List.copyOf(due);
  }

  private boolean isQuiet() {
    synchronized (this) {
      if (clock.instant().isBefore(lastChange.plus(QUIET))) {
        return false;
      }
    }
    return !library.isReading();
  }

  private void compact(String storeId) {
    synchronized (this) {
      // First: what changes meanwhile makes it due again.
      due.remove(storeId);
    }
    try {
      index.find(storeId).ifPresent(collection -> collection.compactIfScattered(MANY_PARTS));
    } catch (SearchException | IllegalStateException failed) {
      // The store was deleted, the library is being closed, or the disk is full: searches take longer, and nothing is
      // lost.
      LOG.log(System.Logger.Level.DEBUG, "A collection is not compacted until it changes again", failed);
    }
  }

  /** Stops what is in progress; a collection that is being compacted stays as it was. Repeating it is harmless. */
  @Override
  public void close() {
    closing = true;
    thread.shutdownNow();
    // Waits, also through an interrupt.
    thread.close();
  }
}
