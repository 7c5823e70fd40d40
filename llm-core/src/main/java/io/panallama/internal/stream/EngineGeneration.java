package io.panallama.internal.stream;

import io.panallama.error.GenerationException;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The reader's side of a generation, and the flags through which reader and engine communicate. */
public final class EngineGeneration extends SingleReader {
  private final long id;
  private final int promptTokens;
  private final Mailbox mailbox;
  private final boolean logprobs;
  private final ReaderListener engine;
  private final IntConsumer tokensRead;

  private volatile boolean cancelled;
  private volatile boolean prefilling;
  private volatile boolean stalled;

  /** Written by the engine before {@link Mailbox#end}. */
  private GenerationEvent.@Nullable Finished outcome;

  private @Nullable GenerationException failure;

  private final PromptStates prompt = new PromptStates();

  // Owned by the reader.
  private final Utf8Assembler text = new Utf8Assembler();
  private List<TokenLogprobs> pendingLogprobs = new ArrayList<>();
  private @Nullable TokenEnds tokenEnds;
  private int charactersRead;
  private boolean textFlushed;
  private boolean finishedRead;
  private volatile boolean closed;

  public EngineGeneration(long id, int promptTokens, Mailbox mailbox, boolean logprobs, ReaderListener engine) {
    this(id, promptTokens, mailbox, logprobs, engine, _ -> {});
  }

  /**
   * @param promptTokens the length of its prompt
   * @param tokensRead gets each token on the reader's thread, before its text is returned
   */
  public EngineGeneration(
      long id, int promptTokens, Mailbox mailbox, boolean logprobs, ReaderListener engine, IntConsumer tokensRead) {
    this.id = id;
    this.promptTokens = promptTokens;
    this.tokensRead = tokensRead;
    this.mailbox = mailbox;
    this.logprobs = logprobs;
    this.engine = engine;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public OptionalInt promptTokens() {
    return OptionalInt.of(promptTokens);
  }

  @Override
  public Optional<PromptProgress> promptProgress() {
    return prompt.take();
  }

  /** Reports a state of the prompt, in place of one that was not read, unless that is the first. Called by the engine. */
  public void promptProgress(PromptProgress state) {
    prompt.put(state);
  }

  @Override
  protected Optional<GenerationEvent> nextOfMany() throws InterruptedException {
    mailbox.awaitMany();
    return next(Duration.ZERO);
  }

  @Override
  protected Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    if (finishedRead || closed) {
      throw new NoSuchElementException(closed ? "The generation is closed." : "The generation has finished.");
    }
    long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
    while (true) {
      Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
      if (!mailbox.await(left)) {
        return Optional.empty();
      }
      if (mailbox.isEmpty()) {
        return Optional.of(end());
      }
      if (mailbox.isOfPrompt()) {
        return Optional.of(promptEvent());
      }
      mailbox.recordEmit(id);
      boolean hasToken = mailbox.token() != Mailbox.NO_TOKEN;
      if (hasToken) {
        tokensRead.accept(mailbox.token());
      }
      if (logprobs && hasToken) {
        pendingLogprobs.add(readLogprobs());
      }
      mailbox.drainBytes(text);
      mailbox.advance();
      tellIfDrained();
      String piece = text.take();
      charactersRead += piece.length();
      if (hasToken && tokenEnds != null) {
        tokenEnds.add(charactersRead);
      }
      if (!piece.isEmpty() || !pendingLogprobs.isEmpty()) {
        return Optional.of(textEvent(piece));
      }
    }
  }

  /** All entries of the prompt that are there, as one event. */
  private GenerationEvent promptEvent() {
    List<TokenLogprobs> tokens = new ArrayList<>();
    while (!mailbox.isEmpty() && mailbox.isOfPrompt()) {
      tokens.add(readLogprobs());
      mailbox.advance();
    }
    tellIfDrained();
    return new GenerationEvent.PromptLogprobs(tokens);
  }

  private void tellIfDrained() {
    if (stalled && mailbox.hasDrained()) {
      engine.caughtUp();
    }
  }

  /** Where the tokens that are read from now on end in the text; it grows with each event. For the reader, before its first read. */
  public TokenEnds tokenEnds() {
    TokenEnds ends = new TokenEnds();
    tokenEnds = ends;
    return ends;
  }

  private GenerationEvent end() {
    mailbox.waitingIsOver();
    if (failure != null) {
      throw again(failure);
    }
    if (!textFlushed) {
      textFlushed = true;
      String rest = text.finish();
      if (!rest.isEmpty()) {
        return textEvent(rest);
      }
    }
    finishedRead = true;
    if (outcome == null) {
      throw new IllegalStateException("The generation ended without an outcome.");
    }
    return outcome;
  }

  private GenerationEvent textEvent(String piece) {
    List<TokenLogprobs> tokens = pendingLogprobs;
    if (!tokens.isEmpty()) {
      pendingLogprobs = new ArrayList<>();
    }
    return new GenerationEvent.Text(piece, tokens);
  }

  private TokenLogprobs readLogprobs() {
    List<TokenLogprob> top = new ArrayList<>(mailbox.topCount());
    for (int rank = 0; rank < mailbox.topCount(); rank++) {
      top.add(new TokenLogprob(mailbox.topToken(rank), mailbox.topLogprob(rank)));
    }
    return new TokenLogprobs(new TokenLogprob(mailbox.token(), mailbox.logprob()), top);
  }

  @Override
  public void cancel() {
    if (!cancelled) {
      cancelled = true;
      engine.cancelled(this);
    }
  }

  @Override
  public void close() {
    closed = true;
    cancel();
    mailbox.waitingIsOver();
  }

  public boolean isCancelled() {
    return cancelled;
  }

  /** Whether the step that is being computed contains prompt tokens of this generation. */
  public boolean isPrefilling() {
    return prefilling;
  }

  public void prefilling(boolean value) {
    prefilling = value;
  }

  public void stalled(boolean value) {
    stalled = value;
    mailbox.paused(value);
  }

  public Mailbox mailbox() {
    return mailbox;
  }

  public void finish(GenerationEvent.Finished value) {
    outcome = value;
    mailbox.end();
  }

  public void fail(GenerationException value) {
    failure = value;
    mailbox.end();
  }

  @Override
  public String toString() {
    return "Generation " + id + (cancelled ? " (cancelled)" : "");
  }
}
