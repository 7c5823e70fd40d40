package io.panallama.typed;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.schema.SchemaPattern;
import io.panallama.request.ResponseFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Formats of answers that are text but not any text: one of several texts, or what a regular expression fits. The answer has no
 * quotes around it, unlike one to a JSON schema.
 *
 * <p>Stateless and thread-safe. Loads no model and nothing native.
 */
public final class TextGrammar {
  private TextGrammar() {}

  /**
   * The format of an answer that is one of these texts.
   *
   * @param parameter the field that has the texts, for the error
   * @throws InvalidRequestException if there is no text
   */
  public static ResponseFormat.Gbnf oneOf(String parameter, List<String> texts) {
    if (texts.isEmpty()) {
      throw new InvalidRequestException(parameter, name(parameter) + " is empty; give it one text at least.");
    }
    return new ResponseFormat.Gbnf(
        texts.stream().map(TextGrammar::literal).collect(Collectors.joining(" | ", "root ::= ", "")));
  }

  /**
   * The format of an answer that a regular expression fits as a whole, with or without {@code ^} and {@code $} at its ends. It is
   * read as ECMAScript reads it; lazy quantifiers are the same as others.
   *
   * @param parameter the field that has the expression, for the error
   * @throws InvalidRequestException if a grammar can't enforce it, such as look-around and back references; the message says what
   *     it has, and at which index
   */
  public static ResponseFormat.Gbnf matching(String parameter, String pattern) {
    try {
      return new ResponseFormat.Gbnf(SchemaPattern.grammar(pattern));
    } catch (IllegalArgumentException unsupported) {
      throw new InvalidRequestException(
          parameter, name(parameter) + " can't be enforced, because " + unsupported.getMessage() + ".", unsupported);
    }
  }

  private static String literal(String text) {
    StringBuilder literal = new StringBuilder("\"");
    text.codePoints()
        .forEach(c -> {
          if (c == '"' || c == '\\') {
            literal.append('\\').appendCodePoint(c);
          } else if (c < ' ' || c == 0x7F) {
            literal.append("\\x%02X".formatted(c));
          } else {
            literal.appendCodePoint(c);
          }
        });
    return literal.append('"').toString();
  }
}
