package io.panallama;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;

/**
 * Sends signals to the worker of an isolated engine at random moments under sixteen streams, and compares every answer
 * with that of an engine that nobody disturbs. A greedy answer that is another one is checked to its end by
 * {@link GreedyReplay}. Of a sampled one only the number of tokens is known, and whether it is the same is counted.
 */
final class IsolationChaos {
  private static final int STREAMS = 16;
  private static final int QUESTIONS = 39;
  private static final int MAX_TOKENS = 200;

  /** The most tokens of all streams between two signals. */
  private static final int MOST_TOKENS = 1500;

  /** How a question is asked, by the number of the question. */
  private enum Kind {
    /** A conversation, with log-probabilities: the tokens of the answer are known. */
    CHAT,
    /** A raw prompt, without: only the text is known. */
    TEXT,
    /** Sampled with a seed, with log-probabilities. */
    SAMPLED;

    static Kind of(int question) {
      return values()[question % values().length];
    }
  }

  /**
   * An answer as its reader saw it.
   *
   * @param longestGap between two events, in nanoseconds
   */
  private record Answer(String text, int[] tokens, GenerationEvent.Finished end, long longestGap) {
    boolean equalTo(Answer other) {
      return text.equals(other.text)
          && Arrays.equals(tokens, other.tokens)
          && end.reason() == other.end.reason()
          && end.usage().completionTokens() == other.end.usage().completionTokens();
    }
  }

  private final Engine undisturbed;
  private final IsolatedEngine victim;
  private final Random random;
  private final List<Answer> expected = new ArrayList<>();
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger tokens = new AtomicInteger();
  private final AtomicInteger equal = new AtomicInteger();
  private final AtomicInteger replayed = new AtomicInteger();
  private final AtomicInteger sampled = new AtomicInteger();
  private final AtomicInteger sampledEqual = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger resumed = new AtomicInteger();
  private final AtomicInteger resumedAnswers = new AtomicInteger();
  private final List<Long> restarts = new ArrayList<>();
  private final List<Float> ties = Collections.synchronizedList(new ArrayList<>());
  private final List<Long> gaps = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean enough;

  IsolationChaos(Engine undisturbed, IsolatedEngine victim, Random random) {
    this.undisturbed = undisturbed;
    this.victim = victim;
    this.random = random;
  }

  List<String> failures() {
    return failures;
  }

  int signals() {
    return restarts.size();
  }

  int resumed() {
    return resumed.get();
  }

  private GenerationRequest question(int number) {
    Kind kind = Kind.of(number);
    Sampling sampling =
        kind == Kind.SAMPLED ? Sampling.builder().temperature(1).seed(number).build() : Sampling.greedy();
    GenerationOptions options =
        GenerationOptions.builder()
            .sampling(sampling)
            .maxTokens(MAX_TOKENS)
            .topLogprobs(kind == Kind.TEXT ? 0 : 2)
            .build();
    return kind == Kind.TEXT
        ? CompletionRequest.of("Once upon a time there were " + number + " ").with(options)
        : ChatRequest.of("Tell me a story about the number " + number + ".").with(options);
  }

  private int[] prompt(int number) {
    return question(number) instanceof ChatRequest chat
        ? undisturbed.tokenize(undisturbed.render(chat), true, true)
        : undisturbed.tokenize("Once upon a time there were " + number + " ", true, false);
  }

  /**
   * Sends these signals in turn, each to a new worker, and waits for all answers.
   *
   * @param more whether there is to be another one, by how many there were
   */
  void run(IntPredicate more, List<String> names) throws InterruptedException, IOException {
    for (int number = 0; number < QUESTIONS; number++) {
      expected.add(read(undisturbed.generate(question(number))));
    }
    checkTheCheck();
    List<CompletableFuture<Void>> streams = new ArrayList<>();
    for (int stream = 0; stream < STREAMS; stream++) {
      int first = stream;
      streams.add(CompletableFuture.runAsync(() -> ask(first), task -> Thread.ofVirtual().start(task)));
    }
    for (int i = 0; more.test(i); i++) {
      long pid = awaitOther(0);
      // At times none: the signal then comes while the requests are prepared again.
      awaitTokens(random.nextInt(4) == 0 ? 0 : random.nextInt(MOST_TOKENS));
      Thread.sleep(random.nextInt(50));
      long sent = System.nanoTime();
      new ProcessBuilder("kill", "-" + names.get(i % names.size()), Long.toString(pid)).start().waitFor();
      awaitOther(pid);
      restarts.add(System.nanoTime() - sent);
    }
    enough = true;
    streams.forEach(CompletableFuture::join);
  }

  /** A token left out of an expected answer, or written twice, must be found; otherwise a run says nothing. */
  private void checkTheCheck() {
    int number = 0;
    while (Kind.of(number) != Kind.CHAT || expected.get(number).tokens().length < 20) {
      number++;
    }
    Answer answer = expected.get(number);
    int at = 10;
    int[] tokens = answer.tokens();
    int[] without = new int[tokens.length - 1];
    System.arraycopy(tokens, 0, without, 0, at);
    System.arraycopy(tokens, at + 1, without, at, without.length - at);
    int[] twice = new int[tokens.length + 1];
    System.arraycopy(tokens, 0, twice, 0, at + 1);
    System.arraycopy(tokens, at, twice, at + 1, tokens.length - at);
    GreedyReplay replay = new GreedyReplay(undisturbed, prompt(number));
    FinishReason reason = answer.end().reason();
    if (replay.faultInTokens(tokens, reason).isPresent()
        || replay.faultInTokens(without, reason).isEmpty()
        || replay.faultInTokens(twice, reason).isEmpty()) {
      throw new IllegalStateException("the check does not work: " + replay.faultInTokens(tokens, reason));
    }
  }

  /** Waits until the worker has generated this many tokens more. */
  private void awaitTokens(int count) throws InterruptedException {
    long before = victim.stats().generatedTokens();
    while (victim.stats().generatedTokens() < before + count) {
      Thread.sleep(1);
    }
  }

  private long awaitOther(long old) throws InterruptedException {
    long pid = victim.pid();
    while (pid == 0 || pid == old || victim.state() != EngineState.RUNNING) {
      Thread.sleep(1);
      pid = victim.pid();
      if (victim.state() == EngineState.FAILED) {
        throw new IllegalStateException("the engine has failed; failures so far: " + failures);
      }
    }
    return pid;
  }

  private void ask(int stream) {
    for (int turn = stream; !enough; turn += STREAMS) {
      int number = turn % QUESTIONS;
      try {
        Answer answer = read(victim.generate(question(number)));
        answers.incrementAndGet();
        tokens.addAndGet(answer.end().usage().completionTokens());
        int resumptions = answer.end().timings().resumed();
        if (resumptions > 0) {
          resumed.addAndGet(resumptions);
          resumedAnswers.incrementAndGet();
          gaps.add(answer.longestGap());
        }
        check(number, answer);
      } catch (RuntimeException failure) {
        failed.incrementAndGet();
        failures.add("question " + number + ": " + failure);
      }
    }
  }

  private static Answer read(Generation generation) {
    StringBuilder text = new StringBuilder();
    List<TokenLogprobs> logprobs = new ArrayList<>();
    GenerationEvent.Finished end = null;
    long longest = 0;
    long last = 0;
    try (generation) {
      for (GenerationEvent event : generation) {
        long now = System.nanoTime();
        longest = last == 0 ? 0 : Math.max(longest, now - last);
        last = now;
        switch (event) {
          case GenerationEvent.Text piece -> {
            text.append(piece.text());
            logprobs.addAll(piece.logprobs());
          }
          case GenerationEvent.Finished finished -> end = finished;
          default -> throw new IllegalStateException("unexpected: " + event);
        }
      }
    }
    if (end == null) {
      throw new IllegalStateException("no end after: " + text);
    }
    return new Answer(
        text.toString(), logprobs.stream().mapToInt(token -> token.chosen().token()).toArray(), end, longest);
  }

  private void check(int number, Answer answer) {
    Kind kind = Kind.of(number);
    int count = answer.end().usage().completionTokens();
    if (kind != Kind.TEXT && answer.tokens().length != count) {
      fault(number, answer, answer.tokens().length + " log-probabilities, but " + count + " tokens");
      return;
    }
    boolean same = answer.equalTo(expected.get(number));
    if (kind == Kind.SAMPLED) {
      sampled.incrementAndGet();
      sampledEqual.addAndGet(same ? 1 : 0);
      return;
    }
    if (same) {
      equal.incrementAndGet();
      return;
    }
    replayed.incrementAndGet();
    GreedyReplay replay = new GreedyReplay(undisturbed, prompt(number));
    FinishReason reason = answer.end().reason();
    Optional<String> fault =
        kind == Kind.CHAT
            ? replay.faultInTokens(answer.tokens(), reason)
            : replay.faultInText(answer.text(), count, reason);
    if (kind == Kind.CHAT) {
      // The tokens of the others are not known for sure.
      ties.add(replay.widestTie());
    }
    fault.ifPresent(wrong -> fault(number, answer, wrong));
  }

  private void fault(int number, Answer answer, String wrong) {
    lost.incrementAndGet();
    failures.add(
        "question "
            + number
            + " (resumed "
            + answer.end().timings().resumed()
            + "): "
            + wrong
            + "\nexpected: "
            + expected.get(number).text()
            + "\nanswer:   "
            + answer.text());
  }

  /** The figures of the run. */
  String summary() {
    return "%d signals; %d answers of %d tokens, %d failed; %d answers resumed %d times; greedy: %d equal, %d others replayed, whose tokens were at most %s nats behind the likeliest; lost or doubled tokens: %d; sampled: %d of %d equal; until the next worker runs: %s; longest gap in a resumed answer: %s"
        .formatted(
            restarts.size(),
            answers.get(),
            tokens.get(),
            failed.get(),
            resumedAnswers.get(),
            resumed.get(),
            equal.get(),
            replayed.get(),
            List.copyOf(ties),
            lost.get(),
            sampledEqual.get(),
            sampled.get(),
            spread(restarts),
            spread(gaps));
  }

  private static String spread(List<Long> nanos) {
    if (nanos.isEmpty()) {
      return "none";
    }
    List<Long> sorted = new ArrayList<>(nanos);
    Collections.sort(sorted);
    return "median %d ms, longest %d ms"
        .formatted(sorted.get(sorted.size() / 2) / 1_000_000, sorted.getLast() / 1_000_000);
  }
}
