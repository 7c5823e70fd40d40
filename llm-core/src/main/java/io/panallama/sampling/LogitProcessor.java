package io.panallama.sampling;

/**
 * Java code that changes the logits of one generation's candidates before the token is chosen.
 *
 * <p>It is called once per token, in order, on a thread dedicated to that generation, never on the engine's: other generations continue meanwhile. An object that several generations share is called by several threads. See {@link LogitProcessing} for what happens when it throws or is slow.
 */
@FunctionalInterface
public interface LogitProcessor {
  /**
   * Changes the logits, or leaves them unchanged.
   *
   * @param candidates valid during this call only
   */
  void process(Candidates candidates);
}
