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
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
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
 * What a user of the library waits for, end to end: prompt of 64 tokens, greedy, one stream, nothing reused. Every wait is a
 * sample, so that there are percentiles.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class LatencyBenchmark extends LauncherJvm {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int PROMPT = 64;

  /** How many events of an answer are samples of {@link #nextToken}. */
  private static final int EVENTS = 256;

  /** So many tokens that it does not end before: not every token is an event, because one may be half a character. */
  private static final int ANSWER = 440;

  /** An engine that serves one stream. */
  @State(Scope.Thread)
  public static class Running {
    @Param({Models.DEMO, Models.GENERATED})
    public String model;

    @Param("1")
    public int threads;

    private Model loaded;
    private Engine engine;
    private CompletionRequest request;

    @Setup
    public void start() {
      loaded = Model.load(Models.file(model));
      EngineConfig config =
          EngineConfig.builder()
              .slots(1)
              .contextSize(512)
              .threads(threads)
              .batchThreads(threads)
              .reusePrefixes(false)
              .build();
      engine = Engine.start(loaded, config);
      int[] prompt = new int[PROMPT];
      for (int i = 0; i < PROMPT; i++) {
        prompt[i] = 100 + 7 * i;
      }
      request = CompletionRequest.of(prompt).with(endless());
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
      return GenerationOptions.builder().maxTokens(ANSWER).sampling(greedy).build();
    }

    private Generation generate(int tokens) {
      return engine.generate(request.with(request.options().toBuilder().maxTokens(tokens).build()));
    }

    @TearDown
    public void stop() {
      engine.close();
      loaded.close();
    }
  }

  /** Answers of a token each. */
  @State(Scope.Thread)
  public static class First {
    private @Nullable Generation generation;

    /** Reads to the end, so that the engine is idle before the next one. */
    @TearDown(Level.Invocation)
    public void finish() throws InterruptedException {
      Generation started = Objects.requireNonNull(generation);
      while (!(started.poll(LONG).orElseThrow() instanceof GenerationEvent.Finished)) {
        // Half a character came first.
      }
    }
  }

  /** Time to first token (TTFT): from the call of {@code generate} to the first event. */
  @Benchmark
  public Object firstToken(Running running, First first) throws InterruptedException {
    Generation generation = running.generate(4);
    first.generation = generation;
    return generation.poll(LONG).orElseThrow();
  }

  /** A long answer, left before its end, since the wait for that is no wait for a token; then another one. */
  @State(Scope.Thread)
  public static class Next {
    private @Nullable Generation generation;
    private int events;

    /** Waits for the first token, which is not to be measured. */
    @Setup(Level.Invocation)
    public void prepare(Running running) throws InterruptedException {
      if (generation == null || events == EVENTS) {
        leave();
        Generation started = running.generate(ANSWER);
        generation = started;
        started.poll(LONG).orElseThrow();
        events = 0;
      }
      events++;
    }

    /** Reads to the end, so that the engine is idle before the next one. */
    private void leave() throws InterruptedException {
      if (generation != null) {
        generation.cancel();
        while (!(generation.poll(LONG).orElseThrow() instanceof GenerationEvent.Finished)) {
          // Tokens that came before the engine saw it.
        }
      }
    }
  }

  /** Inter-token latency (ITL): the wait of a reader who takes every event as it comes. */
  @Benchmark
  public Object nextToken(Next next) throws InterruptedException {
    GenerationEvent event = Objects.requireNonNull(next.generation).poll(LONG).orElseThrow();
    if (event instanceof GenerationEvent.Finished) {
      throw new IllegalStateException("An answer of " + ANSWER + " tokens had less than " + EVENTS + " events.");
    }
    return event;
  }
}
