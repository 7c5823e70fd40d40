package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.SamplerStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** llama-server's names in the field {@code samplers}, with its other spellings. */
final class SamplerNames {
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

  private SamplerNames() {}

  /**
   * @param adaptive whether the request says what adaptive-p aims at; it comes last wherever it is named
   */
  static List<SamplerStage> order(JsonNode names, boolean adaptive) {
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
    if (named && !adaptive) {
      throw ApiException.invalid(FIELD, FIELD + " has adaptive_p, which needs adaptive_target.");
    }
    return order;
  }
}
