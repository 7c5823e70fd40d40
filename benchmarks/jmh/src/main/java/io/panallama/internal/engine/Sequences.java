package io.panallama.internal.engine;

import io.panallama.request.GenerationOptions;
import java.util.List;

/** Pieces and sequences without a model. */
final class Sequences {
  private static final int VOCABULARY = 256;
  private static final int CONTEXT = 1 << 20;

  private Sequences() {}

  /** A byte per token; none ends a generation. */
  static Pieces pieces() {
    byte[] bytes = new byte[VOCABULARY];
    int[] offsets = new int[VOCABULARY + 1];
    for (int i = 0; i < VOCABULARY; i++) {
      bytes[i] = (byte) ('a' + i % 26);
      offsets[i + 1] = i + 1;
    }
    return Pieces.of(bytes, offsets, new boolean[VOCABULARY]);
  }

  /**
   * An active sequence that has computed nothing of its prompt.
   *
   * @param engine whom its reader would wake
   */
  static Sequence prefilling(EngineLoop engine, int id, int promptLength) {
    EngineGeneration generation =
        new EngineGeneration(id, new Mailbox(16, 16, 0), false, new RequestClock(() -> 0), engine);
    Sequence sequence =
        new Sequence(
            generation,
            () -> {},
            new StopMatcher(List.of(), 1),
            new int[promptLength],
            CONTEXT,
            GenerationOptions.defaults(),
            Sequence.NO_DEADLINE,
            null);
    sequence.activate(id);
    return sequence;
  }

  /** An active sequence of which only the token that was sampled last is missing. */
  static Sequence generating(EngineLoop engine, int id, int promptLength) {
    Sequence sequence = prefilling(engine, id, promptLength);
    sequence.computed(promptLength);
    sequence.append(InstantDecoder.TOKEN);
    return sequence;
  }
}
