package io.panallama.agent;

/** The action of a tool that is not a Java method: one created at run time, or one of another program. */
@FunctionalInterface
public interface ToolFunction {
  /**
   * Called on a virtual thread, which is interrupted when the time limit is reached.
   *
   * @param arguments a JSON object
   * @return the text for the model
   * @throws Exception to report a failure to the model; its message says what went wrong
   */
  String call(String arguments) throws Exception;
}
