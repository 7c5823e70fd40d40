package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ChatMessage;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.TemplateHandle;
import io.panallama.request.ChatRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A compiled chat template and its JSON protocol. */
public final class ChatTemplate {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** {@code COMMON_GRAMMAR_TRIGGER_TYPE_WORD} of llama.cpp. */
  private static final int WORD = 1;

  /** The field of the rendered prompt. */
  private static final String PROMPT = "prompt";

  /** Occurs in no template. */
  private static final String FIRST = "panallama-probe-1";

  private static final String LAST = "panallama-probe-2";

  private final TemplateHandle handle;

  /** Null until it is known. */
  private volatile @Nullable Boolean showsEveryUserMessage;

  /** Null until it is known. */
  private volatile @Nullable ShownTools shownTools;

  /** Whether a second system message at the beginning is shown; null until it is known. */
  private volatile @Nullable Boolean showsEverySystemMessage;

  public ChatTemplate(TemplateHandle handle) {
    this.handle = handle;
  }

  /**
   * A conversation rendered by a template.
   *
   * @param prompt to be tokenized including its special tokens
   * @param literals pairs of byte offsets in the prompt's UTF-8, between which nothing is a special token
   * @param stops texts that end the assistant's turn, in addition to the end-of-generation tokens
   * @param preserved texts of control tokens that belong to the answer's text
   * @param parser the description for {@link io.panallama.internal.llama.ChatParserHandle}; null if the answer's text
   *     is its content
   * @param constraint the grammar of the answer; null if there is none
   * @param thinking the tags around the thinking, as JSON; null if the template has none
   * @param searchesText whether that grammar waits for a pattern anywhere in the text
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  public record Rendered(
      String prompt,
      int[] literals,
      List<String> stops,
      List<String> preserved,
      @Nullable String parser,
      @Nullable String constraint,
      @Nullable String thinking,
      boolean searchesText) {
    public byte[] promptBytes() {
      return prompt.getBytes(StandardCharsets.UTF_8);
    }
  }

  /**
   * Renders a conversation. Several system messages at its beginning are one for a template that shows one only. Arguments of
   * an earlier call that are no JSON object are text for a template that takes that, and its id is another one for a template that
   * takes no such id.
   *
   * @throws InvalidRequestException if a schema of a tool or of the answer can't be enforced, the arguments of a call can't
   *     be shown, the template does not take its arguments, or the last message can't go on
   * @throws ChatTemplateException if the template rejects the conversation
   */
  public Rendered render(ChatRequest request) {
    Continuation.requirePossible(request);
    ChatRequest shown = showsSystemMessages(request) ? request : SystemMessages.joined(request);
    Rendered rendered = applyWithCalls(request, shown);
    Continuation.requireShown(request, rendered.thinking() != null);
    return rendered;
  }

  private Rendered applyWithCalls(ChatRequest request, ChatRequest shown) {
    try {
      return apply(shown);
    } catch (ChatTemplateException refused) {
      if (CallIds.areLong(shown)) {
        try {
          return applyWithCalls(request, CallIds.shortened(shown));
        } catch (InvalidRequestException alsoSo) {
          // The ids are not to blame.
        }
      }
      if (CallTurns.areTogether(shown)) {
        try {
          return applyWithCalls(request, CallTurns.apart(shown));
        } catch (InvalidRequestException alsoSo) {
          // That several calls are in one message is not to blame.
        }
      }
      requireArguments(shown, refused);
      if (CallArguments.areObjects(shown)) {
        throw refused;
      }
      try {
        return apply(CallArguments.quoted(shown));
      } catch (ChatTemplateException again) {
        throw CallArguments.refusal(request, again);
      }
    }
  }

  /**
   * Refuses the arguments of a conversation that the template has refused, if it takes the conversation without them.
   *
   * @throws InvalidRequestException if it does
   */
  private void requireArguments(ChatRequest refused, ChatTemplateException why) {
    if (refused.template().arguments().isEmpty()) {
      return;
    }
    try {
      apply(refused.toBuilder().template(refused.template().toBuilder().arguments(Map.of()).build()).build());
    } catch (ChatTemplateException alsoWithout) {
      return;
    }
    throw new InvalidRequestException(
        "template.arguments",
        name("template.arguments") + " has what the model's chat template does not take: " + TemplateHandle.reason(why),
        why);
  }

  private boolean showsSystemMessages(ChatRequest request) {
    if (SystemMessages.count(request.messages()) < 2) {
      return true;
    }
    Boolean known = showsEverySystemMessage;
    if (known == null) {
      known = shows(List.of(ChatMessage.system(FIRST), ChatMessage.system(LAST), ChatMessage.user(".")), this::apply);
      showsEverySystemMessage = known;
    }
    return known;
  }

  private Rendered apply(ChatRequest request) {
    String result = handle.apply(ChatTemplateRequest.of(request).toString());
    try (JsonParser parser = JSON.createParser(result)) {
      try {
        return rendered(JSON.readTree(parser));
      } catch (StreamConstraintsException tooLarge) {
        throw tooLarge(request, field(parser), tooLarge);
      }
    } catch (JsonProcessingException impossible) {
      throw new ChatTemplateException("The chat template gave no JSON: " + impossible.getOriginalMessage(), impossible);
    } catch (IOException impossible) {
      throw new ChatTemplateException(
          "The chat template's answer can't be read: " + impossible.getMessage(), impossible);
    }
  }

  /** The field of the outermost object that the parser is in. */
  private static @Nullable String field(JsonParser parser) {
    JsonStreamContext context = parser.getParsingContext();
    while (context.getParent() != null && !context.getParent().inRoot()) {
      context = context.getParent();
    }
    return context.getCurrentName();
  }

  /**
   * What is too large: the prompt of a conversation that may be longer than the context, or the grammar of an answer, which grows
   * faster than the tools and the schema that it is made from.
   */
  private static InvalidRequestException tooLarge(
      ChatRequest request, @Nullable String field, StreamConstraintsException cause) {
    if (PROMPT.equals(field)) {
      return new InvalidRequestException(
          "messages",
          name("messages")
              + " makes a prompt of more than "
              + JSON.getFactory().streamReadConstraints().getMaxStringLength()
              + " characters, the most that is read; send a shorter conversation.",
          cause);
    }
    if (!request.tools().callable()) {
      return new InvalidRequestException(
          "format", name("format") + " makes a grammar that is too large; use a smaller schema.", cause);
    }
    return new InvalidRequestException(
        "tools.list",
        name("tools.list")
            + " has "
            + request.tools().list().size()
            + " tools, whose calls make a grammar that is too large; send fewer tools, or smaller schemas of their"
            + " parameters.",
        cause);
  }

  /**
   * Whether the prompt has what each user message says, as far as a conversation of two shows it. There are templates
   * that render the last message only.
   */
  boolean showsEveryUserMessage() {
    Boolean known = showsEveryUserMessage;
    if (known == null) {
      known = probe();
      showsEveryUserMessage = known;
    }
    return known;
  }

  /** What the prompt has of the tools. */
  ShownTools shownTools() {
    ShownTools known = shownTools;
    if (known == null) {
      known = ShownTools.of(request -> render(request).prompt());
      shownTools = known;
    }
    return known;
  }

  private boolean probe() {
    return shows(List.of(ChatMessage.user(FIRST), ChatMessage.assistant("."), ChatMessage.user(LAST)), this::render);
  }

  private static boolean shows(List<ChatMessage> conversation, Function<ChatRequest, Rendered> render) {
    try {
      String prompt = render.apply(ChatRequest.builder().messages(conversation).build()).prompt();
      return prompt.contains(FIRST) && prompt.contains(LAST);
    } catch (InvalidRequestException refused) {
      return false;
    }
  }

  private static Rendered rendered(JsonNode result) {
    String prompt = result.path(PROMPT).asText();
    List<Integer> literals = new ArrayList<>();
    if (result.has("marks")) {
      prompt = unmarked(prompt, result.path("marks").get(0).asText(), result.path("marks").get(1).asText(), literals);
    }
    boolean searches = false;
    if (result.get("constraint") instanceof ObjectNode constraint) {
      String beginning = constraint.path("generation_prompt").asText();
      String grammar = AnswerGrammar.withoutFence(constraint.path("grammar").asText(), beginning);
      constraint.put("grammar", AnswerGrammar.withNamedGroups(grammar));
      for (JsonNode trigger : constraint.path("lazy").asBoolean() ? constraint.path("triggers") : List.<JsonNode>of()) {
        searches |= trigger.path("type").asInt() != WORD;
      }
    }
    return new Rendered(
        prompt,
        literals.stream().mapToInt(Integer::intValue).toArray(),
        texts(result.path("stops")),
        texts(result.path("preserved_tokens")),
        result.has("parser") ? result.get("parser").toString() : null,
        result.has("constraint") ? result.get("constraint").toString() : null,
        result.has("thinking") ? result.get("thinking").toString() : null,
        searches);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return List.copyOf(texts);
  }

  /** Removes the marks and records the ranges between matching pairs. */
  private static String unmarked(String marked, String open, String close, List<Integer> literals) {
    StringBuilder plain = new StringBuilder();
    int bytes = 0;
    int opened = -1;
    int from = 0;
    for (int i = 0; i <= marked.length(); i++) {
      boolean opens = marked.startsWith(open, i);
      boolean closes = marked.startsWith(close, i);
      if (!opens && !closes && i < marked.length()) {
        continue;
      }
      String part = marked.substring(from, i);
      plain.append(part);
      bytes += part.getBytes(StandardCharsets.UTF_8).length;
      if (closes && opened >= 0 && bytes > opened) {
        literals.add(opened);
        literals.add(bytes);
      }
      opened = opens ? bytes : -1;
      from = i + 1;
    }
    return plain.toString();
  }

  public void close() {
    handle.close();
  }
}
