package io.panallama.internal.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.Role;
import io.panallama.chat.ToolChoice;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.internal.llama.AnswerConstraint;
import io.panallama.internal.llama.ChatParserHandle;
import io.panallama.internal.llama.SamplerChain;
import io.panallama.internal.llama.SchemaConverter;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.internal.stream.ChatParser;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compiles requests into the form that the engine runs: renders the chat template, tokenizes, and builds the constraint
 * of the answer and the sampler.
 *
 * <p>Everything happens on the calling thread, which should therefore not be a virtual one; see
 * {@link io.panallama.internal.prepare.PreparationPool}. Nothing is queued, so every fault of a request is thrown here.
 * Thread-safe while the model has an owner; throws {@link IllegalStateException} afterwards.
 */
public final class RequestCompiler {
  private final LoadedModel model;
  private final int contextSize;
  private final PromptTooLongException.Limit limit;

  /**
   * @param contextSize maximum number of tokens of one sequence
   * @param limit what limits it, for errors
   */
  public RequestCompiler(LoadedModel model, int contextSize, PromptTooLongException.Limit limit) {
    this.model = model;
    this.contextSize = contextSize;
    this.limit = limit;
  }

  /**
   * Compiles a request.
   *
   * @param before the tokens to which the prompt of a completion is appended, and which a conversation may continue;
   *     see {@link #continued}
   * @param checkpoint called between two stages, and may throw to end the work
   * @throws PromptTooLongException if the length of the text alone shows that the prompt doesn't fit, and it may not be
   *     truncated; a prompt that passes may still be too long
   * @throws InvalidRequestException if the request can't be executed as it stands
   */
  public CompiledRequest compile(GenerationRequest request, int[] before, Runnable checkpoint) {
    CompiledRequest compiled =
        switch (request) {
          case ChatRequest chat -> chat(chat, before, checkpoint);
          case CompletionRequest completion -> {
            requireRoom(completion, before.length);
            yield plain(join(before, tokens(completion.prompt(), before.length == 0)), completion.options());
          }
          case InfillRequest infill -> plain(infill(infill), infill.options());
        };
    if (compiled.prompt().length == 0) {
      throw request instanceof ChatRequest
          ? new InvalidRequestException(
              "messages",
              name("messages")
                  + " say nothing: their prompt has no tokens, and at least one is needed. Add a message with a text.")
          : new InvalidRequestException("prompt", "The prompt has no tokens; at least one is needed.");
    }
    return compiled;
  }

  /** The number of tokens in the prompt that {@link #compile} builds. */
  public int countTokens(GenerationRequest request) {
    return switch (request) {
      case ChatRequest chat -> tokens(render(chat)).length;
      case CompletionRequest completion -> tokens(completion.prompt(), true).length;
      case InfillRequest infill -> infill(infill).length;
    };
  }

  /** The number of tokens of a text by itself, with special tokens as plain text. */
  public int countTokens(String text) {
    return TokenizerCalls.tokenize(model.handle(), text, false, false).length;
  }

  /** The tokens of a text. */
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return TokenizerCalls.tokenize(model.handle(), text, addSpecial, parseSpecial);
  }

  /** The text of tokens, with special ones written out. */
  public String detokenize(int[] tokens) {
    requireTokens(tokens, "tokens");
    return TokenizerCalls.detokenize(model.handle(), tokens, false, true);
  }

  /** Renders the prompt of a conversation. */
  public ChatTemplate.Rendered render(ChatRequest request) {
    return model.template(RequestSize.isLarge(request)).render(request);
  }

  /** Builds what is native in a compiled request; the caller owns it. */
  public PreparedRequest prepare(CompiledRequest request) {
    ChatParser parser = request.parser() == null ? null : ChatParserHandle.create(request.parser());
    try {
      return new PreparedRequest(request, sampler(request), parser);
    } catch (Throwable refused) {
      if (parser != null) {
        parser.close();
      }
      throw refused;
    }
  }

  private SamplerChain sampler(CompiledRequest request) {
    GenerationOptions options = request.options();
    Sampling sampling = sampling(options, request.constraint());
    return SamplerChain.create(model.handle(), sampling, request.prompt(), request.constraint(), options);
  }

  /**
   * @param where names the tokens in the message
   * @throws InvalidRequestException if an id is not in the vocabulary
   */
  public void requireTokens(int[] tokens, String where) {
    int size = model.facts().size();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= size) {
        throw new InvalidRequestException(
            where + "[" + i + "]",
            "Token " + tokens[i] + " is not in the vocabulary; ids are 0 to " + (size - 1) + ".");
      }
    }
  }

  // ---- prompts ----

  private CompiledRequest chat(ChatRequest request, int[] before, Runnable checkpoint) {
    boolean bounded = request.options().overflow() instanceof ContextOverflow.Reject;
    if (bounded) {
      requireRoom(request);
    }
    ChatTemplate.Rendered rendered = render(request);
    checkpoint.run();
    if (bounded) {
      requireRoom(rendered.prompt(), 0);
    }
    int[] continued = continued(rendered, before);
    int[] prompt = continued == null ? tokens(rendered) : continued;
    checkpoint.run();
    List<String> stops = new ArrayList<>(request.options().stops());
    stops.addAll(rendered.stops());
    boolean singleCall = !request.tools().parallelCalls().orElse(true);
    return new CompiledRequest(
        prompt,
        request.options(),
        stops,
        constraint(request, rendered),
        rendered.parser(),
        singleCall,
        isForced(request));
  }

  /**
   * Returns the existing tokens, followed by those of the text that the template added to theirs. So a conversation
   * continues from exactly the tokens that the model generated, whose KV state exists, and not from other tokens for
   * the same text.
   *
   * @param before prompt and answer of the previous turn
   * @return null if the prompt is not the text of those tokens with an addition, or if its tokens would differ from
   *     those of the whole prompt: some tokenizers insert a space before each text, and special-token texts in the new
   *     messages would need their positions
   */
  private int @Nullable [] continued(ChatTemplate.Rendered rendered, int[] before) {
    String prompt = rendered.prompt();
    if (before.length == 0) {
      return null;
    }
    String known = text(before);
    int knownBytes = known.getBytes(StandardCharsets.UTF_8).length;
    int[] literals = rendered.literals();
    if (!prompt.startsWith(known) || literals.length > 0 && literals[literals.length - 1] > knownBytes) {
      return null;
    }
    int[] added = TokenizerCalls.tokenize(model.handle(), prompt.substring(known.length()), false, true);
    int[] all = join(before, added);
    return text(all).equals(prompt) ? all : null;
  }

  /** The text of tokens including special ones, except those that the vocabulary puts around a text. */
  private String text(int[] tokens) {
    return TokenizerCalls.detokenize(model.handle(), tokens, true, true);
  }

  private static CompiledRequest plain(int[] prompt, GenerationOptions options) {
    return new CompiledRequest(prompt, options, options.stops(), answer(options), null, false, false);
  }

  private int[] infill(InfillRequest request) {
    return InfillPrompt.tokens(request, model.handle(), model.facts(), contextSize);
  }

  private int[] tokens(ChatTemplate.Rendered rendered) {
    return TokenizerCalls.tokenizePrompt(model.handle(), rendered.promptBytes(), rendered.literals());
  }

  private int[] tokens(Prompt prompt, boolean beginning) {
    return switch (prompt) {
      case Prompt.Text text -> TokenizerCalls.tokenize(model.handle(), text.text(), beginning, text.parseSpecial());
      case Prompt.Tokens given -> {
        int[] tokens = given.tokens();
        requireTokens(tokens, "prompt");
        yield tokens;
      }
    };
  }

  private static int[] join(int[] one, int[] two) {
    int[] joined = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, joined, one.length, two.length);
    return joined;
  }

  // ---- prompts that are too long ----

  /** Rejects a conversation before it is rendered, if what its user wrote and its tools are too long by themselves. */
  private void requireRoom(ChatRequest request) {
    if (RequestSize.of(request) < contextSize) {
      return;
    }
    ChatTemplate template = model.template(true);
    long bytes = request.tools().list().isEmpty() ? 0 : template.shownTools().bytes(request.tools());
    if (template.showsEveryUserMessage()) {
      for (ChatMessage message : request.messages()) {
        // Templates may leave out parts of the others, such as earlier reasoning.
        if (message.role() == Role.USER) {
          bytes += FewestTokens.visibleBytes(message.content());
        }
      }
    }
    if (bytes >= contextSize) {
      int fewest = model.fewestTokens().ofVisible(bytes);
      if (fewest >= contextSize) {
        throw PromptTooLongException.atLeast(fewest, contextSize, limit);
      }
    }
  }

  private void requireRoom(CompletionRequest request, int before) {
    if (request.options().overflow() instanceof ContextOverflow.Reject
        && request.prompt() instanceof Prompt.Text text) {
      requireRoom(text.text(), before);
    }
  }

  /**
   * Rejects a prompt before it is tokenized.
   *
   * @param before the number of tokens in front of it
   */
  private void requireRoom(String text, int before) {
    if (FewestTokens.bytes(text) + before < contextSize) {
      return;
    }
    long fewest = (long) before + model.fewestTokens().of(text);
    if (fewest >= contextSize) {
      throw PromptTooLongException.atLeast((int) Math.min(Integer.MAX_VALUE, fewest), contextSize, limit);
    }
  }

  // ---- constraints of the answer ----

  private AnswerConstraint constraint(ChatRequest request, ChatTemplate.Rendered rendered) {
    requireEnforced(request, rendered);
    Map<Integer, byte[]> visible = new HashMap<>();
    for (String text : rendered.preserved()) {
      int[] tokens = TokenizerCalls.tokenize(model.handle(), text, false, true);
      if (tokens.length == 1) {
        visible.put(tokens[0], text.getBytes(StandardCharsets.UTF_8));
      }
    }
    String parameter = request.tools().callable() ? "tools.list" : "format";
    String grammar = rendered.constraint();
    ReasoningBudget budget = request.template().budget().orElse(null);
    String description =
        budget == null || rendered.thinking() == null && !budget.required()
            ? grammar
            : limited(grammar, rendered.thinking(), budget);
    return new AnswerConstraint(parameter, description, grammar != null, rendered.searchesText(), visible);
  }

  /** Some templates have no format for tool calls. llama.cpp then returns no grammar, whatever the request asks for. */
  private static void requireEnforced(ChatRequest request, ChatTemplate.Rendered rendered) {
    if (rendered.constraint() != null) {
      return;
    }
    if (forcesCall(request)) {
      throw new InvalidRequestException(
          "tools.choice",
          name("tools.choice") + " can't be kept: this model's chat template has no form for calling tools.");
    }
    if (isForced(request)) {
      throw new InvalidRequestException(
          "format", name("format") + " can't be enforced with this model's chat template.");
    }
  }

  private static boolean forcesCall(ChatRequest request) {
    ToolChoice choice = request.tools().choice();
    return choice instanceof ToolChoice.Required || choice instanceof ToolChoice.Named;
  }

  /** Whether the answer has to be a call, or in a format of JSON. */
  private static boolean isForced(ChatRequest request) {
    ResponseFormat format = request.options().format();
    return forcesCall(request)
        || format instanceof ResponseFormat.JsonObject
        || format instanceof ResponseFormat.JsonSchema;
  }

  private static String limited(@Nullable String grammar, @Nullable String thinking, ReasoningBudget budget) {
    if (thinking == null) {
      throw new InvalidRequestException(
          "template.budget.tokens",
          name("template.budget.tokens")
              + " needs a chat template with tags around the thinking; this model's has none.");
    }
    return AnswerConstraint.withBudget(grammar, thinking, budget);
  }

  /** The constraint of an answer without a template: a JSON schema is converted to a grammar directly. */
  private static AnswerConstraint answer(GenerationOptions options) {
    String grammar =
        switch (options.format()) {
          case ResponseFormat.Text _, ResponseFormat.Gbnf _ -> null;
          case ResponseFormat.JsonObject() -> SchemaConverter.grammar("format", "{\"type\": \"object\"}");
          case ResponseFormat.JsonSchema(String schema, boolean strict) ->
              SchemaConverter.grammar("format", SchemaCheck.check("format", schema, strict, "r").toString());
        };
    return grammar == null
        ? AnswerConstraint.NONE
        : AnswerConstraint.ofGrammar("format", AnswerGrammar.withNamedGroups(grammar));
  }

  /** The sampling with the grammar of the response format in front. Two grammars would contradict each other. */
  private Sampling sampling(GenerationOptions options, AnswerConstraint constraint) {
    Sampling sampling = options.sampling().over(model.recommendedSampling());
    ResponseFormat.Gbnf gbnf = options.format() instanceof ResponseFormat.Gbnf given ? given : null;
    if (gbnf == null && !constraint.hasGrammar()) {
      return sampling;
    }
    boolean another =
        sampling.chain().stream()
            .anyMatch(stage -> stage instanceof Sampler.Grammar || stage instanceof Sampler.LazyGrammar);
    if (another) {
      throw new InvalidRequestException(
          "sampling.grammar",
          name("sampling.grammar")
              + " can't be combined with "
              + name(constraint.parameter())
              + ", which brings a grammar of its own.");
    }
    if (gbnf == null) {
      return sampling;
    }
    List<Sampler> chain = new ArrayList<>();
    chain.add(new Sampler.Grammar(gbnf.grammar(), gbnf.root()));
    chain.addAll(sampling.chain());
    return Sampling.of(chain, sampling.bannedTokens(), sampling.seed());
  }
}
