package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * vLLM's field {@code prompt_logprobs}: how many alternatives to give to each token of the prompt. An answer that is not streamed
 * then has an entry for each token of the prompt, null for the first: the ids of the token and of its alternatives, with their
 * log-probabilities, texts and ranks. The rank of a token that is not among the alternatives is not known and left out. Immutable.
 *
 * @param count null if the body has no such field
 */
record PromptLogprobs(@Nullable Integer count) {
  /** That of a body without the field. */
  static final PromptLogprobs NONE = new PromptLogprobs(null);

  private static final String FIELD = "prompt_logprobs";

  /** Reads the field. Streams have no place for it, as in vLLM. */
  static PromptLogprobs read(JsonFields body) {
    Integer count = body.integer(FIELD, IntegerRange.TOP_LOGPROBS);
    if (count != null && body.bool("stream")) {
      body.ignored().unsupported(FIELD, FIELD + " is only for answers that are not streamed.");
      return NONE;
    }
    return new PromptLogprobs(count);
  }

  boolean isWanted() {
    return count != null;
  }

  /** The request with the log-probabilities that the field and other ones ask for. */
  GenerationRequest of(GenerationRequest request) {
    if (count == null) {
      return request;
    }
    GenerationOptions options = request.options();
    int most = Math.max(count, options.promptLogprobs().orElse(0));
    return request.with(options.toBuilder().promptLogprobs(most).build());
  }

  /** Writes the entries of a prompt; with as many alternatives as there are. */
  static void write(JsonGenerator json, List<TokenLogprobs> prompt, IntFunction<byte[]> bytes) throws IOException {
    json.writeArrayFieldStart(FIELD);
    for (TokenLogprobs token : prompt) {
      if (Float.isNaN(token.chosen().logprob())) {
        json.writeNull();
      } else {
        entry(json, token, bytes);
      }
    }
    json.writeEndArray();
  }

  private static void entry(JsonGenerator json, TokenLogprobs token, IntFunction<byte[]> bytes) throws IOException {
    Map<Integer, TokenLogprob> all = new LinkedHashMap<>();
    token.top().forEach(one -> all.put(one.token(), one));
    all.putIfAbsent(token.chosen().token(), token.chosen());
    int rank = 0;
    json.writeStartObject();
    for (TokenLogprob one : all.values()) {
      rank++;
      json.writeObjectFieldStart(Integer.toString(one.token()));
      json.writeNumberField("logprob", one.logprob());
      if (rank <= token.top().size()) {
        json.writeNumberField("rank", rank);
      }
      json.writeStringField("decoded_token", new String(bytes.apply(one.token()), StandardCharsets.UTF_8));
      json.writeEndObject();
    }
    json.writeEndObject();
  }
}
