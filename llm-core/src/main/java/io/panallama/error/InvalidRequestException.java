package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** A request that can't be carried out as it stands. The message says what is wrong, where, and what is allowed. */
public class InvalidRequestException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  private final String parameter;

  /**
   * @param parameter the field that is wrong, named as in the OpenAI API where it has a name there ({@code
   *     "max_tokens"}, {@code "messages[2].content"})
   */
  public InvalidRequestException(String parameter, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.parameter = parameter;
  }

  public InvalidRequestException(String parameter, String message) {
    this(parameter, message, null);
  }

  /** The field that is wrong. */
  public String parameter() {
    return parameter;
  }
}
