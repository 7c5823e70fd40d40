package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.panallama_candidates;
import io.panallama.internal.decode.CandidateList;
import io.panallama.request.GenerationOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A {@code panallama_candidates} in memory that lives as long as this object. Created on any thread, used by the engine thread. */
final class CandidateBuffer {
  private final MemorySegment struct;
  private final MemorySegment tokens;
  private final MemorySegment logits;

  CandidateBuffer(int capacity) {
    // Created on the caller's thread and used on the engine's; at most about 20 KB, freed with the sampler by the garbage collector.
    Arena arena = Arena.ofAuto();
    this.struct = panallama_candidates.allocate(arena);
    this.tokens = arena.allocate(JAVA_INT, capacity);
    this.logits = arena.allocate(JAVA_FLOAT, capacity);
    panallama_candidates.capacity(struct, capacity);
    panallama_candidates.tokens(struct, tokens);
    panallama_candidates.logits(struct, logits);
    panallama_candidates.logprobs(struct, arena.allocate(JAVA_FLOAT, capacity));
    panallama_candidates.top_tokens(struct, arena.allocate(JAVA_INT, GenerationOptions.MAX_TOP_LOGPROBS));
    panallama_candidates.top_logprobs(struct, arena.allocate(JAVA_FLOAT, GenerationOptions.MAX_TOP_LOGPROBS));
  }

  MemorySegment pointer() {
    return struct;
  }

  void read(CandidateList into) {
    int count = panallama_candidates.count(struct);
    into.begin(count);
    for (int i = 0; i < count; i++) {
      into.set(i, tokens.getAtIndex(JAVA_INT, i), logits.getAtIndex(JAVA_FLOAT, i));
    }
  }

  void write(CandidateList from) {
    for (int i = 0; i < from.size(); i++) {
      logits.setAtIndex(JAVA_FLOAT, i, from.logit(i));
    }
  }
}
