package io.panallama.internal.engine;

import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.stream.Mailbox;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A decoder that computes nothing and always returns the same token, so that a step consists of the engine's own work.
 *
 * <p>It takes steps only when told to. Before each step it empties the mailboxes it was given, as readers that keep up would;
 * this adds a few nanoseconds per sequence, and no thread to wait for.
 */
final class InstantDecoder implements Decoder, Batch, KvMemory, Outputs, StateStore {
  /** The token after every other; one letter. */
  static final int TOKEN = 7;

  private final int sequences;
  private final int sequenceContextSize;
  private volatile @Nullable Thread caller;
  private volatile @Nullable Thread engine;
  private volatile long allowed;
  private volatile long idleAt = -1;
  private volatile boolean abortRequested;
  private volatile Mailbox[] mailboxes = {};
  private int batchLength;

  /** Steps so far; written by the engine thread. */
  private long steps;

  InstantDecoder(int sequences, int sequenceContextSize) {
    this.sequences = sequences;
    this.sequenceContextSize = sequenceContextSize;
  }

  // ---- the benchmark's side ----

  /** The mailboxes to empty from the next step on. */
  void readers(Mailbox... boxes) {
    mailboxes = boxes;
  }

  /**
   * Lets the engine take this many steps, and waits until it asks for one more. Neither side spins while waiting, which two busy
   * processors would show in the measurement.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  void run(int count) {
    long target = allowed + count;
    caller = Thread.currentThread();
    allowed = target;
    LockSupport.unpark(engine);
    while (idleAt != target) {
      LockSupport.park(this);
    }
  }

  // ---- the engine's side ----

  @Override
  public Status decode() {
    if (steps == allowed) {
      engine = Thread.currentThread();
      idleAt = steps;
      LockSupport.unpark(caller);
      while (steps == allowed) {
        if (abortRequested) {
          return Status.ABORTED;
        }
        LockSupport.park(this);
      }
    }
    steps++;
    for (Mailbox mailbox : mailboxes) {
      while (!mailbox.isEmpty()) {
        mailbox.advance();
      }
    }
    return Status.OK;
  }

  @Override
  public Batch batch() {
    return this;
  }

  @Override
  public KvMemory memory() {
    return this;
  }

  @Override
  public Outputs outputs() {
    return this;
  }

  @Override
  public StateStore states() {
    return this;
  }

  @Override
  public int capacity() {
    return sequences * sequenceContextSize;
  }

  @Override
  public int outputCapacity() {
    return sequences;
  }

  @Override
  public int contextSize() {
    return 2 * sequences * sequenceContextSize;
  }

  @Override
  public int sequenceContextSize() {
    return sequenceContextSize;
  }

  @Override
  public int sequenceIds() {
    return sequences;
  }

  @Override
  public boolean sharesPrefixes() {
    return false;
  }

  @Override
  public boolean share(int from, int to, int length) {
    return false;
  }

  @Override
  public void clear() {
    batchLength = 0;
  }

  @Override
  public int addToken(int token, int position, int sequence, boolean output) {
    return batchLength++;
  }

  @Override
  public String failure() {
    return "";
  }

  @Override
  public String sampleFailure() {
    return "";
  }

  @Override
  public void clearSamples() {}

  @Override
  public void addSample(TokenSampler sampler, int row, int topLogprobs) {}

  @Override
  public void sample() {}

  @Override
  public int sampledToken(int index) {
    return TOKEN;
  }

  @Override
  public float sampledLogprob(int index) {
    return Float.NaN;
  }

  @Override
  public int topCount(int index) {
    return 0;
  }

  @Override
  public int topToken(int index, int rank) {
    throw new UnsupportedOperationException("no alternatives");
  }

  @Override
  public float topLogprob(int index, int rank) {
    throw new UnsupportedOperationException("no alternatives");
  }

  @Override
  public boolean removeFrom(int sequence, int position) {
    return true;
  }

  @Override
  public void remove(int sequence) {}

  @Override
  public boolean isOnHost() {
    return true;
  }

  @Override
  public Rewind rewind() {
    return Rewind.ALWAYS;
  }

  @Override
  public long stateBytes(int sequence) {
    return 0;
  }

  @Override
  public @Nullable StateImage save(int sequence) {
    return null;
  }

  @Override
  public boolean restore(StateImage image, int sequence) {
    return false;
  }

  @Override
  public StateImage read(ReadableByteChannel channel, long bytes) {
    throw new UnsupportedOperationException("no images");
  }

  @Override
  public byte[] fingerprint() {
    return new byte[32];
  }

  @Override
  public void requestAbort() {
    abortRequested = true;
    LockSupport.unpark(engine);
  }

  @Override
  public void clearAbort() {
    abortRequested = false;
  }

  @Override
  public void close() {}
}
