package io.panallama.build;

/** Stops the build. The user sees only the message, so it says what is wrong and what to do. */
final class BuildFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BuildFailure(String message) {
    super(message);
  }
}
