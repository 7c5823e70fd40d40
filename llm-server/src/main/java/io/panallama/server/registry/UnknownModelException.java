package io.panallama.server.registry;

import java.util.List;

/** No served model has the name that was asked for. */
public final class UnknownModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String name;

  UnknownModelException(String name, List<ServedModel> served) {
    super(
        "The model \""
            + name
            + "\" is not served here; use "
            + String.join(", ", served.stream().map(model -> "\"" + model.id() + "\"").toList())
            + " or \""
            + ServedModel.DEFAULT_NAME
            + "\".");
    this.name = name;
  }

  /** The name that no model has. */
  public String name() {
    return name;
  }
}
