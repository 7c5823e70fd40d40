package io.panallama.request;

import java.util.Objects;

/**
 * The format that the answer must have. A format that can't be enforced is rejected, never ignored: the sampler takes no token that would violate it. An answer that is cut off by a limit is the beginning of one in the format.
 */
public sealed interface ResponseFormat {
  /** Any text. */
  record Text() implements ResponseFormat {}

  /** A JSON object. */
  record JsonObject() implements ResponseFormat {}

  /**
   * JSON that a schema allows. Required properties come first, then optional ones, each group in the schema's order; properties that the schema does not name do not occur.
   *
   * @param schema a JSON schema, at most 1 MiB
   * @param strict whether keywords that no grammar can enforce, such as {@code multipleOf}, are rejected; otherwise they are left to the model
   */
  record JsonSchema(String schema, boolean strict) implements ResponseFormat {
    /** Rejects null. */
    public JsonSchema {
      Objects.requireNonNull(schema, "schema");
    }

    /** A strict schema. */
    public JsonSchema(String schema) {
      this(schema, true);
    }
  }

  /**
   * Text that a GBNF grammar of llama.cpp allows, from the first token on, so the model can't think first.
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
