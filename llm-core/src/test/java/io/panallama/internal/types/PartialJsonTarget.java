package io.panallama.internal.types;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;

/** A target of {@code .ci/fuzz-coverage}: JSON that has arrived in part. What is whole is read as it is. */
public final class PartialJsonTarget {
  private PartialJsonTarget() {}

  /** Reads the input and its first half; anything thrown is a fault, and so is another tree than that of the whole JSON. */
  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    JsonNode partial = PartialJson.read(text);
    PartialJson.read(text.substring(0, text.length() / 2));
    JsonNode whole;
    try {
      whole = Json.parse(text);
    } catch (JsonProcessingException notWhole) {
      return;
    }
    if (whole.isContainerNode() && !whole.equals(partial)) {
      throw new AssertionError(whole + " is read as " + partial);
    }
  }
}
