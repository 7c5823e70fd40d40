package io.panallama.internal.engine;

import io.panallama.config.SessionKey;
import io.panallama.config.SpillConfig;
import io.panallama.internal.cache.ImageKey;
import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.schedule.RequestClock;
import io.panallama.internal.schedule.Schedulable;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Mailbox;
import io.panallama.internal.stream.Pieces;
import io.panallama.internal.stream.ReaderListener;
import io.panallama.internal.stream.StopMatcher;
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

  /** The engine of a generation that no loop computes. */
  static final ReaderListener NOBODY =
      new ReaderListener() {
        @Override
        public void caughtUp() {}

        @Override
        public void cancelled(EngineGeneration generation) {}
      };

  /** A cache for this many sequences, with a decoder that computes nothing. */
  static PrefixCache cache(int sequences) {
    return PrefixCache.create(
        new InstantDecoder(sequences, CONTEXT),
        sequences,
        SpillConfig.none(),
        ImageKey.of(SessionKey.installation()),
        new Counters(),
        Thread::new,
        () -> {});
  }

  /** An active sequence that has computed nothing of its prompt. */
  static Sequence prefilling(PrefixCache cache, int id, int promptLength) {
    EngineGeneration generation = new EngineGeneration(id, 0, new Mailbox(16, 16, 0), false, NOBODY);
    Sequence sequence =
        new Sequence(
            generation,
            new RequestClock(() -> 0),
            () -> {},
            new StopMatcher(List.of(), 1),
            Lineage.EMPTY,
            new int[promptLength],
            CONTEXT,
            GenerationOptions.defaults(),
            Schedulable.NO_DEADLINE,
            null);
    sequence.activate();
    cache.admit(sequence.residency());
    return sequence;
  }

  /** An active sequence of which only the token that was sampled last is missing. */
  static Sequence generating(PrefixCache cache, int id, int promptLength) {
    Sequence sequence = prefilling(cache, id, promptLength);
    sequence.residency().computed(promptLength);
    sequence.append(InstantDecoder.TOKEN);
    return sequence;
  }
}
