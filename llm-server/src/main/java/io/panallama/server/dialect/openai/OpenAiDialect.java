package io.panallama.server.dialect.openai;

import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.ChatBody;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.CoreNames;
import io.panallama.server.dialect.fields.ErrorObject;
import io.panallama.server.dialect.fields.FileSearch;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.TextOnly;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** OpenAI's API: chat completions, completions and models. */
public final class OpenAiDialect implements Dialect {
  private final boolean verbose;

  /**
   * The dialect of a server.
   *
   * @param verbose whether every answer to a conversation shows its prompt; otherwise only those that are asked for it
   */
  public OpenAiDialect(boolean verbose) {
    this.verbose = verbose;
  }

  @Override
  public String name() {
    return "openai";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/v1/chat/completions", Framing.SSE, this::chat),
        new Route.Generate("/v1/completions", Framing.SSE, OpenAiDialect::completion),
        new Route.Generate("/v1/fim/completions", Framing.SSE, OpenAiDialect::fim),
        new Route.Post("/v1/chat/completions/input_tokens", OpenAiDialect::inputTokens),
        new Route.Post("/v1/embeddings", EmbeddingRoute::answer),
        new Route.Refused("/v1/moderations", TextOnly.of("moderate texts")),
        new Route.Refused("/v1/audio/*", TextOnly.of("transcribe, translate or make speech")),
        new Route.Refused("/v1/images/*", TextOnly.of("make or edit images")),
        new Route.Get("/v1/models", (request, registry) -> Answer.json(ModelList.of(registry.models()))),
        new Route.Get(
            "/v1/models/*", (request, registry) -> Answer.json(ModelList.one(registry.model(request.rest())))));
  }

  /** Clients of Azure say which version of the API they speak. */
  @Override
  public Set<String> harmlessQuery() {
    return Set.of("api-version");
  }

  @Override
  public Access access(Route route) {
    return route instanceof Route.Get ? Access.ANY : Access.usual(route);
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }

  private Call chat(ClientRequest request) {
    JsonFields fields = JsonBody.read(request);
    VerbosePrompt prompt = new VerbosePrompt(fields.bool("verbose") || verbose);
    PromptLogprobs promptLogprobs = PromptLogprobs.read(fields);
    ChatBody body = ChatBody.read(fields);
    CommonFields common = body.common();
    FileSearch files = new FileSearch(body.search());
    ChatDelta.Calls calls = body.olderCalls() ? ChatDelta.Calls.OLDER : calls(request);
    OpenAiWriter.Format format =
        new OpenAiWriter.Format(
            true,
            // Mistral's clients don't ask; the counts of one choice come with its end.
            common.includeUsage() || calls == ChatDelta.Calls.WHOLE && common.choices() > 1,
            Math.max(0, body.topLogprobs()),
            body.hidesReasoning(),
            calls,
            List.of(),
            false,
            promptLogprobs.isWanted(),
            common.choices(),
            common.telemetry());
    return new Call(
            common.model(),
            common.stream(),
            common.choices(),
            List.of(lease -> promptLogprobs.of(prompt.of(body.request(lease, files), lease.generator()))),
            (wanted, model, tokenBytes) -> {
              OpenAiWriter writer = OpenAiWriter.of(format, model, tokenBytes, prompt.text());
              return files.isWanted() ? writer.citing(files.found().sources()) : writer;
            })
        .named(body.names())
        .resumable(common.resumable());
  }

  /** Mistral's clients say who they are; nothing that all of them send tells them apart. */
  private static ChatDelta.Calls calls(ClientRequest request) {
    boolean mistral = request.header("user-agent").orElse("").toLowerCase(Locale.ROOT).contains("mistral");
    return mistral ? ChatDelta.Calls.WHOLE : ChatDelta.Calls.PIECES;
  }

  /** How many tokens the prompt of a chat request has; llama-server's route. */
  private static Answer inputTokens(ClientRequest request, Registry registry) {
    JsonFields fields = JsonBody.read(request);
    // Without effect on the number.
    PromptLogprobs.read(fields);
    ChatBody body = ChatBody.read(fields);
    try (Lease lease = registry.lease(body.common().model())) {
      int tokens = lease.generator().countTokens(body.admitted(lease));
      return Answer.json(
          Json.object(json -> {
            json.writeStringField("object", "response.input_tokens");
            json.writeNumberField("input_tokens", tokens);
          }));
    }
  }

  private static Call completion(ClientRequest request) {
    JsonFields fields = JsonBody.read(request);
    PromptLogprobs promptLogprobs = PromptLogprobs.read(fields);
    CompletionBody body = CompletionBody.read(fields);
    CommonFields common = body.common();
    int topLogprobs = body.logprobs() == null ? 0 : body.logprobs();
    return new Call(
            common.model(),
            common.stream(),
            common.choices(),
            body.requests(promptLogprobs),
            (wanted, model, tokenBytes) -> {
              List<String> echoes =
                  body.echo() ? body.prompts().stream().map(prompt -> prompt.text(tokenBytes)).toList() : List.of();
              return OpenAiWriter.of(
                  new OpenAiWriter.Format(
                      false,
                      common.includeUsage(),
                      topLogprobs,
                      false,
                      ChatDelta.Calls.PIECES,
                      echoes,
                      body.scoredEcho(),
                      promptLogprobs.isWanted(),
                      common.choices(),
                      common.telemetry()),
                  model,
                  tokenBytes,
                  null);
            })
        .named(common.names())
        .resumable(common.resumable());
  }

  /** Mistral's route for filling gaps: the body of a completion, and the answer of a chat. */
  private static Call fim(ClientRequest request) {
    CompletionBody body = CompletionBody.readGap(JsonBody.read(request));
    CommonFields common = body.common();
    OpenAiWriter.Format format =
        new OpenAiWriter.Format(
            true,
            common.includeUsage(),
            0,
            false,
            ChatDelta.Calls.PIECES,
            List.of(),
            false,
            false,
            common.choices(),
            common.telemetry());
    return new Call(
            common.model(),
            common.stream(),
            common.choices(),
            body.requests(PromptLogprobs.NONE),
            (wanted, model, tokenBytes) -> OpenAiWriter.of(format, model, tokenBytes, null))
        .named(common.names())
        .resumable(common.resumable());
  }
}
