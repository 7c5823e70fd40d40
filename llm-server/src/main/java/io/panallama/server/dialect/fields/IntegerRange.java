package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.server.dialect.ApiException;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * The whole numbers that a field takes. Immutable.
 *
 * @param low the smallest
 * @param high the largest; {@link Integer#MAX_VALUE} goes without saying
 * @param special a number outside with a meaning of its own; null if there is none
 * @param meaning what the special number does: "for no limit"
 */
public record IntegerRange(int low, int high, @Nullable Integer special, String meaning) {
  /** How many alternatives may be reported with each token. */
  public static final IntegerRange TOP_LOGPROBS = of(0, GenerationOptions.MAX_TOP_LOGPROBS);

  /** How many tokens an answer may think; -1 for no limit. */
  public static final IntegerRange REASONING_BUDGET = atLeast(0).or(-1, "for no limit");

  /** How many tokens to look back; -1 for all of them. */
  static final IntegerRange LOOK_BACK = of(0, Sampler.MAX_LAST_N).or(-1, "for all tokens");

  /** The numbers from one to another. */
  public static IntegerRange of(int low, int high) {
    return new IntegerRange(low, high, null, "");
  }

  /** The numbers of 32 bits from one on. */
  public static IntegerRange atLeast(int low) {
    return of(low, Integer.MAX_VALUE);
  }

  /** These numbers and one more. */
  public IntegerRange or(int special, String meaning) {
    return new IntegerRange(low, high, special, meaning);
  }

  /** Whether a whole number of any size is one of these. */
  boolean contains(JsonNode number) {
    BigDecimal value = number.decimalValue();
    boolean within = value.compareTo(BigDecimal.valueOf(low)) >= 0 && value.compareTo(BigDecimal.valueOf(high)) <= 0;
    return within || special != null && value.compareTo(BigDecimal.valueOf(special)) == 0;
  }

  /**
   * The error for a number that is not one of these, with the number as the client wrote it.
   *
   * @param path the field's
   */
  public ApiException refusal(JsonNode number, String path) {
    boolean large = high == Integer.MAX_VALUE && number.decimalValue().compareTo(BigDecimal.valueOf(high)) > 0;
    String range = large ? "at most " + high : high == Integer.MAX_VALUE ? low + " or more" : low + " to " + high;
    String also = special == null ? "" : ", or " + special + " " + meaning;
    return ApiException.invalid(
        path, path + " is " + JsonFields.shorten(number.asText()) + "; it must be " + range + also + ".");
  }
}
