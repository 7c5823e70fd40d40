package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.server.dialect.ApiException;

/** Token ids in a body. */
public final class TokenIds {
  private TokenIds() {}

  /**
   * The id that a value has to be; whether it is one of the model's is for {@link #requireKnown}.
   *
   * @param path the value's path from the body's root
   * @throws ApiException if it is none
   */
  public static int read(JsonNode value, String path) {
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw JsonFields.wrongType(path, value, "a token id");
    }
    return value.intValue();
  }

  /**
   * Refuses an id that the model's vocabulary does not have.
   *
   * @param path where the body has it
   * @throws ApiException if the vocabulary does not have it
   */
  public static void requireKnown(int id, String path, TextGenerator generator) {
    try {
      generator.tokenBytes(id);
    } catch (IndexOutOfBoundsException unknown) {
      throw refusal(id, path, generator);
    }
  }

  private static ApiException refusal(int id, String path, TextGenerator generator) {
    try {
      generator.detokenize(id);
    } catch (InvalidRequestException refused) {
      return ApiException.invalid(path, path + ": " + refused.getMessage());
    }
    return ApiException.invalid(path, path + ": Token " + id + " is not in the vocabulary.");
  }
}
