package io.panallama.chat;

import io.panallama.error.InvalidRequestException;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A function that the model may ask to call.
 *
 * @param name letters, digits, {@code _}, {@code -} and {@code .}, at most 64
 * @param description tells the model what the tool is for; may be empty
 * @param parameters the JSON schema of the arguments, an object; {@link #NO_PARAMETERS} for none
 * @param strict whether schema keywords that no grammar can enforce are rejected; otherwise they are left to the model
 */
public record Tool(String name, String description, String parameters, boolean strict) {
  /** The schema of a tool without arguments. */
  public static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

  /** A tool whose schema is not strict. */
  public Tool(String name, String description, String parameters) {
    this(name, description, parameters, false);
  }

  /**
   * Validates the values.
   *
   * @throws InvalidRequestException if the name has other characters or another length. The schema is checked when a request is executed
   */
  public Tool {
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(parameters, "parameters");
    if (!NAME.matcher(name).matches()) {
      throw new InvalidRequestException(
          "tools.list",
          InvalidRequestException.name("tools.list")
              + " has a tool whose name is not 1 to 64 letters, digits, underscores, dashes or dots: \""
              + (name.length() > 80 ? name.substring(0, 80) + "..." : name)
              + "\".");
    }
  }
}
