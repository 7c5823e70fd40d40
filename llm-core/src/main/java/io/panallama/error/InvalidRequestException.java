package io.panallama.error;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be carried out as it stands. The message says what is wrong, where, and what is allowed.
 *
 * <p>Parameters have the names that they have in Java: the path from the request's options to the value, such as {@code
 * maxTokens}, {@code stop.texts[2]} or {@code sampling.topP}. A front end whose users know other names renders the message
 * with those ({@link #message}).
 */
public class InvalidRequestException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Noncharacters, which Unicode keeps out of text: values in a message can't be taken for names. */
  private static final char NAME_BEGIN = '\uFDD0';

  private static final char NAME_END = '\uFDD1';
  private static final Pattern NAME = Pattern.compile(NAME_BEGIN + "([^" + NAME_BEGIN + NAME_END + "]*)" + NAME_END);

  private final String parameter;

  /** The message with its names marked. */
  private final String text;

  /**
   * A wrong parameter and what led to finding it.
   *
   * @param parameter the Java path of what is wrong
   * @param message what is wrong, with each parameter in it as {@link #name} gives it
   */
  public InvalidRequestException(String parameter, String message, @Nullable Throwable cause) {
    super(render(message, UnaryOperator.identity()), cause);
    this.parameter = parameter;
    this.text = message;
  }

  /**
   * A wrong parameter.
   *
   * @param parameter the Java path of what is wrong
   * @param message what is wrong, with each parameter in it as {@link #name} gives it
   */
  public InvalidRequestException(String parameter, String message) {
    this(parameter, message, null);
  }

  /** A parameter's name as a part of a message, so that {@link #message} can put another in its place. */
  public static String name(String parameter) {
    return NAME_BEGIN + parameter + NAME_END;
  }

  /** The Java path of what is wrong. */
  public String parameter() {
    return parameter;
  }

  /**
   * The message in the words of a front end.
   *
   * @param names gives the name to show for a Java path; the path itself if it knows no other
   */
  public final String message(UnaryOperator<String> names) {
    return render(text, names);
  }

  private static String render(String text, UnaryOperator<String> names) {
    return NAME.matcher(text).replaceAll(match -> Matcher.quoteReplacement(names.apply(match.group(1))));
  }
}
