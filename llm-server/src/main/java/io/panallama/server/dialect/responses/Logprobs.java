package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;

/** Log-probabilities as the parts of a text have them. A token may be part of a character: its bytes are exact. */
record Logprobs(int top, IntFunction<byte[]> tokenBytes) {
  ArrayNode of(List<TokenLogprobs> tokens) {
    ArrayNode all = Items.array();
    for (TokenLogprobs token : tokens) {
      ObjectNode one = token(token.chosen());
      ArrayNode alternatives = one.putArray("top_logprobs");
      token.top().stream().limit(Math.max(0, top)).map(this::token).forEach(alternatives::add);
      all.add(one);
    }
    return all;
  }

  private ObjectNode token(TokenLogprob token) {
    byte[] bytes = tokenBytes.apply(token.token());
    ObjectNode json = Items.object().put("token", new String(bytes, StandardCharsets.UTF_8));
    json.put("logprob", token.logprob());
    ArrayNode numbers = json.putArray("bytes");
    for (byte one : bytes) {
      numbers.add(Byte.toUnsignedInt(one));
    }
    return json;
  }
}
