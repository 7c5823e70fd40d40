package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.sampling.SamplerStage;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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

  /** llama-server's letters for the stages ({@code common_sampler_type_to_chr}). */
  private static final Map<Character, String> LETTERS =
      Map.ofEntries(
          Map.entry('d', "dry"),
          Map.entry('k', "top_k"),
          Map.entry('y', "typ_p"),
          Map.entry('p', "top_p"),
          Map.entry('s', "top_n_sigma"),
          Map.entry('m', "min_p"),
          Map.entry('t', "temperature"),
          Map.entry('x', "xtc"),
          Map.entry('i', "infill"),
          Map.entry('e', "penalties"),
          Map.entry('a', ADAPTIVE));

  /** Reads an array of names, names in one text separated by semicolons, or llama-server's letters. */
  static SamplerNames read(JsonFields body) {
    JsonNode value = body.any(FIELD);
    if (value == null || value.isTextual() && value.textValue().isBlank()) {
      return new SamplerNames(null, false);
    }
    String field = body.path(FIELD);
    List<String> names = new ArrayList<>();
    List<String> paths = new ArrayList<>();
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        if (value.get(i).isNull()) {
          continue;
        }
        paths.add(field + "[" + i + "]");
        names.add(normal(JsonFields.string(value.get(i), paths.getLast())));
      }
    } else if (value.isTextual()) {
      names = split(JsonFields.string(value, field));
      paths.addAll(Collections.nCopies(names.size(), field));
    } else {
      throw JsonFields.wrongType(field, value, "an array of names or a text");
    }
    List<SamplerStage> order = new ArrayList<>();
    boolean adaptive = false;
    for (int i = 0; i < names.size(); i++) {
      SamplerStage stage = STAGES.get(names.get(i));
      if (stage != null) {
        order.add(stage);
      } else if (names.get(i).equals(ADAPTIVE)) {
        adaptive = true;
      } else {
        body.ignored()
            .unsupported(
                paths.get(i),
                paths.get(i)
                    + " is not a sampler; known are adaptive_p, dry, infill, min_p, penalties, temperature, top_k, "
                    + "top_n_sigma, top_p, typ_p, xtc.");
      }
    }
    return new SamplerNames(order, adaptive);
  }

  private static String normal(String given) {
    String name = given.strip().toLowerCase(Locale.ROOT).replace('-', '_');
    return SPELLINGS.getOrDefault(name, name);
  }

  private static List<String> split(String text) {
    String first = normal(text);
    if (text.contains(";") || STAGES.containsKey(first) || first.equals(ADAPTIVE)) {
      return Arrays.stream(text.split(";", 0)).map(SamplerNames::normal).filter(name -> !name.isEmpty()).toList();
    }
    return text.chars().mapToObj(letter -> LETTERS.getOrDefault((char) letter, "?")).toList();
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
