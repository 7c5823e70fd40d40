package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.Sampler;
import io.panallama.Sampling;
import io.panallama.server.ServedModel;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The fields that decide how tokens are chosen: OpenAI's, and llama-server's under its names. */
final class SamplingFields {
  /** Clients of llama-server say -1 for a fresh seed. */
  private static final long LLAMA_SERVER_RANDOM = -1;

  private SamplingFields() {}

  /** The model's defaults with the request's own values set over them. Ranges are checked by the core. */
  static Sampling read(JsonFields body, ServedModel model) {
    Sampling.Builder sampling = model.sampling().get();
    set(body.number("temperature"), sampling::temperature);
    set(body.number("top_p"), sampling::topP);
    set(body.number("min_p"), sampling::minP);
    set(body.integer("top_k"), sampling::topK);
    set(body.number("typical_p"), sampling::typicalP);
    set(body.number("top_n_sigma"), sampling::topNSigma);
    set(body.integer("repeat_last_n"), sampling::repeatLastN);
    set(body.number("repeat_penalty"), sampling::repeatPenalty);
    set(body.number("frequency_penalty"), sampling::frequencyPenalty);
    set(body.number("presence_penalty"), sampling::presencePenalty);
    set(body.longInteger("seed"), seed -> sampling.seed(seed == LLAMA_SERVER_RANDOM ? Sampling.RANDOM_SEED : seed));
    set(body.string("grammar"), gbnf -> sampling.grammar(new Sampler.Grammar(gbnf, "root")));
    set(body.any("logit_bias"), bias -> sampling.logitBias(logitBias(bias)));
    if (body.bool("ignore_eos")) {
      sampling.ignoreEnd(true);
    }
    return sampling.build();
  }

  private static <T> void set(@Nullable T value, Consumer<T> setter) {
    if (value != null) {
      setter.accept(value);
    }
  }

  private static Map<Integer, Float> logitBias(JsonNode value) {
    if (!value.isObject()) {
      throw JsonFields.wrongType("logit_bias", value, "an object of token ids and numbers");
    }
    Map<Integer, Float> bias = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      String path = "logit_bias." + entry.getKey();
      bias.put(tokenId(entry.getKey()), JsonFields.number(entry.getValue(), path));
    }
    return bias;
  }

  private static int tokenId(String key) {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException notANumber) {
      throw ApiException.invalid("logit_bias", "logit_bias has the key \"" + key + "\"; keys must be token ids.");
    }
  }
}
