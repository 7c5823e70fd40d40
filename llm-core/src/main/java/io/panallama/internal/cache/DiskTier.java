package io.panallama.internal.cache;

import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.flight.CacheFlight;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The engine thread's side of the disk tier. The engine thread never touches a file: a {@link BackgroundThread} does,
 * and its reports wait in a queue until {@link #receive}. Methods and callbacks run on the engine thread.
 */
final class DiskTier {
  private final SpillFolder folder;
  private final BackgroundThread thread;
  private final CacheMeter meter;
  private final Runnable wake;
  private final BlockingQueue<Runnable> reports = new LinkedBlockingQueue<>();

  /**
   * @param key signs the images
   * @param threads creates the background thread
   * @param wake makes the engine thread call {@link #receive} soon; called by the background thread
   * @param found called for every image that was there at the start
   * @param removed called for every file that was deleted to make room
   * @throws IOException if there is no key, or the store can't supply the fingerprint that images are bound to
   */
  DiskTier(
      Path directory,
      long limit,
      ImageKey key,
      StateStore states,
      CacheMeter meter,
      ThreadFactory threads,
      Runnable wake,
      BiConsumer<Path, ImageFile.Header> found,
      Consumer<Path> removed)
      throws IOException {
    this.folder =
        new SpillFolder(
            directory, limit, key, states.fingerprint(), states::read, file -> report(() -> removed.accept(file)));
    this.meter = meter;
    this.wake = wake;
    this.thread = new BackgroundThread(threads);
    submit(() -> folder.scan((file, header) -> report(() -> found.accept(file, header))));
  }

  /**
   * Writes an image, which must stay open until {@code done} receives its file, or null if it was not written.
   */
  void write(Lineage lineage, int[] tokens, StateImage image, Consumer<@Nullable Path> done) {
    submit(() -> {
      Path file = null;
      CacheFlight flight = CacheFlight.spill();
      try {
        file = folder.write(lineage, tokens, image);
      } finally {
        if (file != null) {
          CacheFlight.copied(flight, CacheFlight.DISK, tokens.length, image.bytes());
        }
        Path written = file;
        report(() -> done.accept(written));
      }
    });
  }

  /**
   * Reads an image ahead of all pending writes, because a sequence is waiting for it. {@code done} receives the image
   * and owns it, or receives null if it can't be read.
   */
  void read(Path file, Lineage lineage, int[] tokens, Consumer<@Nullable StateImage> done) {
    thread.submitFirst(() -> {
      StateImage image = null;
      CacheFlight flight = CacheFlight.restore();
      try {
        image = folder.read(file, lineage, tokens);
      } finally {
        if (image != null) {
          CacheFlight.copied(flight, CacheFlight.DISK, tokens.length, image.bytes());
        }
        StateImage loaded = image;
        report(() -> done.accept(loaded));
        reportBytes();
      }
    });
  }

  /** Records that the image of a file was restored. */
  void used(Path file) {
    thread.submit(() -> folder.used(file));
  }

  void delete(Path file) {
    submit(() -> folder.delete(file));
  }

  private void submit(Runnable task) {
    thread.submit(() -> {
      try {
        task.run();
      } finally {
        reportBytes();
      }
    });
  }

  private void reportBytes() {
    long bytes = folder.bytes();
    report(() -> meter.onDisk(bytes));
  }

  private void report(Runnable report) {
    reports.add(report);
    wake.run();
  }

  /** Processes the reports of the background thread. Allocates nothing if there are none. */
  void receive() {
    Runnable report;
    while ((report = reports.poll()) != null) {
      report.run();
    }
  }

  boolean hasReports() {
    return !reports.isEmpty();
  }

  /**
   * Waits for a report and processes it.
   *
   * @param deadline a value of {@link System#nanoTime}
   * @return false if the deadline passed first
   */
  boolean awaitReport(long deadline) {
    try {
      Runnable report = reports.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (report != null) {
        report.run();
      }
      return report != null;
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Once {@link System#nanoTime} reaches this value, nothing more is written and a write in progress is abandoned. */
  void abandonAfter(long deadline) {
    folder.abandonAfter(deadline);
  }

  /** Ends the background thread and processes its last reports; returns false if it does not end in time. */
  boolean close(Duration limit) {
    boolean ended = thread.close(limit);
    if (ended) {
      receive();
    }
    return ended;
  }
}
