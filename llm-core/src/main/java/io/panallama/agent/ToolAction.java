package io.panallama.agent;

import org.jspecify.annotations.Nullable;

/** The action of a tool. */
@FunctionalInterface
interface ToolAction {
  /**
   * @param arguments a JSON object, if the model followed the tool's schema
   * @throws Exception if the tool throws it
   */
  ToolOutcome call(String arguments) throws Exception;

  static ToolOutcome.Failure failure(ToolOutcome.Kind kind, String what, @Nullable Exception cause) {
    return new ToolOutcome.Failure(kind, "Error: " + what, cause);
  }

  static String message(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null || message.isBlank() ? thrown.getClass().getSimpleName() : message;
  }
}
