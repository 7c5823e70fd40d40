package io.panallama.internal.request;

import io.panallama.error.InvalidRequestException;
import io.panallama.sampling.Sampling;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads {@code general.sampling.*}. If one value is unusable, all defaults apply, with a warning. */
public final class RecommendedSampling {
  private static final System.Logger LOG = System.getLogger("io.panallama");
  private static final String PREFIX = "general.sampling.";

  private RecommendedSampling() {}

  public static Sampling of(Map<String, String> metadata) {
    Sampling.Builder builder = Sampling.builder();
    try {
      read(metadata, "temp", Float::valueOf, builder::temperature);
      read(metadata, "top_k", Integer::valueOf, builder::topK);
      read(metadata, "top_p", Float::valueOf, builder::topP);
      read(metadata, "min_p", Float::valueOf, builder::minP);
      read(metadata, "penalty_last_n", Integer::valueOf, builder::repeatLastN);
      read(metadata, "penalty_repeat", Float::valueOf, builder::repeatPenalty);
      return builder.build();
    } catch (InvalidRequestException | NumberFormatException unusable) {
      LOG.log(
          System.Logger.Level.WARNING, "The model recommends sampling that can't be used: " + unusable.getMessage());
      return Sampling.defaults();
    }
  }

  private static <T> void read(
      Map<String, String> metadata, String key, Function<String, T> parse, Consumer<T> setter) {
    @Nullable String value = metadata.get(PREFIX + key);
    if (value != null) {
      setter.accept(parse.apply(value.strip()));
    }
  }
}
