package io.panallama.jmh;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The latency that a user of the library sees, end to end: sampling is greedy, nothing is reused, and every wait is a
 * sample, so that there are percentiles. One stream is measured; the others, if any, generate meanwhile.
 *
 * <p>Parameters set the model (any GGUF file), the number of streams and the length of the prompt.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class LatencyBenchmark extends LauncherJvm {
  /** Longer than any prompt worth waiting for takes. */
  private static final Duration LONG = Duration.ofMinutes(10);

  /** Tokens of an answer, where the model's context has room for them. */
  private static final int ANSWER = 440;

  /** The fewest tokens of an answer for which {@link #nextToken} has samples. */
  private static final int SHORTEST_ANSWER = 16;

  /** An engine with one measured stream and others that run meanwhile. */
  @State(Scope.Thread)
  public static class Running {
    /** {@code demo}, {@code generated} or the path of a GGUF file. */
    @Param({Models.DEMO, Models.GENERATED})
    public String model;

    /** Threads of the engine; 0 lets it choose. */
    @Param("0")
    public int threads;

    /** Streams that run at a time, including the measured one. */
    @Param("1")
    public int streams;

    /** Tokens of every prompt. */
    @Param("64")
    public int promptTokens;

    private final List<Thread> others = new ArrayList<>();
    private CountDownLatch begun = new CountDownLatch(0);
    private volatile boolean stopping;
    private int answerTokens;
    private Model loaded;
    private Engine engine;
    private CompletionRequest request;

    /** Loads the model, starts the engine and the other streams, and waits until all of these generate. */
    @Setup
    public void start() throws InterruptedException {
      if (streams < 1 || promptTokens < 1) {
        throw new IllegalArgumentException(
            "streams is " + streams + " and promptTokens " + promptTokens + "; both must be 1 or more.");
      }
      loaded = Model.load(Models.file(model));
      try {
        answerTokens = Math.min(ANSWER, loaded.trainedContextSize() - promptTokens);
        if (answerTokens < SHORTEST_ANSWER) {
          throw new IllegalArgumentException(
              "promptTokens is "
                  + promptTokens
                  + "; the context of this model is "
                  + loaded.trainedContextSize()
                  + " tokens, and an answer needs at least "
                  + SHORTEST_ANSWER
                  + " of them.");
        }
        EngineConfig config =
            EngineConfig.builder()
                .slots(streams)
                .contextSize(Math.multiplyExact(streams, promptTokens + answerTokens))
                .threads(threads)
                .batchThreads(threads)
                .reusePrefixes(false)
                .build();
        engine = Engine.start(loaded, config);
      } catch (RuntimeException failure) {
        loaded.close();
        throw failure;
      }
      request = CompletionRequest.of(prompt()).with(endless());
      begun = new CountDownLatch(streams - 1);
      for (int i = 1; i < streams; i++) {
        others.add(Thread.ofVirtual().name("stream-" + i).start(this::generateUntilStopped));
      }
      if (!begun.await(LONG.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(begun.getCount() + " of the other streams had no token after " + LONG + ".");
      }
    }

    /** Tokens from all over the vocabulary: their values change nothing about the time. */
    private int[] prompt() {
      int size = loaded.vocabulary().size();
      int first = Math.min(100, size / 2);
      int[] prompt = new int[promptTokens];
      for (int i = 0; i < promptTokens; i++) {
        prompt[i] = first + (int) (7L * i % (size - first));
      }
      return prompt;
    }

    /** Greedy, with a bias against the tokens that end an answer. */
    private GenerationOptions endless() {
      Map<Integer, Float> never = new HashMap<>();
      for (int token = 0; token < loaded.vocabulary().size(); token++) {
        if (loaded.vocabulary().isEndOfGeneration(token)) {
          never.put(token, Float.NEGATIVE_INFINITY);
        }
      }
      Sampling greedy = Sampling.builder().temperature(0).logitBias(never).build();
      return GenerationOptions.builder().maxTokens(answerTokens).sampling(greedy).build();
    }

    private void generateUntilStopped() {
      boolean first = true;
      while (!stopping) {
        try (Generation generation = generate(answerTokens)) {
          for (GenerationEvent event : generation) {
            if (first) {
              begun.countDown();
              first = false;
            }
            if (stopping || event instanceof GenerationEvent.Finished) {
              break;
            }
          }
        }
      }
    }

    private Generation generate(int tokens) {
      return engine.generate(request.with(request.options().toBuilder().maxTokens(tokens).build()));
    }

    Engine engine() {
      return engine;
    }

    /**
     * The events of an answer that are samples; the rest is reserve, because a token may be half a character and give
     * no event.
     */
    private int samples() {
      return Math.max(1, answerTokens * 256 / ANSWER);
    }

    /** Ends the other streams, then the engine and the model. */
    @TearDown
    public void stop() throws InterruptedException {
      stopping = true;
      for (Thread other : others) {
        other.join();
      }
      engine.close();
      loaded.close();
    }
  }

  private static GenerationEvent next(Generation generation) throws InterruptedException {
    return generation.poll(LONG).orElseThrow();
  }

  /** Answers of one token each. */
  @State(Scope.Thread)
  public static class First {
    private @Nullable Generation generation;

    /** Reads to the end, so that the measured stream is idle before its next answer. */
    @TearDown(Level.Invocation)
    public void finish() throws InterruptedException {
      Generation started = Objects.requireNonNull(generation);
      while (!(next(started) instanceof GenerationEvent.Finished)) {
        // The first token may have been half a character.
      }
    }
  }

  /** Time to first token (TTFT): from the call of {@code generate} to the first event. */
  @Benchmark
  public Object firstToken(Running running, First first) throws InterruptedException {
    Generation generation = running.generate(4);
    first.generation = generation;
    return next(generation);
  }

  /** Long answers, each left before its end, because the wait for the end is not a wait for a token. */
  @State(Scope.Thread)
  public static class Next {
    private @Nullable Generation generation;
    private int events;

    /** Waits for the first token of an answer, which is not measured. */
    @Setup(Level.Invocation)
    public void prepare(Running running) throws InterruptedException {
      if (generation == null || events == running.samples()) {
        leave();
        Generation started = running.generate(running.answerTokens);
        generation = started;
        next(started);
        events = 0;
      }
      events++;
    }

    /** Reads to the end, so that the measured stream is idle before its next answer. */
    private void leave() throws InterruptedException {
      if (generation != null) {
        generation.cancel();
        while (!(next(generation) instanceof GenerationEvent.Finished)) {
          // The engine may produce tokens until it sees the cancellation.
        }
      }
    }
  }

  /** Inter-token latency (ITL): the wait of a reader that takes every event as it comes. */
  @Benchmark
  public Object nextToken(Next next) throws InterruptedException {
    GenerationEvent event = next(Objects.requireNonNull(next.generation));
    if (event instanceof GenerationEvent.Finished) {
      throw new IllegalStateException("An answer ended after " + next.events + " events, before it was left.");
    }
    return event;
  }
}
