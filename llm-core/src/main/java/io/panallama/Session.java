package io.panallama;

import io.panallama.config.SpillConfig;
import io.panallama.error.Checks;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.engine.SequenceListener;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A text that grows by generations and can be branched and taken back: a conversation, an agent's history, a document.
 *
 * <p>A session is a name for a path of tokens. It holds neither a slot nor cells of the KV cache: what was computed for it
 * stays in the engine's prefix cache as long as there is room, in host memory and on disk as {@link SpillConfig} allows, and
 * is computed again otherwise, with the same result. Thousands of idle sessions cost their token ids, four bytes each; forks
 * share them. Nothing has to be closed.
 *
 * <p>Each generation starts its samplers anew: penalties look back on the session's tokens, the random numbers begin with
 * the seed, averages such as Mirostat's begin afresh. The same session, options and seed therefore give the same
 * continuation, also after a fork, a rewind or a restart.
 *
 * <p>Safe for any thread; one generation at a time. While one is running, the other methods throw {@link
 * IllegalStateException}; after it was cancelled or closed, they wait until it has ended.
 */
public final class Session {
  private static final int[] NOTHING = {};

  private final Engine engine;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();

  /** Never changed in place, so that forks can share it. */
  private int[] tokens;

  private @Nullable Running running;

  Session(Engine engine) {
    this(engine, NOTHING);
  }

  Session(Engine engine, int[] tokens) {
    this.engine = engine;
    this.tokens = tokens;
  }

  /** How many tokens the session has. */
  public int position() {
    lock.lock();
    try {
      return path().length;
    } finally {
      lock.unlock();
    }
  }

  /** A copy of the token ids. */
  public int[] tokens() {
    lock.lock();
    try {
      return path().clone();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Continues the session.
   *
   * <p>The prompt of a {@link CompletionRequest} is appended to what is there; tokens that the vocabulary puts at the
   * beginning of a text are added to the first one only. A {@link ChatRequest} is a whole conversation and takes the place
   * of what is there; where both begin alike nothing is computed again. When the generation ends, the session has prompt
   * and completion, without a final end-of-generation token and with the tokens of a stop text; after a cancellation what
   * was generated until then, which can be more than was read. After a failure it is as it was before.
   *
   * @throws InvalidRequestException as {@link Engine#generate}
   * @throws EngineBusyException if the queue is full
   * @throws IllegalStateException if a generation of this session is running or the engine is closed
   */
  public Generation generate(GenerationRequest request) {
    lock.lock();
    try {
      // If the engine thread tells of the end at once, it waits for the lock.
      Running next = new Running(request, path());
      running = next.over ? null : next;
      return next;
    } finally {
      lock.unlock();
    }
  }

  /** A second session with the same tokens, from here on on its own. Costs nothing until the two differ. */
  public Session fork() {
    lock.lock();
    try {
      return new Session(engine, path());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes tokens back.
   *
   * @param position how many stay, 0 to {@link #position}
   * @throws InvalidRequestException if there are not so many
   */
  public void rewind(int position) {
    lock.lock();
    try {
      int[] before = path();
      Checks.inRange("position", position, 0, before.length);
      tokens = position == before.length ? before : Arrays.copyOf(before, position);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes the session to a file: its tokens, and the KV state after them, which is computed if the engine has lost it. The
   * file is there as a whole or not at all; one that is there already is replaced. It holds what was said in a form that can
   * be read back, and only its owner may read it.
   *
   * @throws InvalidRequestException if the session has no tokens, or more than fit into a context
   * @throws SessionFileException if the file can't be written
   * @throws EngineBusyException if the queue is full
   * @throws GenerationException if the state can't be computed
   * @throws IllegalStateException if a generation of this session is running or the engine is closed
   */
  public void save(Path file) {
    int[] saved;
    lock.lock();
    try {
      saved = path();
    } finally {
      lock.unlock();
    }
    engine.saveSession(saved, file);
  }

  /** The tokens once no generation is running. */
  private int[] path() {
    while (running != null) {
      if (!running.cancelled) {
        throw new IllegalStateException("A generation of this session is running; read it to its end or cancel it.");
      }
      idle.awaitUninterruptibly();
    }
    return tokens;
  }

  private void end(Running generation, int[] result) {
    lock.lock();
    try {
      generation.over = true;
      tokens = result;
      running = null;
      idle.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The generation that is going on, which tells the session of its end. */
  private final class Running implements Generation, SequenceListener {
    private final int[] before;
    private final Generation generation;
    private volatile boolean cancelled;

    /** Guarded by the lock. */
    private boolean over;

    Running(GenerationRequest request, int[] before) {
      this.before = before;
      this.generation = engine.generate(request, before, this);
    }

    @Override
    public long id() {
      return generation.id();
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
      return generation.poll(timeout);
    }

    @Override
    public Completion await() {
      return generation.await();
    }

    @Override
    public void cancel() {
      cancelled = true;
      generation.cancel();
    }

    @Override
    public void close() {
      cancelled = true;
      generation.close();
    }

    @Override
    public void ended(int[] result) {
      end(this, result);
    }

    @Override
    public void failed() {
      end(this, before);
    }

    @Override
    public String toString() {
      return generation + " of a session";
    }
  }

  @Override
  public String toString() {
    return "Session[" + tokens.length + " tokens]";
  }
}
