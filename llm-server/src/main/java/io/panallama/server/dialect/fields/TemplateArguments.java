package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;
import java.util.HashMap;
import java.util.Map;

/** The field {@code chat_template_kwargs}: further variables of the chat template. */
public final class TemplateArguments {
  private static final String NAME = "chat_template_kwargs";

  /** The most characters of JSON: they are switches and small lists, and a template may copy them at every step. */
  private static final int MOST = 64 << 10;

  private static final int LONGEST_WORD = 256;

  private TemplateArguments() {}

  /**
   * The variables by their names, each as JSON; empty if the body has none.
   *
   * @return may be changed
   * @throws ApiException if it is no object, or too large
   */
  public static Map<String, String> read(JsonFields body) {
    Map<String, String> arguments = new HashMap<>();
    JsonFields given = body.object(NAME);
    if (given != null) {
      given.forEach((name, value) -> arguments.put(name, value.toString()));
    }
    long length =
        arguments.entrySet().stream().mapToLong(entry -> entry.getKey().length() + entry.getValue().length()).sum();
    if (length > MOST) {
      throw ApiException.invalid(
          NAME,
          NAME
              + " has "
              + length
              + " characters; at most "
              + MOST
              + " are allowed. It is for variables of the chat template; texts for the model belong into messages.");
    }
    return arguments;
  }

  /**
   * Adds how much the model is to think, which templates know as {@code reasoning_effort}.
   *
   * @param field the body's field that says so
   * @throws ApiException if it is no word
   */
  public static void addEffort(Map<String, String> arguments, String field, String effort) {
    if (effort.length() > LONGEST_WORD) {
      throw ApiException.invalid(
          field,
          field
              + " has "
              + effort.length()
              + " characters; it must be a word of at most "
              + LONGEST_WORD
              + ", such as low, medium or high.");
    }
    arguments.put("reasoning_effort", JsonFields.quoted(effort));
  }
}
