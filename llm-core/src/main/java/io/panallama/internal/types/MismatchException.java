package io.panallama.internal.types;

/** JSON that does not match the type. The message says where in the JSON. */
public final class MismatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MismatchException(String path, String what) {
    super(path + " " + what);
  }
}
