package io.panallama.internal.handle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the chat format asks of the tokens of an answer.
 *
 * @param parameter the request's field that the grammar comes from
 * @param description the grammar, as the template gave it for {@code panallama_sampler_constraint}; null for none
 * @param searchesText whether the grammar waits for a pattern in all of the text
 * @param spoken the control tokens that belong to the answer's text, with their texts
 */
public record AnswerConstraint(
    String parameter, @Nullable String description, boolean searchesText, Map<Integer, byte[]> spoken) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Any tokens; control tokens have no text. */
  public static final AnswerConstraint NONE = new AnswerConstraint("grammar", null, false, Map.of());

  public AnswerConstraint {
    spoken = Map.copyOf(spoken);
  }

  /** A grammar alone, without a chat format around it. */
  public static AnswerConstraint ofGrammar(String parameter, String grammar) {
    ObjectNode description = JSON.createObjectNode().put("grammar", grammar).put("lazy", false);
    description.putArray("triggers");
    description.putArray("preserved_tokens");
    description.put("generation_prompt", "").put("thinking_start", "").putArray("thinking_ends");
    return new AnswerConstraint(parameter, description.toString(), false, Map.of());
  }

  int longestSpoken() {
    return spoken.values().stream().mapToInt(text -> text.length).max().orElse(0);
  }
}
