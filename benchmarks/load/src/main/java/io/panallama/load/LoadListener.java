package io.panallama.load;

/** Hears how far a test is. Called on the thread that runs it. */
@FunctionalInterface
public interface LoadListener {
  /**
   * @param line what begins now, without an end of line
   */
  void progress(String line);
}
