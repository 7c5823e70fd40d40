package io.panallama;

import io.panallama.chat.ChatMessage;
import io.panallama.config.SpillConfig;
import io.panallama.error.Checks;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.engine.SequenceListener;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A conversation or a text that grows by generations and can be branched and taken back.
 *
 * <pre>{@code
 * Session session = engine.openSession(List.of(ChatMessage.system("Answer briefly.")));
 * System.out.println(session.say("What is the capital of France?").await().text());
 * System.out.println(session.say("And of Spain?").await().text());
 * }</pre>
 *
 * <p>A session is a path of tokens, and the messages that they come from if it is a conversation. It holds neither a slot nor cells
 * of the KV cache: the state that was computed for it stays in the engine's prefix cache as long as there is room, in host memory and
 * on disk as {@link SpillConfig} allows, and is computed again otherwise, with the same result. Thousands of idle sessions cost their
 * token ids, four bytes each, and their messages; forks share them. Nothing has to be closed.
 *
 * <p>Each generation starts its samplers anew: penalties look back on the session's tokens, the random numbers begin with
 * the seed, averages such as Mirostat's begin afresh. The same session, options and seed therefore give the same
 * continuation, also after a fork, a rewind or a restart.
 *
 * <p>Thread-safe; one generation at a time. While one is running, the other methods throw {@link IllegalStateException}; after
 * it was cancelled or closed, they wait until it has ended. The answer to a message counts as running until it was read to its end.
 */
public final class Session {
  private final Engine engine;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();

  /** Never changed in place, so that forks can share it. */
  private int[] tokens;

  private List<ChatMessage> messages;

  /** The ends of turns, in order, so that rewinding takes back messages, too. */
  private List<Mark> marks;

  private @Nullable Running running;

  /**
   * Where a turn has ended.
   *
   * @param position the number of tokens up to there
   * @param messages the number of messages up to there
   */
  private record Mark(int position, int messages) {}

  Session(Engine engine, int[] tokens, List<ChatMessage> messages) {
    this(
        engine,
        tokens,
        List.copyOf(messages),
        messages.isEmpty() ? List.of() : List.of(new Mark(tokens.length, messages.size())));
  }

  private Session(Engine engine, int[] tokens, List<ChatMessage> messages, List<Mark> marks) {
    this.engine = engine;
    this.tokens = tokens;
    this.messages = messages;
    this.marks = marks;
  }

  /** How many tokens the session has. */
  public int position() {
    lock.lock();
    try {
      settle();
      return tokens.length;
    } finally {
      lock.unlock();
    }
  }

  /** A copy of the token ids. */
  public int[] tokens() {
    lock.lock();
    try {
      settle();
      return tokens.clone();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The messages of the conversation, with the answers as far as they were read. Empty for a session of raw text. Unmodifiable.
   */
  public List<ChatMessage> messages() {
    lock.lock();
    try {
      settle();
      return messages;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Says something to the model, with default options.
   *
   * @return the answer, which becomes part of the conversation as far as it is read
   */
  public Generation say(String userMessage) {
    return say(ChatRequest.of(userMessage));
  }

  /**
   * Goes on with the conversation: the messages of the request are appended to {@link #messages}, and the answer after them.
   *
   * <p>The template renders the whole conversation. Where that begins with the text of the session's tokens, only what it adds is
   * tokenized, so the turn starts from the KV state that is there. After a failure the session is as it was before.
   *
   * @param next its tools, template options and generation options hold for this turn
   * @throws InvalidRequestException as {@link Engine#generate}
   * @throws EngineBusyException if the queue is full
   * @throws IllegalStateException if a generation of this session is running, or the session has tokens that are not of its
   *     messages, because they were restored, generated or rewound without them
   */
  public Generation say(ChatRequest next) {
    lock.lock();
    try {
      settle();
      int known = marks.isEmpty() ? 0 : marks.getLast().position();
      if (known < tokens.length) {
        throw new IllegalStateException(
            "The session has "
                + (tokens.length - known)
                + " tokens that are not of its messages; rewind it to "
                + known
                + ", or go on by generate().");
      }
      List<ChatMessage> all = new ArrayList<>(messages);
      all.addAll(next.messages());
      return start(next.toBuilder().messages(all).build());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Continues the session.
   *
   * <p>The prompt of a {@link CompletionRequest} is appended to the session's tokens; tokens that the vocabulary puts at the
   * beginning of a text are added to the first one only. It adds no message. A {@link ChatRequest} is a whole conversation and takes
   * the place of tokens and messages; where both begin alike nothing is computed again. When the generation ends, the session has
   * prompt and completion, without a final end-of-generation token and with the tokens of a stop text; after a cancellation, what
   * was generated until then, which can be more than was read. After a failure it is as it was before.
   *
   * @throws InvalidRequestException as {@link Engine#generate}
   * @throws EngineBusyException if the queue is full
   * @throws IllegalStateException if a generation of this session is running
   */
  public Generation generate(GenerationRequest request) {
    lock.lock();
    try {
      settle();
      return start(request);
    } finally {
      lock.unlock();
    }
  }

  private Generation start(GenerationRequest request) {
    // If the engine thread tells of the end at once, it waits for the lock.
    Running next = new Running(request, tokens);
    running = next;
    return next;
  }

  /** A second session with the same tokens and messages, independent from here on. Costs nothing until the two differ. */
  public Session fork() {
    lock.lock();
    try {
      settle();
      return new Session(engine, tokens, messages, marks);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes tokens back, and the messages whose turns had not ended there.
   *
   * @param position how many tokens stay, 0 to {@link #position}
   * @throws InvalidRequestException if there are fewer
   */
  public void rewind(int position) {
    lock.lock();
    try {
      settle();
      Checks.inRange("position", position, 0, tokens.length);
      tokens = position == tokens.length ? tokens : Arrays.copyOf(tokens, position);
      marks = marks.stream().filter(mark -> mark.position() <= position).toList();
      messages = messages.subList(0, marks.isEmpty() ? 0 : marks.getLast().messages());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes the session's tokens to a file, and the KV state after them, which is computed if the engine has lost it. The file does
   * not hold {@link #messages}: keep them yourself and give them to {@link Engine#restoreSession(Path, List)}.
   *
   * <p>The file is there as a whole or not at all; one that is there already is replaced. It holds what was said in a form that can
   * be read back, and only its owner may read it.
   *
   * @throws InvalidRequestException if the session has no tokens, or more than fit into a context
   * @throws SessionFileException if the file can't be written
   * @throws EngineBusyException if the queue is full
   * @throws GenerationException if the state can't be computed
   * @throws IllegalStateException if a generation of this session is running
   */
  public void save(Path file) {
    engine.saveSession(tokens(), file);
  }

  /** Takes over the result of the generation that was running, once it has ended; the lock is held. */
  private void settle() {
    while (running != null) {
      Running last = running;
      if (last.ended && (last.isRead || last.stopped)) {
        running = null;
        last.takeOver();
      } else if (last.stopped || last.chat != null && last.isRead) {
        idle.awaitUninterruptibly();
      } else {
        throw new IllegalStateException("A generation of this session is running; read it to its end or cancel it.");
      }
    }
  }

  /** The generation that is going on, which tells the session of its end. */
  private final class Running implements Generation, SequenceListener {
    private final @Nullable ChatRequest chat;
    private final Generation generation;

    private volatile boolean begun;
    private volatile boolean stopped;

    // Guarded by the lock.

    /** What was read event by event. */
    private final CompletionBuilder answer = new CompletionBuilder();

    private boolean ended;
    private boolean isRead;
    private boolean hasFailed;
    private int[] result = {};
    private @Nullable Completion completion;

    Running(GenerationRequest request, int[] before) {
      this.chat = request instanceof ChatRequest given ? given : null;
      // Only the answer to a message is taken from the reader.
      this.isRead = chat == null;
      this.generation = engine.generate(request, before, this);
    }

    /** The session after this generation. The lock is held. */
    private void takeOver() {
      if (hasFailed) {
        return;
      }
      if (chat != null) {
        List<ChatMessage> all = new ArrayList<>(chat.messages());
        ChatMessage said = completion == null ? ChatMessage.assistant(answer.text()) : completion.toMessage();
        boolean silent = said.content().isEmpty() && said.toolCalls().isEmpty() && said.reasoning().isEmpty();
        if (!silent) {
          all.add(said);
        }
        List<Mark> ends = new ArrayList<>(goesOn(chat.messages()) ? marks : List.of());
        ends.add(new Mark(result.length, all.size()));
        marks = List.copyOf(ends);
        messages = List.copyOf(all);
      }
      tokens = result;
    }

    /** Whether tokens and messages only grew, so that the ends of earlier turns are where they were. */
    private boolean goesOn(List<ChatMessage> prompt) {
      return result.length >= tokens.length
          && Arrays.equals(tokens, 0, tokens.length, result, 0, tokens.length)
          && prompt.size() >= messages.size()
          && prompt.subList(0, messages.size()).equals(messages);
    }

    private void read(@Nullable Completion whole, boolean failure) {
      lock.lock();
      try {
        completion = whole;
        isRead = true;
        hasFailed |= failure;
        idle.signalAll();
      } finally {
        lock.unlock();
      }
    }

    private void end(boolean failure, int[] tokensThen) {
      lock.lock();
      try {
        ended = true;
        hasFailed |= failure;
        result = tokensThen;
        idle.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long id() {
      return generation.id();
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
      try {
        Optional<GenerationEvent> event = generation.poll(timeout);
        if (event.isPresent()) {
          begun = true;
          take(event.get());
        }
        return event;
      } catch (GenerationException failure) {
        read(null, true);
        throw failure;
      }
    }

    private void take(GenerationEvent event) {
      lock.lock();
      try {
        answer.add(event).ifPresent(whole -> read(whole, false));
      } finally {
        lock.unlock();
      }
    }

    @Override
    public Completion await() {
      if (begun) {
        return Generation.super.await();
      }
      try {
        Completion whole = generation.await();
        read(whole, false);
        return whole;
      } catch (GenerationException failure) {
        read(null, true);
        throw failure;
      }
    }

    @Override
    public void cancel() {
      stopped = true;
      generation.cancel();
    }

    @Override
    public void close() {
      stopped = true;
      generation.close();
    }

    @Override
    public void ended(int[] path) {
      end(false, path);
    }

    @Override
    public void failed() {
      end(true, result);
    }

    @Override
    public String toString() {
      return generation + " of a session";
    }
  }

  @Override
  public String toString() {
    return "Session[" + tokens.length + " tokens, " + messages.size() + " messages]";
  }
}
