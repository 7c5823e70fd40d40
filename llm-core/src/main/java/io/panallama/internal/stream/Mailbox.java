package io.panallama.internal.stream;

import io.panallama.internal.decode.Outputs;
import io.panallama.internal.flight.EmitFlight;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A bounded ring between the engine thread, which writes tokens and bytes, and one reader at a time.
 *
 * <p>Writing allocates nothing and never waits: the engine asks {@link #hasRoom} before it decodes for a generation.
 * Single producer, single consumer; the two counters are the only shared state.
 */
public final class Mailbox {
  /** The token of an entry that carries only bytes: those that a stop matcher held back until the end. */
  public static final int NO_TOKEN = -1;

  /** The number of bytes of an entry that is a token of the prompt, which has none. */
  private static final int OF_PROMPT = -1;

  /** The number of alternatives where the prompt has no entries. */
  private static final int NO_PROMPT = -1;

  /** Bytes reserved per entry; a token has four on average. */
  public static final int ENTRY_BYTES = 8;

  /** Waits that are shorter than this set a timer of their own; see {@link WaitTimer}. */
  private static final long SHORT_NANOS = Duration.ofMillis(100).toNanos();

  private static final long NO_DEADLINE = 0;

  private final int capacity;

  /** The entries beyond the usual capacity. */
  private final int reserved;

  private final int[] tokens;
  private final int[] byteCounts;
  private final byte[] bytes;
  private final int largestEntry;
  private final int topLogprobs;

  /** How many alternatives the tokens of the prompt have. */
  private final int promptTop;

  /** The distance between the alternatives of two entries. */
  private final int stride;

  private final float[] logprobs;
  private final int[] topCounts;
  private final int[] topTokens;
  private final float[] topLogprobValues;

  /** Number of entries and bytes written and read so far; each counter is written by one side only. */
  private volatile long written;

  private volatile long read;
  private long bytesWritten;
  private volatile long bytesRead;

  private volatile boolean ended;

  /**
   * The number of entries the reader waits for; at the end, and when the writer has paused, it takes what is available.
   */
  private volatile int wanted = 1;

  private volatile boolean paused;

  private volatile @Nullable Thread waiter;

  private final WaitTimer timer = new WaitTimer(this::wake);

  /**
   * Since when the oldest entry has waited for the reader, 0 if that is not recorded: since it was published or, if another one
   * was read after that, since then. The writer writes it only while the ring is empty, the reader only while it is not.
   */
  private long waitingNanos;

  /** Whether the oldest entry has waited since another one was read. Reader only. */
  private boolean followsAnother;

  /** Whether the reader waited for many entries at once the last time. Reader only. */
  private boolean bulk;

  /**
   * @param capacity maximum number of entries that may wait to be read
   * @param largestEntry maximum number of bytes of one entry
   * @param topLogprobs number of alternatives per entry; 0 stores no log-probabilities
   */
  public Mailbox(int capacity, int largestEntry, int topLogprobs) {
    this(capacity, largestEntry, topLogprobs, OptionalInt.empty());
  }

  /**
   * A mailbox that may have entries of the prompt, too, which has room for those of a step in addition.
   *
   * @param promptLogprobs number of alternatives to each token of the prompt; empty if those have no entries
   */
  public Mailbox(int capacity, int largestEntry, int topLogprobs, OptionalInt promptLogprobs) {
    this(capacity, largestEntry, topLogprobs, promptLogprobs.orElse(NO_PROMPT));
  }

  private Mailbox(int capacity, int largestEntry, int topLogprobs, int promptTop) {
    // One extra entry, so that the bytes held back until the end always have room; and for the last chunk of a prompt
    // and the
    // token after it.
    this.reserved = promptTop == NO_PROMPT ? 1 : Outputs.PROMPT_ROWS + 2;
    this.capacity = capacity + reserved;
    this.largestEntry = largestEntry;
    this.topLogprobs = topLogprobs;
    this.promptTop = promptTop;
    this.stride = Math.max(topLogprobs, promptTop);
    this.tokens = new int[this.capacity];
    this.byteCounts = new int[this.capacity];
    this.bytes = new byte[capacity * ENTRY_BYTES + 2 * largestEntry];
    int rows = topLogprobs == 0 && promptTop == NO_PROMPT ? 0 : this.capacity;
    this.logprobs = new float[rows];
    this.topCounts = new int[rows];
    this.topTokens = new int[rows * Math.max(0, stride)];
    this.topLogprobValues = new float[rows * Math.max(0, stride)];
  }

  // ---- the engine thread ----

  /** Whether there is room for a token, or for those of a prompt that a step has at most, and after it for the bytes that may be released at the end. */
  public boolean hasRoom() {
    return written - read < capacity - reserved && bytes.length - (bytesWritten - bytesRead) >= 2L * largestEntry;
  }

  /** Whether a reader that fell behind has caught up enough for its generation to resume: half of the ring is free. */
  public boolean hasDrained() {
    long waiting = written - read;
    return waiting == 0 || (waiting <= capacity / 2 && hasRoom());
  }

  public void write(int token, byte[] source, int offset, int length) {
    int slot = (int) (written % capacity);
    tokens[slot] = token;
    byteCounts[slot] = length;
    int start = (int) (bytesWritten % bytes.length);
    int first = Math.min(length, bytes.length - start);
    System.arraycopy(source, offset, bytes, start, first);
    System.arraycopy(source, offset + first, bytes, 0, length - first);
    bytesWritten += length;
  }

  /** Adds log-probabilities to the entry just written, before {@link #publish}. */
  public void writeLogprobs(Outputs outputs, int sample) {
    int slot = (int) (written % capacity);
    logprobs[slot] = outputs.sampledLogprob(sample);
    int count = Math.min(topLogprobs, outputs.topCount(sample));
    topCounts[slot] = count;
    for (int rank = 0; rank < count; rank++) {
      topTokens[slot * stride + rank] = outputs.topToken(sample, rank);
      topLogprobValues[slot * stride + rank] = outputs.topLogprob(sample, rank);
    }
  }

  /** Writes a token of the prompt that has the log-probability at {@code index} of the last scores, and publishes it. */
  public void writePrompt(int token, Outputs outputs, int index) {
    int slot = promptSlot(token);
    logprobs[slot] = outputs.promptLogprob(index);
    topCounts[slot] = promptTop;
    for (int rank = 0; rank < promptTop; rank++) {
      topTokens[slot * stride + rank] = outputs.promptTopToken(index, rank);
      topLogprobValues[slot * stride + rank] = outputs.promptTopLogprob(index, rank);
    }
    publish();
  }

  /** Writes the first token of a prompt, which has no log-probability, and publishes it. */
  public void writePromptStart(int token) {
    int slot = promptSlot(token);
    logprobs[slot] = Float.NaN;
    topCounts[slot] = 0;
    publish();
  }

  private int promptSlot(int token) {
    int slot = (int) (written % capacity);
    tokens[slot] = token;
    byteCounts[slot] = OF_PROMPT;
    return slot;
  }

  /** The same for a token whose log-probabilities are unknown. */
  public void writeNoLogprobs() {
    int slot = (int) (written % capacity);
    logprobs[slot] = Float.NaN;
    topCounts[slot] = 0;
  }

  /** Makes the entry just written visible to the reader and wakes it. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  public void publish() {
    if (EmitFlight.isRecorded() && isEmpty()) {
      waitingNanos = System.nanoTime();
    }
    written = written + 1;
    if (written - read >= wanted) {
      wake();
    }
  }

  /** Marks the end: nothing more will be written. */
  public void end() {
    ended = true;
    wake();
  }

  /** Sets whether nothing will be written until the reader has made room. */
  public void paused(boolean value) {
    paused = value;
    if (value) {
      wake();
    }
  }

  private void wake() {
    Thread reader = waiter;
    if (reader != null) {
      LockSupport.unpark(reader);
    }
  }

  // ---- the reader ----

  /** Waits for an entry or the end; returns false if {@code timeout} passed first. */
  boolean await(Duration timeout) throws InterruptedException {
    wanted = 1;
    return ready() || await(deadline(timeout));
  }

  private static long deadline(Duration timeout) {
    long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
    return deadline == NO_DEADLINE ? 1 : deadline;
  }

  /**
   * Waits until the ring is half full or no more can come. For a reader in no hurry: each wake-up takes a processor
   * away from the threads that compute.
   */
  void awaitMany() throws InterruptedException {
    bulk = true;
    while (isEmpty() && !ended) {
      wanted = Math.max(1, capacity / 2);
      await(NO_DEADLINE);
    }
  }

  private boolean await(long deadline) throws InterruptedException {
    waiter = Thread.currentThread();
    try {
      while (!ready()) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (deadline == NO_DEADLINE) {
          LockSupport.park(this);
          continue;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        if (left < SHORT_NANOS) {
          LockSupport.parkNanos(this, left);
        } else {
          timer.wakeBy(deadline);
          LockSupport.park(this);
        }
      }
      return true;
    } finally {
      waiter = null;
    }
  }

  /** Frees what waiting has taken. Nobody waits for this mailbox any more, or only until the end that is to come. Any thread. */
  void waitingIsOver() {
    timer.close();
  }

  private boolean ready() {
    long waiting = written - read;
    return waiting >= wanted || ended || waiting > 0 && paused;
  }

  public boolean isEmpty() {
    return read == written;
  }

  /**
   * Records that the reader takes the current entry, if it is the oldest of those that came while it waited, or if the reader was
   * elsewhere since it took another one.
   */
  void recordEmit(long generation) {
    boolean many = bulk;
    bulk = false;
    long since = waitingNanos;
    boolean recorded = EmitFlight.isRecorded();
    if (since == 0 && !recorded) {
      return;
    }
    long now = System.nanoTime();
    boolean follows = followsAnother;
    followsAnother = recorded && written - read > 1;
    waitingNanos = followsAnother ? now : 0;
    if (since != 0 && (!follows || now - since >= EmitFlight.ABSENCE_NANOS)) {
      EmitFlight.emitted(generation, written - read, now - since, many);
    }
  }

  /** Whether the current entry is a token of the prompt. */
  boolean isOfPrompt() {
    return byteCounts[slot()] == OF_PROMPT;
  }

  int token() {
    return tokens[slot()];
  }

  /** Copies the bytes of the current entry into {@code target}. */
  void drainBytes(Utf8Assembler target) {
    int length = byteCounts[slot()];
    int start = (int) (bytesRead % bytes.length);
    int first = Math.min(length, bytes.length - start);
    target.room(length).put(bytes, start, first).put(bytes, 0, length - first);
  }

  float logprob() {
    return logprobs[slot()];
  }

  int topCount() {
    return topCounts[slot()];
  }

  int topToken(int rank) {
    return topTokens[slot() * stride + rank];
  }

  float topLogprob(int rank) {
    return topLogprobValues[slot() * stride + rank];
  }

  /** Frees the current entry. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one reader
  public void advance() {
    bytesRead = bytesRead + Math.max(0, byteCounts[slot()]);
    read = read + 1;
  }

  private int slot() {
    return (int) (read % capacity);
  }
}
