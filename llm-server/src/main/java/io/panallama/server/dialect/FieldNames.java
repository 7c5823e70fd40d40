package io.panallama.server.dialect;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Translates the core's names of request fields into a dialect's. */
@FunctionalInterface
public interface FieldNames {
  /** The core's names of the fields that hold a schema, with a part of that schema. */
  Pattern IN_SCHEMA = Pattern.compile("(tools\\.list\\[\\d+]\\.parameters|format)([.\\[].*)", Pattern.DOTALL);

  /** The dialect's name of a field, or {@code javaPath} itself if the dialect has no other. */
  String wireName(String javaPath);

  /**
   * The dialect's name of a field, or of a part of a schema, which has the same name in every dialect; the schema of an answer is
   * {@code format.schema}.
   */
  default String path(String javaPath) {
    Matcher part = IN_SCHEMA.matcher(javaPath);
    if (!part.matches()) {
      return wireName(javaPath);
    }
    String schema = part.group(1).equals("format") ? "format.schema" : part.group(1);
    return wireName(schema) + part.group(2);
  }
}
