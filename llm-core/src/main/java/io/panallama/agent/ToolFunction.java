package io.panallama.agent;

/** What a tool does that is not a method: one made at run time, or one of another program. */
@FunctionalInterface
public interface ToolFunction {
  /**
   * Called in a virtual thread, which is interrupted when the time is up.
   *
   * @param arguments a JSON object
   * @return what the model is told
   * @throws Exception to tell the model what went wrong, by its message
   */
  String call(String arguments) throws Exception;
}
