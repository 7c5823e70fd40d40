package io.panallama.internal.worker;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.request.StopConditions;
import io.panallama.request.StreamFlush;
import io.panallama.request.Tenant;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Requests as bytes. Logit processors are code and can't be written; sampling is written as its chain, so the caller
 * first puts it over what the model recommends.
 */
public final class RequestCodec {
  private static final int CHAT = 0;
  private static final int COMPLETION = 1;
  private static final int INFILL = 2;

  private RequestCodec() {}

  public static void write(Output out, GenerationRequest request) {
    Sampling sampling = request.options().sampling();
    write(out, request, sampling, sampling.seed());
  }

  /** Writes a request as one with another sampling and seed, which is not made for that. */
  static void write(Output out, GenerationRequest request, Sampling sampling, long seed) {
    switch (request) {
      case ChatRequest chat -> writeChat(out.put(CHAT), chat);
      case CompletionRequest completion -> write(out.put(COMPLETION), completion.prompt());
      case InfillRequest infill -> write(out.put(INFILL), infill);
    }
    write(out, request.options(), sampling, seed);
  }

  public static GenerationRequest read(Input in) {
    return switch (in.integer()) {
      case CHAT -> chat(in);
      case COMPLETION -> {
        Prompt prompt = prompt(in);
        yield CompletionRequest.of(prompt, options(in));
      }
      case INFILL -> infill(in);
      default -> throw new WireException("an unknown kind of request");
    };
  }

  // ---- chat ----

  public static void write(Output out, ChatRequest chat) {
    writeChat(out, chat);
    Sampling sampling = chat.options().sampling();
    write(out, chat.options(), sampling, sampling.seed());
  }

  private static void writeChat(Output out, ChatRequest chat) {
    out.put(chat.messages(), RequestCodec::write);
    Tools tools = chat.tools();
    out.put(
        tools.list(),
        (o, tool) -> o.put(tool.name()).put(tool.description()).put(tool.parameters()).put(tool.strict()));
    switch (tools.choice()) {
      case ToolChoice.Auto() -> out.put(0);
      case ToolChoice.None() -> out.put(1);
      case ToolChoice.Required() -> out.put(2);
      case ToolChoice.Named(String name) -> out.put(3).put(name);
    }
    out.put(tools.parallelCalls(), (o, value) -> o.put(value.booleanValue()));
    write(out, chat.template());
  }

  public static ChatRequest chat(Input in) {
    ChatRequest.Builder chat = ChatRequest.builder().messages(in.list(RequestCodec::message));
    Tools.Builder tools = Tools.builder().list(in.list(i -> new Tool(i.text(), i.text(), i.text(), i.flag())));
    tools.choice(
        switch (in.integer()) {
          case 0 -> new ToolChoice.Auto();
          case 1 -> new ToolChoice.None();
          case 2 -> new ToolChoice.Required();
          case 3 -> new ToolChoice.Named(in.text());
          default -> throw new WireException("an unknown choice of tools");
        });
    in.optional(Input::flag).ifPresent(tools::parallelCalls);
    return chat.tools(tools.build()).template(template(in)).options(options(in)).build();
  }

  private static void write(Output out, ChatMessage message) {
    out.put(message.role()).put(message.content()).put(message.reasoning());
    out.put(message.toolCalls(), (o, call) -> o.put(call.id()).put(call.name()).put(call.arguments()));
    out.put(message.toolCallId()).put(message.name());
  }

  private static ChatMessage message(Input in) {
    Role role = in.constant(Role.class);
    String content = in.text();
    String reasoning = in.text();
    List<ToolCall> calls = in.list(i -> new ToolCall(i.text(), i.text(), i.text()));
    return new ChatMessage(role, content, reasoning, calls, in.text(), in.text());
  }

  private static void write(Output out, TemplateOptions template) {
    out.put(template.reasoning()).put(template.thinking(), (o, value) -> o.put(value.booleanValue()));
    out.put(template.arguments(), Output::put, Output::put).put(template.turn());
    out.put(template.budget(), (o, budget) -> o.put(budget.tokens()).put(budget.message()).put(budget.required()));
  }

  private static TemplateOptions template(Input in) {
    TemplateOptions.Builder template = TemplateOptions.builder().reasoning(in.constant(ReasoningFormat.class));
    in.optional(Input::flag).ifPresent(template::thinking);
    template.arguments(in.map(Input::text, Input::text)).turn(in.constant(TemplateOptions.Turn.class));
    in.optional(RequestCodec::budget).ifPresent(template::budget);
    return template.build();
  }

  private static ReasoningBudget budget(Input in) {
    return ReasoningBudget.builder(in.integer()).message(in.text()).required(in.flag()).build();
  }

  // ---- the others ----

  private static void write(Output out, Prompt prompt) {
    switch (prompt) {
      case Prompt.Text(String text, boolean special) -> out.put(0).put(text).put(special);
      case Prompt.Tokens tokens -> out.put(1).put(tokens.tokens());
    }
  }

  private static Prompt prompt(Input in) {
    return switch (in.integer()) {
      case 0 -> new Prompt.Text(in.text(), in.flag());
      case 1 -> new Prompt.Tokens(in.integers());
      default -> throw new WireException("an unknown kind of prompt");
    };
  }

  private static void write(Output out, InfillRequest infill) {
    out.put(infill.prefix()).put(infill.suffix()).put(infill.prompt());
    out.put(infill.extra(), (o, file) -> o.put(file.name()).put(file.text()));
    out.put(infill.window()).put(infill.suffixFirst());
  }

  private static InfillRequest infill(Input in) {
    return InfillRequest.builder()
        .prefix(in.text())
        .suffix(in.text())
        .prompt(in.text())
        .extra(in.list(i -> new InfillRequest.File(i.text(), i.text())))
        .window(in.integer())
        .suffixFirst(in.flag())
        .options(options(in))
        .build();
  }

  // ---- options ----

  private static void write(Output out, GenerationOptions options, Sampling sampling, long seed) {
    if (options.processing().isPresent()) {
      throw new IllegalArgumentException("A logit processor is code and can't be written.");
    }
    StopConditions stop = options.stop();
    out.put(stop.maxTokens()).put(stop.minTokens()).put(stop.texts(), Output::put).put(stop.tokens(), Output::put);
    write(out, sampling, seed);
    out.put(options.topLogprobs()).put(options.logprobsAfterSampling());
    out.put(options.promptLogprobs().isPresent()).put(options.promptLogprobs().orElse(0));
    out.put(options.priority()).put(options.tenant().id()).put(options.tenant().weight());
    out.put(options.timeLimit(), Output::put);
    out.put(options.deadline(), (o, at) -> o.put(at.getEpochSecond()).put(at.getNano()));
    switch (options.overflow()) {
      case ContextOverflow.Reject() -> out.put(0);
      case ContextOverflow.Stop() -> out.put(1);
      case ContextOverflow.Shift(int keep) -> out.put(2).put(keep);
    }
    switch (options.format()) {
      case ResponseFormat.Text() -> out.put(0);
      case ResponseFormat.JsonObject() -> out.put(1);
      case ResponseFormat.JsonSchema(String schema, boolean strict) -> out.put(2).put(schema).put(strict);
      case ResponseFormat.Gbnf(String grammar, String root) -> out.put(3).put(grammar).put(root);
    }
    out.put(options.flush());
  }

  static GenerationOptions options(Input in) {
    GenerationOptions.Builder options = GenerationOptions.builder();
    options.stop(
        StopConditions.builder()
            .maxTokens(in.integer())
            .minTokens(in.integer())
            .texts(in.list(Input::text))
            .tokens(new LinkedHashSet<>(in.list(Input::integer)))
            .build());
    options.sampling(sampling(in)).topLogprobs(in.integer()).logprobsAfterSampling(in.flag());
    boolean ofPrompt = in.flag();
    int promptLogprobs = in.integer();
    if (ofPrompt) {
      options.promptLogprobs(promptLogprobs);
    }
    options.priority(in.integer()).tenant(new Tenant(in.text(), in.wide()));
    in.optional(Input::duration).ifPresent(options::timeLimit);
    in.optional(i -> Instant.ofEpochSecond(i.number(), i.integer())).ifPresent(options::deadline);
    options.overflow(
        switch (in.integer()) {
          case 0 -> new ContextOverflow.Reject();
          case 1 -> new ContextOverflow.Stop();
          case 2 -> new ContextOverflow.Shift(in.integer());
          default -> throw new WireException("an unknown kind of overflow");
        });
    options.format(
        switch (in.integer()) {
          case 0 -> new ResponseFormat.Text();
          case 1 -> new ResponseFormat.JsonObject();
          case 2 -> new ResponseFormat.JsonSchema(in.text(), in.flag());
          case 3 -> new ResponseFormat.Gbnf(in.text(), in.text());
          default -> throw new WireException("an unknown format");
        });
    return options.flush(in.constant(StreamFlush.class)).build();
  }

  // ---- sampling ----

  static void write(Output out, Sampling sampling, long seed) {
    out.put(sampling.chain(), RequestCodec::write).put(sampling.bannedTokens(), Output::put).put(seed);
  }

  static Sampling sampling(Input in) {
    List<Sampler> chain = in.list(RequestCodec::sampler);
    return Sampling.of(chain, new LinkedHashSet<>(in.list(Input::integer)), in.number());
  }

  private static void write(Output out, Sampler sampler) {
    switch (sampler) {
      case Sampler.Greedy() -> out.put(0);
      case Sampler.Dist() -> out.put(1);
      case Sampler.Mirostat(float tau, float eta, int m) -> out.put(2).put(tau).put(eta).put(m);
      case Sampler.MirostatV2(float tau, float eta) -> out.put(3).put(tau).put(eta);
      case Sampler.AdaptiveP(float target, float decay) -> out.put(4).put(target).put(decay);
      case Sampler.TopK(int k) -> out.put(5).put(k);
      case Sampler.TopP(float p, int minKeep) -> out.put(6).put(p).put(minKeep);
      case Sampler.MinP(float p, int minKeep) -> out.put(7).put(p).put(minKeep);
      case Sampler.Typical(float p, int minKeep) -> out.put(8).put(p).put(minKeep);
      case Sampler.Temperature(float t) -> out.put(9).put(t);
      case Sampler.DynamicTemperature(float t, float delta, float exponent) ->
          out.put(10).put(t).put(delta).put(exponent);
      case Sampler.Xtc(float probability, float threshold, int minKeep) ->
          out.put(11).put(probability).put(threshold).put(minKeep);
      case Sampler.TopNSigma(float n) -> out.put(12).put(n);
      case Sampler.Penalties(int lastN, float repeat, float frequency, float presence) ->
          out.put(13).put(lastN).put(repeat).put(frequency).put(presence);
      case Sampler.Dry dry -> {
        out.put(14).put(dry.multiplier()).put(dry.base()).put(dry.allowedLength()).put(dry.lastN());
        out.put(dry.breakers(), Output::put);
      }
      case Sampler.LogitBias bias -> out.put(15).put(bias.bias(), Output::put, Output::put);
      case Sampler.BannedTexts banned -> out.put(16).put(banned.texts(), Output::put);
      case Sampler.NoEnd() -> out.put(17);
      case Sampler.Grammar(String gbnf, String root) -> out.put(18).put(gbnf).put(root);
      case Sampler.LazyGrammar lazy -> {
        out.put(19).put(lazy.gbnf()).put(lazy.root());
        out.put(lazy.triggerPatterns(), Output::put).put(lazy.triggerTokens(), Output::put);
      }
      case Sampler.Infill() -> out.put(20);
    }
  }

  private static Sampler sampler(Input in) {
    return switch (in.integer()) {
      case 0 -> new Sampler.Greedy();
      case 1 -> new Sampler.Dist();
      case 2 -> new Sampler.Mirostat(in.real(), in.real(), in.integer());
      case 3 -> new Sampler.MirostatV2(in.real(), in.real());
      case 4 -> new Sampler.AdaptiveP(in.real(), in.real());
      case 5 -> new Sampler.TopK(in.integer());
      case 6 -> new Sampler.TopP(in.real(), in.integer());
      case 7 -> new Sampler.MinP(in.real(), in.integer());
      case 8 -> new Sampler.Typical(in.real(), in.integer());
      case 9 -> new Sampler.Temperature(in.real());
      case 10 -> new Sampler.DynamicTemperature(in.real(), in.real(), in.real());
      case 11 -> new Sampler.Xtc(in.real(), in.real(), in.integer());
      case 12 -> new Sampler.TopNSigma(in.real());
      case 13 -> new Sampler.Penalties(in.integer(), in.real(), in.real(), in.real());
      case 14 -> new Sampler.Dry(in.real(), in.real(), in.integer(), in.integer(), in.list(Input::text));
      case 15 -> new Sampler.LogitBias(in.map(Input::integer, Input::real));
      case 16 -> new Sampler.BannedTexts(in.list(Input::text));
      case 17 -> new Sampler.NoEnd();
      case 18 -> new Sampler.Grammar(in.text(), in.text());
      case 19 -> new Sampler.LazyGrammar(in.text(), in.text(), in.list(Input::text), in.list(Input::integer));
      case 20 -> new Sampler.Infill();
      default -> throw new WireException("an unknown sampler");
    };
  }
}
