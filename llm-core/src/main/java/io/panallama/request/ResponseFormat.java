package io.panallama.request;

import java.util.Objects;

/**
 * What the answer has to look like. A format that can't be kept is refused, never ignored: the sampler takes no token that
 * would break it. An answer that is cut off by a limit is a beginning of one in the format.
 */
public sealed interface ResponseFormat {
  /** Any text. */
  record Text() implements ResponseFormat {}

  /** A JSON object. */
  record JsonObject() implements ResponseFormat {}

  /**
   * JSON that a schema allows. Required properties come first, then those that may be missing, each in the schema's order;
   * those that it doesn't name don't come.
   *
   * @param schema a JSON schema, at most 1 MiB
   * @param strict whether keywords that no grammar can enforce, such as {@code multipleOf}, are refused; they are left to
   *     the model otherwise
   */
  record JsonSchema(String schema, boolean strict) implements ResponseFormat {
    /** Rejects null. */
    public JsonSchema {
      Objects.requireNonNull(schema, "schema");
    }

    /** A strict one. */
    public JsonSchema(String schema) {
      this(schema, true);
    }
  }

  /**
   * Text that a grammar in llama.cpp's GBNF allows, from the first token on: the model can't think before.
   *
   * @param root the rule to start with
   */
  record Gbnf(String grammar, String root) implements ResponseFormat {
    /** Rejects null components. */
    public Gbnf {
      Objects.requireNonNull(grammar, "grammar");
      Objects.requireNonNull(root, "root");
    }

    /** A grammar that starts with the rule {@code root}. */
    public Gbnf(String grammar) {
      this(grammar, "root");
    }
  }
}
