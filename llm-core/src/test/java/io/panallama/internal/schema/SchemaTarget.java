package io.panallama.internal.schema;

import io.panallama.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;

/** A target of {@code .ci/fuzz-coverage}: a JSON schema, rewritten for llama.cpp's converter, which is not called. */
public final class SchemaTarget {
  private SchemaTarget() {}

  /** Reads the input; anything but an {@link InvalidRequestException} is a fault. */
  public static void fuzzerTestOneInput(byte[] input) {
    try {
      SchemaCheck.omissions("schema", new String(input, StandardCharsets.UTF_8));
    } catch (InvalidRequestException refused) {
      if (refused.getMessage() == null || refused.getMessage().isBlank()) {
        throw new AssertionError("refused without a reason", refused);
      }
    }
  }
}
