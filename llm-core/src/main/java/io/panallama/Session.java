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
import io.panallama.generation.PromptProgress;
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
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A conversation or a text that grows by generations and can be forked and rewound.
 *
 * <pre>{@code
 * Session session = engine.openSession(List.of(ChatMessage.system("Answer briefly.")));
 * System.out.println(session.say("What is the capital of France?").await().text());
 * System.out.println(session.say("And of Spain?").await().text());
 * }</pre>
 *
 * <p>A session is a sequence of tokens, plus the messages that they come from if it is a conversation. It holds neither
 * a slot nor KV cells: its computed state stays in the engine's prefix cache for as long as there is room, in host
 * memory and on disk as {@link SpillConfig} allows, and is otherwise recomputed, with the same result. Thousands of
 * idle sessions cost their token ids, four bytes each, and their messages; forks share them. Nothing has to be closed.
 *
 * <p>Each generation starts with fresh samplers: penalties look back on the session's tokens, the random numbers start
 * from the seed, and averages such as Mirostat's start anew. The same session, options and seed therefore give the same
 * continuation, even after a fork, a rewind or a restart.
 *
 * <p>Thread-safe; one generation at a time. While one is running, the other methods throw
 * {@link IllegalStateException}; after it was cancelled or closed, they wait until it has ended. The answer to a
 * message counts as running until it has been read to its end.
 */
public final class Session {
  private final LocalEngine engine;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();

  /** Never modified in place, so that forks can share it. */
  private int[] tokens;

  private List<ChatMessage> messages;

  /** The ends of turns, in order, so that a rewind removes messages, too. */
  private List<Mark> marks;

  private @Nullable Running running;

  /**
   * The end of a turn.
   *
   * @param position number of tokens up to there
   * @param messages number of messages up to there
   */
  private record Mark(int position, int messages) {}

  Session(LocalEngine engine, int[] tokens, List<ChatMessage> messages) {
    this(
        engine,
        tokens,
        List.copyOf(messages),
        messages.isEmpty() ? List.of() : List.of(new Mark(tokens.length, messages.size())));
  }

  private Session(LocalEngine engine, int[] tokens, List<ChatMessage> messages, List<Mark> marks) {
    this.engine = engine;
    this.tokens = tokens;
    this.messages = messages;
    this.marks = marks;
  }

  /** The number of tokens in the session. */
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
   * The messages of the conversation, with answers as far as they were read. Empty for a session of raw text.
   * Unmodifiable.
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
   * Sends a user message to the model, with default options.
   *
   * @return the answer, which becomes part of the conversation as far as it is read
   */
  public Generation say(String userMessage) {
    return say(ChatRequest.of(userMessage));
  }

  /**
   * Continues the conversation: the messages of the request are appended to {@link #messages}, and the answer after
   * them.
   *
   * <p>The template renders the whole conversation. If that begins with the text of the session's tokens, only the
   * addition is tokenized, so the turn starts from the existing KV state. After a failure the session is unchanged.
   *
   * @param next the messages; its tools, template options and generation options apply to this turn
   * @throws InvalidRequestException as {@link Engine#generate}
   * @throws EngineBusyException if the queue is full
   * @throws IllegalStateException if a generation of this session is running, or the session has tokens that do not
   *     come from its messages, because they were restored, generated or rewound without them
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
   * <p>The prompt of a {@link CompletionRequest} is appended to the session's tokens; tokens that the vocabulary puts
   * at the beginning of a text are added only to the first one. It adds no message. A {@link ChatRequest} is a whole
   * conversation and replaces tokens and messages; their common beginning is not recomputed. When the generation ends,
   * the session contains prompt and completion, without a final end-of-generation token and with the tokens of a stop
   * text; after a cancellation, it contains everything generated until then, which can be more than was read. After a
   * failure it is unchanged.
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
    // If the engine thread reports the end at once, it waits for the lock.
    Running next = new Running(request, tokens);
    running = next;
    return next;
  }

  /**
   * Creates a second session with the same tokens and messages, independent from now on. It costs nothing until the two
   * differ.
   */
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
   * Removes tokens from the end, and the messages of turns that had not ended at that position.
   *
   * @param position number of tokens to keep, 0 to {@link #position}
   * @throws InvalidRequestException if the session has fewer tokens
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
   * Writes the session's tokens and the KV state after them to a file; the state is recomputed if the engine has lost
   * it. The file does not contain {@link #messages}: keep them yourself and pass them to
   * {@link Engine#restoreSession(Path, List)}.
   *
   * <p>The file appears as a whole or not at all; an existing one is replaced. It contains the conversation in a form
   * that can be recovered, and only its owner may read it.
   *
   * @throws InvalidRequestException if the session has no tokens, or more than fit into a context
   * @throws SessionFileException if the file can't be written, which an interrupt ends, too
   * @throws EngineBusyException if the queue is full
   * @throws GenerationException if the state can't be computed
   * @throws IllegalStateException if a generation of this session is running
   */
  public void save(Path file) {
    engine.saveSession(tokens(), file);
  }

  /** Takes over the result of the generation that was running, once it has ended. The caller holds the lock. */
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

  /** The generation in progress, which reports its end to the session. */
  private final class Running implements Generation, SequenceListener {
    private final @Nullable ChatRequest chat;
    private final Generation generation;

    private volatile boolean begun;
    private volatile boolean stopped;

    // Guarded by the lock.

    /** Assembles the events read so far. */
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

    /** Makes the session's state that after this generation. The caller holds the lock. */
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

    /** Whether tokens and messages were only appended, so that the ends of earlier turns are where they were. */
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
    public OptionalInt promptTokens() {
      return generation.promptTokens();
    }

    @Override
    public Optional<PromptProgress> promptProgress() {
      return generation.promptProgress();
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
