package io.panallama.server.dialect.anthropic;

import io.panallama.request.ChatRequest;
import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.LimitHeaders;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.keys.Quota;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Anthropic's API: messages, the counting of their tokens, and models. Keys ({@code x-api-key}) and versions are taken as they
 * come.
 */
public final class AnthropicDialect implements Dialect {
  /** The header that every request of Anthropic's clients has, by which {@code /v1/models} knows them. */
  private static final String VERSION = "anthropic-version";

  @Override
  public String name() {
    return "anthropic";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/v1/messages", Framing.SSE, AnthropicDialect::message),
        new Route.Post("/v1/messages/count_tokens", AnthropicDialect::countTokens),
        new Route.HeaderGet(
            "/v1/models", VERSION, (request, registry) -> Answer.json(ModelInfo.list(registry.models()))),
        new Route.HeaderGet(
            "/v1/models/*",
            VERSION,
            (request, registry) -> Answer.json(ModelInfo.one(registry.model(request.rest())))));
  }

  /** Agents ask for the API with its betas, and for a page of models, of which all fit on one. */
  @Override
  public Set<String> harmlessQuery() {
    return Set.of("beta", "limit");
  }

  @Override
  public Access access(Route route) {
    return route instanceof Route.HeaderGet ? Access.ANY : Access.usual(route);
  }

  @Override
  public Map<String, String> limitHeaders(List<Quota> quotas) {
    return LimitHeaders.anthropic(quotas, Instant.now());
  }

  @Override
  public ErrorWriter errors() {
    return new AnthropicError();
  }

  @Override
  public FieldNames fieldNames() {
    return AnthropicNames::wireName;
  }

  private static Call message(ClientRequest request) {
    MessagesBody body = MessagesBody.read(JsonBody.read(request), false);
    return new Call(
            body.model(),
            body.stream(),
            1,
            body::request,
            (wanted, model, tokenBytes) -> new MessageWriter(model, wanted.options().stops()))
        .resumable(body.resumable());
  }

  private static Answer countTokens(ClientRequest request, Registry registry) {
    MessagesBody body = MessagesBody.read(JsonBody.read(request), true);
    try (Lease lease = registry.lease(body.model())) {
      ChatRequest chat = body.request(lease.model());
      lease.admit(chat);
      int tokens = lease.generator().countTokens(chat);
      return Answer.json(Json.object(json -> json.writeNumberField("input_tokens", tokens)));
    }
  }
}
