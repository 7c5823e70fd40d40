package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * The model has no chat template, its template does not compile, or the template rejected the conversation. A template is a program: it may
 * also exceed its budget of work, memory, output or nesting, which the message names.
 */
public final class ChatTemplateException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  /** Reports a template that is missing, faulty or rejects the conversation. */
  public ChatTemplateException(String message, @Nullable Throwable cause) {
    super("messages", message, cause);
  }
}
