package io.panallama.chat;

import io.panallama.error.InvalidRequestException;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A function that the model may ask to call.
 *
 * @param name letters, digits, {@code _}, {@code -}, {@code .}, {@code /} and {@code :}, at most {@value #MAX_NAME}, as
 *     MCP allows them
 * @param description tells the model what the tool is for; may be empty
 * @param parameters the JSON schema of the arguments, which are an object: anything else that it allows is left out;
 *     {@link #NO_PARAMETERS} for none
 * @param strict whether a schema that no grammar can enforce whole is rejected; otherwise the rest of it is left to the
 *     model
 */
public record Tool(String name, String description, String parameters, boolean strict) {
  /** The schema of a tool without arguments. */
  public static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

  /** The most characters of a name; the Model Context Protocol's limit. */
  public static final int MAX_NAME = 128;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.:/-]{1," + MAX_NAME + "}");

  /** A tool whose schema is not strict. */
  public Tool(String name, String description, String parameters) {
    this(name, description, parameters, false);
  }

  /**
   * Validates the values.
   *
   * @throws InvalidRequestException if the name has other characters or another length. The schema is checked when a
   *     request is executed
   */
  public Tool {
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(parameters, "parameters");
    if (!NAME.matcher(name).matches()) {
      throw new InvalidRequestException(
          "tools.list",
          InvalidRequestException.name("tools.list")
              + " has a tool whose name is not 1 to "
              + MAX_NAME
              + " letters, digits or characters of _-./: \""
              + (name.length() > 80 ? name.substring(0, 80) + "..." : name)
              + "\".");
    }
  }
}
