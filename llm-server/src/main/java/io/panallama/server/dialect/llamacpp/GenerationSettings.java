package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes llama-server's {@code generation_settings}: the options in use, and the values that turn the others off. */
final class GenerationSettings {
  /** llama-server's value for no limit. */
  private static final int NO_LIMIT = -1;

  private final Map<String, Object> values = new LinkedHashMap<>();
  private final List<String> samplers = new ArrayList<>();
  private final Map<Integer, Float> bias = new LinkedHashMap<>();
  private String grammar = "";

  private GenerationSettings(GenerationOptions options) {
    values.put("seed", options.sampling().seed());
    values.put("temperature", 1f);
    values.put("dynatemp_range", 0f);
    values.put("dynatemp_exponent", 1f);
    values.put("top_k", 0);
    values.put("top_p", 1f);
    values.put("min_p", 0f);
    values.put("top_n_sigma", -1f);
    values.put("xtc_probability", 0f);
    values.put("xtc_threshold", 0.1f);
    values.put("typical_p", 1f);
    values.put("repeat_last_n", 64);
    values.put("repeat_penalty", 1f);
    values.put("presence_penalty", 0f);
    values.put("frequency_penalty", 0f);
    values.put("dry_multiplier", 0f);
    values.put("dry_base", 1.75f);
    values.put("dry_allowed_length", 2);
    values.put("dry_penalty_last_n", 64);
    values.put("mirostat", 0);
    values.put("mirostat_tau", 5f);
    values.put("mirostat_eta", 0.1f);
    values.put("adaptive_target", -1f);
    values.put("adaptive_decay", 0.9f);
    values.put("ignore_eos", false);
    values.put("min_keep", 0);
    options.sampling().chain().forEach(this::take);
    if (options.format() instanceof ResponseFormat.Gbnf given) {
      grammar = given.grammar();
    }
  }

  /** Writes the fields of the object. */
  static void write(JsonGenerator json, GenerationOptions options, CompletionOptions wanted) throws IOException {
    GenerationSettings settings = of(json, options);
    json.writeBooleanField("stream", wanted.common().stream());
    json.writeNumberField("n_probs", wanted.probabilities());
    json.writeBooleanField("post_sampling_probs", wanted.afterSampling());
    json.writeNumberField("n_indent", wanted.lines().indent());
    json.writeNumberField("t_max_predict_ms", wanted.lines().millis());
    json.writeStringField("grammar", settings.grammar);
  }

  /** Writes the fields that don't depend on a request's form. */
  static GenerationSettings of(JsonGenerator json, GenerationOptions options) throws IOException {
    GenerationSettings settings = new GenerationSettings(options);
    for (Map.Entry<String, Object> value : settings.values.entrySet()) {
      json.writeObjectField(value.getKey(), value.getValue());
    }
    json.writeArrayFieldStart("stop");
    for (String stop : options.stops()) {
      json.writeString(stop);
    }
    json.writeEndArray();
    int limit = options.maxTokens() == GenerationOptions.UNLIMITED ? NO_LIMIT : options.maxTokens();
    json.writeNumberField("max_tokens", limit);
    json.writeNumberField("n_predict", limit);
    json.writeNumberField("n_keep", options.overflow() instanceof ContextOverflow.Shift shift ? shift.keep() : 0);
    json.writeArrayFieldStart("logit_bias");
    for (Map.Entry<Integer, Float> one : settings.bias.entrySet()) {
      json.writeStartObject();
      // JSON has no infinity; the bias of a forbidden token is null in llama-server, too.
      if (one.getValue() == Float.NEGATIVE_INFINITY) {
        json.writeNullField("bias");
      } else {
        json.writeNumberField("bias", one.getValue());
      }
      json.writeNumberField("token", one.getKey());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("samplers");
    for (String sampler : settings.samplers) {
      json.writeString(sampler);
    }
    json.writeEndArray();
    return settings;
  }

  private void take(Sampler sampler) {
    switch (sampler) {
      case Sampler.Greedy() -> values.put("temperature", 0f);
      case Sampler.Dist() -> {}
      case Sampler.Mirostat(float tau, float eta, int _) -> mirostat(1, tau, eta);
      case Sampler.MirostatV2(float tau, float eta) -> mirostat(2, tau, eta);
      case Sampler.AdaptiveP(float target, float decay) -> {
        values.put("adaptive_target", target);
        values.put("adaptive_decay", decay);
      }
      case Sampler.TopK(int k) -> stage("top_k", "top_k", k);
      case Sampler.TopP(float p, int minKeep) -> kept("top_p", "top_p", p, minKeep);
      case Sampler.MinP(float p, int minKeep) -> kept("min_p", "min_p", p, minKeep);
      case Sampler.Typical(float p, int minKeep) -> kept("typ_p", "typical_p", p, minKeep);
      case Sampler.Temperature(float t) -> stage("temperature", "temperature", t);
      case Sampler.DynamicTemperature(float t, float delta, float exponent) -> {
        stage("temperature", "temperature", t);
        values.put("dynatemp_range", delta);
        values.put("dynatemp_exponent", exponent);
      }
      case Sampler.Xtc(float probability, float threshold, int minKeep) -> {
        kept("xtc", "xtc_probability", probability, minKeep);
        values.put("xtc_threshold", threshold);
      }
      case Sampler.TopNSigma(float n) -> stage("top_n_sigma", "top_n_sigma", n);
      case Sampler.Penalties(int lastN, float repeat, float frequency, float presence) -> {
        stage("penalties", "repeat_last_n", lastN);
        values.put("repeat_penalty", repeat);
        values.put("frequency_penalty", frequency);
        values.put("presence_penalty", presence);
      }
      case Sampler.Dry dry -> {
        stage("dry", "dry_multiplier", dry.multiplier());
        values.put("dry_base", dry.base());
        values.put("dry_allowed_length", dry.allowedLength());
        values.put("dry_penalty_last_n", dry.lastN());
      }
      case Sampler.LogitBias given -> bias.putAll(given.bias());
      case Sampler.BannedTexts _ -> {}
      case Sampler.NoEnd() -> values.put("ignore_eos", true);
      case Sampler.Grammar(String gbnf, String _) -> grammar = gbnf;
      case Sampler.LazyGrammar lazy -> grammar = lazy.gbnf();
      case Sampler.Infill() -> samplers.add("infill");
    }
  }

  private void mirostat(int version, float tau, float eta) {
    values.put("mirostat", version);
    values.put("mirostat_tau", tau);
    values.put("mirostat_eta", eta);
  }

  private void stage(String sampler, String name, Number value) {
    samplers.add(sampler);
    values.put(name, value);
  }

  private void kept(String sampler, String name, Number value, int minKeep) {
    stage(sampler, name, value);
    values.put("min_keep", minKeep);
  }
}
