package io.panallama.internal.engine;

import io.panallama.generation.Generation;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Mailbox;
import io.panallama.jmh.LauncherJvm;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A whole turn of the engine thread, with a decoder that takes no time: inbox, plan, batch, samples, stop texts, mailboxes.
 *
 * <p>The sequences never end; each shifts its context once in {@code CONTEXT / 2} tokens, which is part of the average.
 */
@State(Scope.Thread)
public class EngineStepBenchmark extends LauncherJvm {
  /** Steps per invocation: waking the engine thread and waiting for it is spread over them. */
  private static final int STEPS = 10_000;

  private static final int CONTEXT = 16_384;

  @Param({"1", "8", "32"})
  public int sequences;

  private InstantDecoder decoder;
  private EngineFront loop;

  @Setup
  public void start() {
    decoder = new InstantDecoder(sequences, CONTEXT);
    loop = EngineFront.start(new EngineSettings("jmh-engine", sequences, 0, 64), Sequences.pieces(), () -> decoder);
    GenerationOptions endless =
        GenerationOptions.builder()
            .maxTokens(GenerationOptions.UNLIMITED)
            .overflow(new ContextOverflow.Shift(1))
            .build();
    List<Mailbox> mailboxes = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      Generation generation = loop.submit(new int[16], endless, List.of("\nUser:"), () -> {}, null);
      mailboxes.add(((EngineGeneration) generation).mailbox());
    }
    decoder.readers(mailboxes.toArray(Mailbox[]::new));
    decoder.run(STEPS);
    if (loop.stats().running() != sequences) {
      throw new IllegalStateException(loop.stats() + ", not " + sequences + " running");
    }
  }

  @TearDown
  public void close() {
    loop.close();
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public void step() {
    decoder.run(STEPS);
  }
}
