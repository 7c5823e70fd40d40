package io.panallama.server.accesslog;

import io.panallama.platform.FileTrouble;
import io.panallama.server.observe.RequestObserver;
import io.panallama.server.observe.RequestRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes a line for each request. A thread of its own does that: a request only puts its record into a queue, and where that is full, since
 * the disk is slow, the record is dropped and counted. A disk that is full costs lines, too, and never a request.
 *
 * <p>Safe for use by several threads. {@link #close} writes what is queued, for at most {@value #FAREWELL_SECONDS} seconds.
 */
public final class AccessLog implements RequestObserver {
  private static final System.Logger LOGGER = System.getLogger(AccessLog.class.getName());

  /** Seconds of requests at any rate that a server of models has. */
  private static final int QUEUE = 8192;

  private static final int FAREWELL_SECONDS = 2;

  /** How often the log is looked for at its path. */
  private static final Duration LOOK = Duration.ofMillis(500);

  /** Lines are written together up to this size. */
  private static final int BATCH_BYTES = 64 << 10;

  /** The least time between two complaints. */
  private static final Duration COMPLAINTS = Duration.ofMinutes(1);

  /** A header {@code traceparent} (W3C Trace Context), of any version that begins as the first one does. */
  private static final Pattern TRACE_PARENT =
      Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

  private static final String NO_TRACE = "0".repeat(32);

  private final LogFile file;
  private final String name;
  private final BlockingQueue<RequestRecord> queue;
  private final AtomicLong dropped = new AtomicLong();
  private final Thread writer;
  private volatile boolean closing;

  /** Used by the writer only. */
  private long told;

  private long lastComplaint = System.nanoTime() - COMPLAINTS.toNanos();

  AccessLog(LogFile file, String name, int capacity) {
    this.file = file;
    this.name = name;
    this.queue = new ArrayBlockingQueue<>(capacity);
    this.writer = Thread.ofPlatform().daemon().name("panallama-access-log").unstarted(this::run);
  }

  /**
   * Opens the log.
   *
   * @param path a file, whose folder exists, or {@code -} for standard output
   * @throws IllegalArgumentException if it can't be written
   */
  public static AccessLog open(String path) {
    LogFile file = new LogFile(path.equals("-") ? Optional.empty() : Optional.of(Path.of(path).toAbsolutePath()));
    try {
      file.look();
    } catch (IOException unusable) {
      throw new IllegalArgumentException(
          "The access log " + path + " can't be written: " + FileTrouble.reason(unusable) + ".", unusable);
    }
    AccessLog log = new AccessLog(file, path, QUEUE);
    log.begin();
    return log;
  }

  /** Begins to write. */
  void begin() {
    writer.start();
  }

  /** How many requests are missing in the log. */
  public long dropped() {
    return dropped.get();
  }

  /** Without traces of our own, the caller's trace is named. */
  @Override
  public void arrived(RequestRecord request, Function<String, Optional<String>> headers) {
    if (request.traceId().isEmpty()) {
      headers
          .apply("traceparent")
          .map(TRACE_PARENT::matcher)
          .filter(parent -> parent.matches() && !parent.group(1).equals(NO_TRACE))
          .ifPresent(parent -> request.trace(parent.group(1), ""));
    }
  }

  @Override
  public void ended(RequestRecord request) {
    if (!queue.offer(request)) {
      dropped.incrementAndGet();
    }
  }

  private void run() {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    long looked = System.nanoTime();
    while (true) {
      boolean last = closing;
      RequestRecord first = poll();
      if (System.nanoTime() - looked >= LOOK.toNanos()) {
        look();
        looked = System.nanoTime();
      }
      if (first != null) {
        write(first, lines);
      } else if (last) {
        break;
      }
      complain();
    }
    try {
      file.close();
    } catch (IOException failed) {
      LOGGER.log(System.Logger.Level.WARNING, "The access log " + name + " was not closed: " + failed.getMessage());
    }
  }

  private @Nullable RequestRecord poll() {
    try {
      return closing ? queue.poll() : queue.poll(LOOK.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException hurry) {
      // Only close() interrupts, so that the thread need not wait.
      return queue.poll();
    }
  }

  private void look() {
    try {
      file.look();
    } catch (IOException unusable) {
      // The next lines tell.
      LOGGER.log(System.Logger.Level.DEBUG, "The access log can't be opened", unusable);
    }
  }

  /** Writes this record and those behind it. */
  private void write(RequestRecord first, ByteArrayOutputStream lines) {
    lines.reset();
    int count = 0;
    try {
      for (RequestRecord next = first; next != null; next = lines.size() < BATCH_BYTES ? queue.poll() : null) {
        count++;
        AccessLine.write(next, lines);
      }
      file.append(lines.toByteArray(), lines.size());
    } catch (IOException unwritten) {
      dropped.addAndGet(count);
      complain("The access log " + name + " can't be written: " + FileTrouble.reason(unwritten) + ".");
      close(file);
    } catch (RuntimeException fault) {
      dropped.addAndGet(count);
      LOGGER.log(System.Logger.Level.ERROR, "The access log has failed", fault);
    }
  }

  private static void close(LogFile file) {
    try {
      file.close();
    } catch (IOException broken) {
      LOGGER.log(System.Logger.Level.DEBUG, "The access log can't be closed", broken);
    }
  }

  private void complain() {
    if (dropped.get() > told) {
      complain("The access log " + name + " is too slow.");
    }
  }

  private void complain(String what) {
    long now = System.nanoTime();
    if (now - lastComplaint >= COMPLAINTS.toNanos()) {
      lastComplaint = now;
      told = dropped.get();
      LOGGER.log(System.Logger.Level.WARNING, what + " " + told + " requests are missing in it.");
    }
  }

  @Override
  public void close() {
    closing = true;
    writer.interrupt();
    try {
      if (!writer.join(Duration.ofSeconds(FAREWELL_SECONDS))) {
        LOGGER.log(System.Logger.Level.WARNING, "The access log " + name + " was not written to its end.");
      }
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
