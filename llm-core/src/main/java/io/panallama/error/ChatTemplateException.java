package io.panallama.error;

import org.jspecify.annotations.Nullable;

/**
 * The model has no chat template, its template does not compile, or the template rejected the conversation. A template is a program: it may
 * also exceed its budget of work, memory, output or nesting, which the message names.
 */
public final class ChatTemplateException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final boolean unusable;

  /** Reports a template that rejects a conversation, which another conversation may pass. */
  public ChatTemplateException(String message, @Nullable Throwable cause) {
    this("messages", message, false, cause);
  }

  private ChatTemplateException(String parameter, String message, boolean unusable, @Nullable Throwable cause) {
    super(parameter, message, cause);
    this.unusable = unusable;
  }

  /** Reports a template that is missing or faulty, so that no conversation can be rendered. */
  public static ChatTemplateException unusable(String message, @Nullable Throwable cause) {
    return new ChatTemplateException("chatTemplate", message, true, cause);
  }

  /** Whether it is the template that can't be used, whatever the conversation is. */
  public boolean isUnusable() {
    return unusable;
  }
}
