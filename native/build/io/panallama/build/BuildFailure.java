package io.panallama.build;

/** Stops the build. The message is all that the user sees, so it says what is wrong and what to do. */
final class BuildFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BuildFailure(String message) {
    super(message);
  }
}
