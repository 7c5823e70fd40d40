package io.panallama.internal.llama;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ReasoningBudget;
import io.panallama.error.InvalidRequestException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The constraints of the chat format on the tokens of an answer.
 *
 * @param parameter the request's field that the grammar comes from
 * @param description the grammar and the reasoning budget for {@code panallama_sampler_constraint}; null if there is
 *     neither
 * @param hasGrammar whether there is a grammar
 * @param searchesText whether the grammar waits for a pattern anywhere in the text
 * @param visibleControlTokens the control tokens that belong to the answer's text, with their texts
 */
public record AnswerConstraint(
    String parameter,
    @Nullable String description,
    boolean hasGrammar,
    boolean searchesText,
    Map<Integer, byte[]> visibleControlTokens) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** No constraint on tokens; control tokens have no text. */
  public static final AnswerConstraint NONE = new AnswerConstraint("sampling.grammar", null, false, false, Map.of());

  public AnswerConstraint {
    visibleControlTokens = Map.copyOf(visibleControlTokens);
  }

  /**
   * Checks that the grammar can be handed over: it would end at a NUL character.
   *
   * @throws InvalidRequestException if it has one, as that of a call does which has to follow what the last message says
   */
  void requireNoNul() {
    if (description == null || !description.contains("\\u0000")) {
      return;
    }
    try {
      JsonNode all = JSON.readTree(description);
      if (all.path("grammar").asText().indexOf('\0') < 0) {
        return;
      }
      boolean continued = all.path("generation_prompt").asText().indexOf('\0') >= 0;
      throw new InvalidRequestException(
          continued ? "messages" : parameter,
          continued
              ? "The last of "
                  + name("messages")
                  + ", which the answer continues, has a NUL character. No grammar can have one; leave it out."
              : name(parameter) + " has a NUL character, which no grammar can have; leave it out.");
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** A grammar alone, without a surrounding chat format. */
  public static AnswerConstraint ofGrammar(String parameter, String grammar) {
    ObjectNode description = description(grammar);
    description.put("generation_prompt", "").put("thinking_start", "").putArray("thinking_ends");
    return new AnswerConstraint(parameter, description.toString(), true, false, Map.of());
  }

  private static ObjectNode description(String grammar) {
    ObjectNode description = JSON.createObjectNode().put("grammar", grammar).put("lazy", false);
    description.putArray("triggers");
    description.putArray("preserved_tokens");
    return description;
  }

  /**
   * Adds a reasoning budget to a grammar, or to nothing.
   *
   * @param grammar from the template; null if there is none
   * @param thinking the tags, from the template
   */
  public static String withBudget(@Nullable String grammar, String thinking, ReasoningBudget budget) {
    try {
      ObjectNode description = grammar == null ? description("") : (ObjectNode) JSON.readTree(grammar);
      description.setAll((ObjectNode) JSON.readTree(thinking));
      description.putObject("budget").put("tokens", budget.tokens()).put("message", budget.message());
      return description.toString();
    } catch (JsonProcessingException impossible) {
      throw new IllegalArgumentException("The template gave no JSON", impossible);
    }
  }

  int longestVisibleControlToken() {
    return visibleControlTokens.values().stream().mapToInt(text -> text.length).max().orElse(0);
  }
}
