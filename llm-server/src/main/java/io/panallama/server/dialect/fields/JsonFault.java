package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with a text that is no JSON, in words for those who wrote it rather than for users of the parser. */
final class JsonFault {
  /** What {@link #tooLong} calls the name of a field. */
  static final String NAME = "a field whose name is";

  private static final Pattern CHARACTER =
      Pattern.compile("Unexpected character \\('(.+?)' \\(code \\d+.*?\\)\\):? ?(.*)", Pattern.DOTALL);

  private static final Pattern TOKEN =
      Pattern.compile("(?:Unrecognized token|Non-standard token) '(.*?)'.*", Pattern.DOTALL);

  private static final Pattern CLOSING =
      Pattern.compile("Unexpected close marker '(.)': expected '(.)'.*", Pattern.DOTALL);
  private static final Pattern CONTROL = Pattern.compile(".*\\(CTRL-CHAR, code (\\d+)\\).*", Pattern.DOTALL);
  private static final Pattern ESCAPE =
      Pattern.compile("Unrecognized character escape '?(.+?)'? \\(code.*", Pattern.DOTALL);
  private static final Pattern LENGTH =
      Pattern.compile("(Number value|String value|Name) length \\((\\d+)\\) exceeds the maximum allowed \\((\\d+).*");

  /** What Jackson says that it expected, and what that is in JSON; the first that occurs counts. */
  private static final List<List<String>> EXPECTED =
      List.of(
          List.of("double-quote to start field name", "the name of a field in double quotes"),
          List.of("colon", "a colon after the name of a field"),
          List.of("separate Object", "a comma or a closing brace"),
          List.of("separate Array", "a comma or a closing bracket"),
          List.of("separate root", "nothing more"),
          List.of("hex-digit", "four hexadecimal digits"),
          List.of("digit", "a digit"),
          List.of("valid value", "a value"));

  private JsonFault() {}

  /**
   * What is wrong, as the rest of a sentence behind a colon.
   *
   * @param place where the parser is
   */
  static String of(JsonProcessingException malformed, JsonStreamContext place) {
    String message = malformed.getOriginalMessage();
    if (message.contains("FAIL_ON_TRAILING_TOKENS")) {
      return "something follows the value.";
    }
    if (message.startsWith("No content")) {
      return "it is empty.";
    }
    JsonLocation location = malformed.getLocation();
    String where =
        location == null ? "" : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    return words(message, place) + where + ".";
  }

  private static String words(String message, JsonStreamContext place) {
    if (message.startsWith("Unexpected end-of-input")) {
      String open =
          message.contains("VALUE_STRING") || message.contains("closing quote") || message.contains("field name")
              ? "a text whose closing quote is missing"
              : place.inObject()
                  ? "an object whose closing brace is missing"
                  : place.inArray() ? "an array whose closing bracket is missing" : "a value";
      return "it ends inside of " + open;
    }
    Matcher closing = CLOSING.matcher(message);
    if (closing.matches()) {
      return "there is a " + closing.group(1) + " where a " + closing.group(2) + " is needed";
    }
    Matcher token = TOKEN.matcher(message);
    if (token.matches()) {
      return "there is " + JsonFields.shorten(token.group(1)) + ", which is no value; texts stand in double quotes";
    }
    Matcher escape = ESCAPE.matcher(message);
    if (escape.matches()) {
      return "a text has a backslash in front of "
          + escape.group(1)
          + "; what may follow one is \", \\, /, b, f, n, r, t, or u and four hexadecimal digits";
    }
    Matcher control = CONTROL.matcher(message);
    if (control.matches()) {
      return message.startsWith("Illegal unquoted")
          ? "a text has the control character "
              + control.group(1)
              + " as it is; write it with a backslash, as \\n for the end of a line"
          : "the control character " + control.group(1) + " stands outside of a text";
    }
    if (message.startsWith("Invalid numeric value")) {
      return message.contains("eading zero")
          ? "a number begins with a zero that means nothing"
          : "a number is not complete";
    }
    Matcher character = CHARACTER.matcher(message);
    if (character.matches()) {
      String expected = expected(character.group(2));
      return "there is '"
          + character.group(1)
          + "', where JSON "
          + (expected == null ? "allows none" : "needs " + expected);
    }
    return "it breaks the rules of JSON";
  }

  private static @Nullable String expected(String message) {
    for (List<String> one : EXPECTED) {
      if (message.contains(one.getFirst())) {
        return one.getLast();
      }
    }
    return null;
  }

  /** What is too long in a text, and how long it may be; null if it is something else. */
  static @Nullable String tooLong(JsonProcessingException tooMuch) {
    Matcher length = LENGTH.matcher(tooMuch.getOriginalMessage());
    if (!length.lookingAt()) {
      return null;
    }
    String what =
        switch (length.group(1)) {
          case "Number value" -> "a number";
          case "String value" -> "a text";
          default -> NAME;
        };
    return what
        + (what.equals(NAME) ? " one of " : " of ")
        + length.group(2)
        + (length.group(1).equals("Number value") ? " digits; at most " : " characters; at most ")
        + length.group(3)
        + " are allowed";
  }
}
