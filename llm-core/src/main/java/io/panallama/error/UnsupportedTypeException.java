package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * A Java type that neither an answer nor a tool's argument can have. The message names the record component or the method parameter, and says what is allowed.
 */
public final class UnsupportedTypeException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  private final String place;

  /**
   * @param place the element that has the type, such as {@code "component price of record shop.Item"}
   * @param why the rest of the sentence that begins with {@code place}
   */
  public UnsupportedTypeException(String place, String why, @Nullable Throwable cause) {
    super("The " + place + " " + why, cause);
    this.place = place;
  }

  /** The element that has the type, such as {@code "component price of record shop.Item"}. */
  public String place() {
    return place;
  }
}
