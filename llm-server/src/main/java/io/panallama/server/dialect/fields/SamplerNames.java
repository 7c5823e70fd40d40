package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.sampling.SamplerStage;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The field {@code samplers}, with llama-server's names and its other spellings.
 *
 * @param order the stages that are named; null if the request names no order
 * @param namesAdaptive whether adaptive-p is among the names; it is not a stage and always comes last
 */
record SamplerNames(@Nullable List<SamplerStage> order, boolean namesAdaptive) {
  private static final String FIELD = "samplers";
  private static final String ADAPTIVE = "adaptive_p";

  private static final Map<String, SamplerStage> STAGES =
      Map.ofEntries(
          Map.entry("penalties", SamplerStage.PENALTIES),
          Map.entry("dry", SamplerStage.DRY),
          Map.entry("top_n_sigma", SamplerStage.TOP_N_SIGMA),
          Map.entry("top_k", SamplerStage.TOP_K),
          Map.entry("typ_p", SamplerStage.TYPICAL_P),
          Map.entry("top_p", SamplerStage.TOP_P),
          Map.entry("min_p", SamplerStage.MIN_P),
          Map.entry("xtc", SamplerStage.XTC),
          Map.entry("temperature", SamplerStage.TEMPERATURE),
          Map.entry("infill", SamplerStage.INFILL));

  private static final Map<String, String> SPELLINGS =
      Map.ofEntries(
          Map.entry("topk", "top_k"),
          Map.entry("topp", "top_p"),
          Map.entry("nucleus", "top_p"),
          Map.entry("minp", "min_p"),
          Map.entry("typp", "typ_p"),
          Map.entry("typ", "typ_p"),
          Map.entry("typical_p", "typ_p"),
          Map.entry("topnsigma", "top_n_sigma"),
          Map.entry("temp", "temperature"),
          Map.entry("adaptivep", ADAPTIVE));

  static SamplerNames read(@Nullable JsonNode names) {
    if (names == null) {
      return new SamplerNames(null, false);
    }
    if (!names.isArray()) {
      throw JsonFields.wrongType(FIELD, names, "an array of names");
    }
    List<SamplerStage> order = new ArrayList<>();
    boolean named = false;
    for (int i = 0; i < names.size(); i++) {
      String path = FIELD + "[" + i + "]";
      String given = JsonFields.string(names.get(i), path).toLowerCase(Locale.ROOT).replace('-', '_');
      String name = SPELLINGS.getOrDefault(given, given);
      SamplerStage stage = STAGES.get(name);
      if (stage != null) {
        order.add(stage);
      } else if (name.equals(ADAPTIVE)) {
        named = true;
      } else {
        throw ApiException.invalid(
            path,
            path
                + " is not a sampler; known are adaptive_p, dry, infill, min_p, penalties, temperature, top_k, "
                + "top_n_sigma, top_p, typ_p, xtc.");
      }
    }
    return new SamplerNames(order, named);
  }

  /**
   * Whether adaptive-p chooses the token. Like any stage, it is left out if others are named and it is not.
   *
   * @param aimed whether the request gives a target
   */
  boolean adaptive(boolean aimed) {
    if (namesAdaptive && !aimed) {
      throw ApiException.invalid(FIELD, FIELD + " has adaptive_p, which needs adaptive_target.");
    }
    return aimed && (order == null || namesAdaptive);
  }
}
