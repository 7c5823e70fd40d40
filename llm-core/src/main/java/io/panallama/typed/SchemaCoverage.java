package io.panallama.typed;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.internal.schema.SchemaOmission;
import io.panallama.request.ResponseFormat;
import java.util.List;

/**
 * Which parts of a JSON schema a grammar enforces. A request whose schema is strict is rejected if there is a part that
 * can't be enforced; in another one such parts are left to the model, and this class names them.
 *
 * <p>Stateless and thread-safe. Loads no model and nothing native.
 */
public final class SchemaCoverage {
  private SchemaCoverage() {}

  /**
   * A part that is left to the model.
   *
   * @param place where in the schema, such as {@code #/properties/size/multipleOf}; names are not escaped
   * @param reason why it is not enforced, without a full stop
   */
  public record Unenforced(String place, String reason) {}

  /**
   * The parts of a schema that are left to the model if it is not strict.
   *
   * @param parameter the field that has the schema, for the error
   * @param schema as in {@link ResponseFormat.JsonSchema#schema}
   * @return in the schema's order; empty if all of it is enforced
   * @throws InvalidRequestException if it is not a JSON object or is too large
   */
  public static List<Unenforced> unenforced(String parameter, String schema) {
    return named(SchemaCheck.omissions(parameter, schema));
  }

  /**
   * The parts of a tool's schema that are left to the model if it is not strict. The arguments of a call are an object, so a schema
   * that allows none is left to the model as a whole, with the place {@code #}.
   *
   * @param parameter the field that has the schema, for the error
   * @param schema as in {@link io.panallama.chat.Tool#parameters}
   * @return in the schema's order; empty if all of it is enforced
   * @throws InvalidRequestException if it is not a JSON object or is too large
   */
  public static List<Unenforced> unenforcedArguments(String parameter, String schema) {
    return named(SchemaCheck.argumentOmissions(parameter, schema));
  }

  private static List<Unenforced> named(List<SchemaOmission> omissions) {
    return omissions.stream().map(omission -> new Unenforced(omission.place(), omission.reason())).toList();
  }
}
