package io.panallama.load.bench;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.load.measure.Reader;
import io.panallama.load.measure.Requests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** An engine configured for one test, and the test itself. Confined to one thread, except {@link #close}. */
final class Workload implements AutoCloseable {
  /** Cells of the KV cache that llama.cpp computes over together, and steps that streams may be ahead of each other. */
  private static final int STRIDE = 256;

  private static final int SLACK = 64;

  /**
   * How often streams may fail to run together. A step of a tiny model takes about 100 µs, and submitting on a busy machine can
   * take as long as the whole test.
   */
  private static final int ATTEMPTS = 5;

  private static final int[] NOTHING = {};

  private final Engine engine;
  private final BenchTest test;
  private final Requests requests;
  private int[] prefix = NOTHING;

  private Workload(Engine engine, BenchTest test, Requests requests) {
    this.engine = engine;
    this.test = test;
    this.requests = requests;
  }

  /**
   * Starts the engine of a test.
   *
   * @param config as {@link #config} made it
   */
  static Workload start(Model model, EngineConfig config, BenchTest test) {
    Requests requests = new Requests(model);
    return new Workload(Engine.start(model, config), test, requests);
  }

  /**
   * The configuration of a test: room for its streams and no more, and no reuse except for the context at a depth.
   *
   * <p>An engine that shares prefixes retains prefixes of at most half its context. The context is therefore as small as
   * possible with the prefix in one half of it: the rest of a repetition is too long to be retained and does not slow down the
   * next one, whose attention covers all cells up to the last used one.
   */
  static EngineConfig config(EngineConfig config, BenchTest test) {
    int own = test.depth() + test.prompt() + test.generated() + 2;
    long cells = own;
    if (test.keepsPrefix()) {
      cells = Math.max(own, 2L * (test.depth() + 1));
    } else if (test.streams() > 1) {
      cells = (long) test.streams() * (own + lead(config, test));
    }
    long padded = (cells + STRIDE - 1) / STRIDE * STRIDE;
    if (padded > Integer.MAX_VALUE) {
      throw new BenchException(
          test.name()
              + " with "
              + test.streams()
              + " streams needs a context of "
              + padded
              + " tokens; that is too much.");
    }
    return config.toBuilder()
        .slots(test.streams())
        .queueLimit(test.streams())
        .contextSize((int) padded)
        .reusePrefixes(test.keepsPrefix())
        .spill(SpillConfig.none())
        .itlTarget(Duration.ZERO)
        .build();
  }

  /** How many steps those that begin first may be ahead of the last one: one per batch of prompts, twice that to be sure. */
  private static int lead(EngineConfig config, BenchTest test) {
    int batch = config.batchSize() == EngineConfig.AUTO ? STRIDE : config.batchSize();
    return (int) (SLACK + 2L * test.streams() * (test.depth() + test.prompt() + 1) / batch);
  }

  /** Tokens of prompt and answer of the longest stream, as {@link #single}, {@link #inStep} and {@link #together} ask. */
  static long longestStream(EngineConfig config, BenchTest test) {
    long answer = test.generated() + 1L;
    if (test.streams() == 1) {
      return test.depth() + Math.max(1, test.prompt()) + answer;
    }
    // The lead is at least the one token that the last prompt is longer.
    return test.prompt() == 0 ? Math.max(1, test.depth()) + answer + lead(config, test) : test.prompt() + answer;
  }

  Engine engine() {
    return engine;
  }

  /** Computes the context at a depth, if all repetitions share it. */
  void prepare() {
    if (test.keepsPrefix()) {
      int[] tokens = requests.tokens(test.depth());
      Requests.complete(engine.generate(requests.of(tokens, 1)).await(), 1);
      prefix = tokens;
    }
  }

  /** Runs the test once and returns its time in nanoseconds. */
  long run() throws InterruptedException {
    long preemptions = engine.stats().preemptions();
    long nanos = test.streams() == 1 ? single() : test.prompt() == 0 ? untilInStep() : together();
    if (engine.stats().preemptions() != preemptions) {
      throw new IllegalStateException("the KV cache is too small for " + test + ": " + engine.stats());
    }
    return nanos;
  }

  private long single() {
    int prompt = Math.max(1, test.prompt());
    var request = requests.after(prefix, prompt, test.generated() + 1);
    Completion answer = engine.generate(request).await();
    if (answer.usage().cachedTokens() < prefix.length) {
      throw new BenchException(
          "Of the "
              + prefix.length
              + " tokens before "
              + test.name()
              + ", "
              + answer.usage().cachedTokens()
              + " came from the KV cache; this model's memory can't go back to a beginning, so it has no depth to"
              + " measure at.");
    }
    Requests.complete(answer, test.generated() + 1, prefix.length);
    Duration time =
        test.generated() == 0
            ? answer.timings().timeToFirstToken()
            : test.prompt() == 0 ? answer.timings().decode() : answer.timings().total();
    return time.toNanos();
  }

  private long untilInStep() throws InterruptedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      OptionalLong nanos = inStep();
      if (nanos.isPresent()) {
        return nanos.getAsLong();
      }
    }
    throw new BenchException(
        "In "
            + ATTEMPTS
            + " attempts at "
            + test.name()
            + ", not all of the "
            + test.streams()
            + " streams ran in all steps; this machine is too busy for so few tokens. Generate more of them.");
  }

  /**
   * Measures generation only, with all streams in the same steps. They are submitted at once, the last one with one prompt
   * token more, so that it begins with the others or after them; and the others have more to generate. Between its first and
   * its last token, every stream gets a token in every step. The check is that each of them began no later and ended no
   * earlier than the last one, and got at least as many tokens.
   *
   * @return the time of the steps; empty if the check failed
   */
  private OptionalLong inStep() throws InterruptedException {
    int before = Math.max(1, test.depth());
    int longer = test.generated() + 1 + lead(engine.config(), test);
    List<Reader> others = new ArrayList<>();
    for (int i = 1; i < test.streams(); i++) {
      others.add(Reader.start(engine, requests.random(before, longer)));
    }
    long submitted = System.nanoTime();
    Generation generation = engine.generate(requests.random(before + 1, test.generated() + 1));
    long accepted = System.nanoTime();
    Completion last = generation.await();
    for (Reader other : others) {
      other.stop();
    }
    Requests.complete(last, test.generated() + 1);
    long decode = last.timings().decode().toNanos();
    long half = decode / test.generated() / 2;
    // The engine's clock of a generation starts while it is being submitted.
    long begin = accepted + last.timings().timeToFirstToken().toNanos() + half;
    long end = submitted + last.timings().total().toNanos() - half;
    for (Reader other : others) {
      boolean enough = other.end().usage().completionTokens() > test.generated();
      if (!enough || other.firstToken() > begin || other.lastToken() < end) {
        return OptionalLong.empty();
      }
    }
    return OptionalLong.of(decode);
  }

  /** Prompts, and what is generated after them, from the first submission to the last token of all. */
  private long together() throws InterruptedException {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < test.streams(); i++) {
      readers.add(Reader.start(engine, requests.random(test.prompt(), test.generated() + 1)));
    }
    long last = Long.MIN_VALUE;
    long first = readers.getFirst().submitted();
    for (Reader reader : readers) {
      reader.join();
      Requests.require(reader.end(), test.generated() + 1);
      last = Math.max(last, reader.lastToken() - first);
    }
    return last;
  }

  @Override
  public void close() {
    engine.close();
  }
}
