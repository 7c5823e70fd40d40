package io.panallama.server;

import io.panallama.TextGenerator;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** An engine whose generations a test writes by hand. */
public final class ScriptedGenerator implements TextGenerator {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final BlockingQueue<Script> started = new LinkedBlockingQueue<>();
  private final AtomicLong ids = new AtomicLong();
  private volatile Consumer<Script> onStart = script -> {};
  private volatile @Nullable RuntimeException refusal;
  private volatile Function<ChatRequest, String> render = request -> "<" + request.messages().getLast().content() + ">";
  private volatile ToIntFunction<GenerationRequest> count = request -> 3;

  /** Every new generation is passed to {@code play} before its request continues. */
  public ScriptedGenerator playing(Consumer<Script> play) {
    onStart = play;
    return this;
  }

  /** Prompts are rendered so. */
  public ScriptedGenerator rendering(Function<ChatRequest, String> template) {
    render = template;
    return this;
  }

  /** Prompts have this many tokens. */
  public ScriptedGenerator counting(ToIntFunction<GenerationRequest> tokens) {
    count = tokens;
    return this;
  }

  /** A generator that answers everything at once with these pieces. */
  public static ScriptedGenerator answering(String... pieces) {
    return new ScriptedGenerator()
        .playing(script -> {
          for (String piece : pieces) {
            script.say(piece);
          }
          script.finish(FinishReason.STOP);
        });
  }

  /** Makes {@link #generate} throw. */
  public void refuse(RuntimeException exception) {
    refusal = exception;
  }

  /** The next generation that a request started, in order. */
  public Script next() throws InterruptedException {
    Script script = started.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (script == null) {
      throw new AssertionError("No request reached the generator");
    }
    return script;
  }

  /** Whether a generation was started that {@link #next} hasn't returned. */
  public boolean startedMore() {
    return !started.isEmpty();
  }

  @Override
  public String render(ChatRequest request) {
    return render.apply(request);
  }

  @Override
  public int countTokens(GenerationRequest request) {
    return count.applyAsInt(request);
  }

  @Override
  public int countTokens(String text) {
    return text.length();
  }

  /** The token ids are the text's characters; 1 begins a text. */
  @Override
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return (addSpecial ? "\u0001" + text : text).chars().toArray();
  }

  @Override
  public String detokenize(int... tokens) {
    return new String(tokens, 0, tokens.length);
  }

  @Override
  public byte[] tokenBytes(int token) {
    return new byte[] {(byte) token};
  }

  @Override
  public Generation generate(GenerationRequest request) {
    RuntimeException exception = refusal;
    if (exception != null) {
      throw exception;
    }
    Script script = new Script(ids.incrementAndGet(), request);
    onStart.accept(script);
    started.add(script);
    return script;
  }

  /** A generation, and the methods that write its events. */
  public static final class Script implements Generation {
    private final long id;
    private final GenerationRequest request;
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final Queue<PromptProgress> prompt = new ConcurrentLinkedQueue<>();
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean ended;

    Script(long id, GenerationRequest request) {
      this.id = id;
      this.request = request;
    }

    public GenerationRequest request() {
      return request;
    }

    public void say(String text) {
      events.add(new GenerationEvent.Text(text, List.of()));
    }

    /** Tells how far the prompt is. */
    public void compute(PromptProgress state) {
      prompt.add(state);
    }

    public void emit(GenerationEvent event) {
      events.add(event);
    }

    public void finish(FinishReason reason) {
      finish(
          reason,
          new Usage(12, 4, 5, 0),
          new Timings(Duration.ofMillis(1), Duration.ofMillis(20), Duration.ofMillis(40)));
    }

    /** Ends at a stop text. */
    public void finishAt(String stopText) {
      events.add(
          new GenerationEvent.Finished(
              FinishReason.STOP_TEXT,
              new Usage(12, 4, 5, 0),
              new Timings(Duration.ofMillis(1), Duration.ofMillis(20), Duration.ofMillis(40)),
              stopText));
    }

    public void finish(FinishReason reason, Usage usage, Timings timings) {
      events.add(new GenerationEvent.Finished(reason, usage, timings));
    }

    public void fail(GenerationException failure) {
      events.add(failure);
    }

    /** Makes the generation throw an exception that no generation should throw. */
    public void fault(RuntimeException fault) {
      events.add(fault);
    }

    /** Waits until the server cancelled this generation, or closed it before its end. */
    public boolean awaitCancel() throws InterruptedException {
      return awaitCancel(PATIENCE);
    }

    /** Waits this long for the server to cancel. */
    public boolean awaitCancel(Duration patience) throws InterruptedException {
      return cancelled.await(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits until the server closed this generation. */
    public boolean awaitClose() throws InterruptedException {
      return closed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    public boolean isCancelled() {
      return cancelled.getCount() == 0;
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public OptionalInt promptTokens() {
      return OptionalInt.of(12);
    }

    @Override
    public Optional<PromptProgress> promptProgress() {
      return Optional.ofNullable(prompt.poll());
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
      if (ended) {
        throw new NoSuchElementException("finished");
      }
      Object next = events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (next instanceof RuntimeException failure) {
        throw failure;
      }
      ended = next instanceof GenerationEvent.Finished;
      return Optional.ofNullable((GenerationEvent) next);
    }

    @Override
    public void cancel() {
      cancelled.countDown();
      finish(FinishReason.CANCELLED);
    }

    @Override
    public void close() {
      if (!ended) {
        cancelled.countDown();
      }
      closed.countDown();
    }
  }
}
