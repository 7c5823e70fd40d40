package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * A Java type that no answer and no argument of a tool can have. The message names the component of the record, or the parameter
 * of the method, and says what is allowed.
 */
public final class UnsupportedTypeException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  private final String place;

  /**
   * @param place what has the type, such as {@code "component price of record shop.Item"}
   * @param why the rest of the sentence that begins with the place
   */
  public UnsupportedTypeException(String place, String why, @Nullable Throwable cause) {
    super("The " + place + " " + why, cause);
    this.place = place;
  }

  /** What has the type, such as {@code "component price of record shop.Item"}. */
  public String place() {
    return place;
  }
}
