package io.panallama.error;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be executed as it stands. The message says what is wrong, where, and what is allowed.
 *
 * <p>Parameters have their Java names: the path from the request's options to the value, such as {@code maxTokens}, {@code stop.texts[2]} or {@code sampling.topP}. A front end whose users know other names renders the message with those ({@link #message}).
 */
public class InvalidRequestException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Noncharacters, which Unicode keeps out of text, so that values in a message can't be mistaken for names. */
  private static final char NAME_BEGIN = '\uFDD0';

  private static final char NAME_END = '\uFDD1';
  private static final Pattern NAME = Pattern.compile(NAME_BEGIN + "([^" + NAME_BEGIN + NAME_END + "]*)" + NAME_END);

  private final String parameter;

  /** The message with its parameter names marked. */
  private final String text;

  /**
   * Reports a wrong parameter, with a cause.
   *
   * @param parameter the Java path of the wrong parameter
   * @param message what is wrong, with each parameter name in it marked by {@link #name}
   */
  public InvalidRequestException(String parameter, String message, @Nullable Throwable cause) {
    super(render(message, UnaryOperator.identity()), cause);
    this.parameter = parameter;
    this.text = message;
  }

  /**
   * Reports a wrong parameter.
   *
   * @param parameter the Java path of the wrong parameter
   * @param message what is wrong, with each parameter name in it marked by {@link #name}
   */
  public InvalidRequestException(String parameter, String message) {
    this(parameter, message, null);
  }

  /** Marks a parameter's name as part of a message, so that {@link #message} can replace it. */
  public static String name(String parameter) {
    return NAME_BEGIN + parameter + NAME_END;
  }

  /** The Java path of the wrong parameter. */
  public String parameter() {
    return parameter;
  }

  /**
   * The message with a front end's parameter names.
   *
   * @param names maps a Java path to the name to show; returns the path itself if there is no other name
   */
  public final String message(UnaryOperator<String> names) {
    return render(text, names);
  }

  private static String render(String text, UnaryOperator<String> names) {
    return NAME.matcher(text).replaceAll(match -> Matcher.quoteReplacement(names.apply(match.group(1))));
  }
}
