package io.panallama.error;

import org.jspecify.annotations.Nullable;

/** The model has no chat template, its template does not compile, or it refused the conversation. */
public final class ChatTemplateException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  /** A template that is missing, faulty or refuses the conversation. */
  public ChatTemplateException(String message, @Nullable Throwable cause) {
    super("messages", message, cause);
  }
}
