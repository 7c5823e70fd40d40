package io.panallama.server.dialect.llamacpp;

import io.panallama.generation.Generation;

/**
 * llama-server's limits that hold from line to line, for completions in an editor.
 *
 * @param indent the fewest spaces or tabs at the beginning of each line but the first; the answer ends at one that has fewer. 0 for
 *     no limit
 * @param millis how long after the first token the answer ends at the end of a line; 0 for no limit
 */
record LineLimits(int indent, int millis) {
  /** The generation with these limits; the generation itself if there are none. */
  Generation around(Generation generation) {
    return indent == 0 && millis == 0 ? generation : new LimitedGeneration(generation, this);
  }
}
