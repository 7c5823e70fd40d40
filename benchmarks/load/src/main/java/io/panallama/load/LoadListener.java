package io.panallama.load;

/** Receives the progress of a load test, on the thread that runs it. */
@FunctionalInterface
public interface LoadListener {
  /**
   * @param line the step that begins now, without an end of line
   */
  void progress(String line);
}
