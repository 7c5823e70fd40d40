package io.panallama.server.dialect.llamacpp;

import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.MetricsSource;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.CoreNames;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.registry.Registry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * llama-server's own routes: completions and infills in its shape, tokens, the prompt of a conversation, and the server's state.
 * {@code /completions} without {@code /v1} is llama-server's, as there.
 */
public final class LlamaCppDialect implements Dialect {
  private static final String SLOT = "/slots/*";

  private final @Nullable MetricsSource metrics;
  private final boolean slots;
  private final boolean props;

  /**
   * The dialect of a server.
   *
   * @param metrics what {@code GET /metrics} tells besides llama-server's numbers; null if it is not answered
   * @param slots whether {@code GET /slots} and {@code DELETE /slots/...} are answered
   * @param props whether {@code POST /props} is answered
   */
  public LlamaCppDialect(@Nullable MetricsSource metrics, boolean slots, boolean props) {
    this.metrics = metrics;
    this.slots = slots;
    this.props = props;
  }

  @Override
  public String name() {
    return "llama.cpp";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/completion", Framing.SSE, LlamaCppDialect::completion),
        new Route.Generate("/completions", Framing.SSE, LlamaCppDialect::completion),
        new Route.Generate("/infill", Framing.SSE, LlamaCppDialect::infill),
        new Route.Post("/tokenize", TokenRoutes::tokenize),
        new Route.Post("/detokenize", TokenRoutes::detokenize),
        new Route.Post("/apply-template", TokenRoutes::applyTemplate),
        new Route.Post("/embedding", EmbeddingRoute::answer),
        new Route.Post("/embeddings", EmbeddingRoute::answer),
        new Route.Post("/v1/rerank", RerankRoute::answer),
        new Route.Post("/v1/reranking", RerankRoute::answer),
        new Route.Post("/v2/rerank", RerankRoute::cohere),
        new Route.Post("/classify", ClassifyRoute::answer),
        // There are none: they are merged into the model.
        new Route.Get("/lora-adapters", (request, registry) -> Answer.json(Json.array(json -> {}))),
        new Route.Get("/props", this::props),
        new Route.Post("/props", orElse(props, StateRoutes::setProps, "changing global properties", "--props")),
        new Route.Get("/slots", orElse(slots, SlotRoutes::list, "slots endpoint", "--slots")),
        new Route.Delete(SLOT, orElse(slots, SlotRoutes::cancel, "slots endpoint", "--slots")),
        new Route.Get("/metrics", orElse(metrics != null, this::metrics, "metrics endpoint", "--metrics")));
  }

  @Override
  public Access access(Route route) {
    return switch (route.path()) {
      case "/metrics", "/slots", SLOT -> Access.OPERATE;
      // Clients ask for the size of the context and the template there.
      case "/props" -> route instanceof Route.Get ? Access.ANY : Access.OPERATE;
      default -> Access.usual(route);
    };
  }

  @Override
  public ErrorWriter errors() {
    return LlamaCppErrors::write;
  }

  @Override
  public FieldNames fieldNames() {
    // Bodies may have it as response_format, too; Call.names tells.
    return path -> path.equals("format") ? "json_schema" : CoreNames.wireName(path);
  }

  /** What answers a route that the server need not have; otherwise llama-server's refusal. */
  private static Route.Handler orElse(boolean enabled, Route.Handler handler, String what, String flag) {
    return enabled
        ? handler
        : (request, registry) -> {
          throw ApiException.invalid(
              501,
              null,
              "endpoint_disabled",
              "This server does not support " + what + ". Start it with `" + flag + "`");
        };
  }

  private Answer metrics(ClientRequest request, Registry registry) {
    return StateRoutes.metrics(registry, metrics == null ? all -> "" : metrics);
  }

  private Answer props(ClientRequest request, Registry registry) {
    return StateRoutes.props(registry, metrics != null, slots, props);
  }

  private static Call completion(ClientRequest request) {
    CompletionBody body = CompletionBody.read(JsonBody.read(request));
    CompletionOptions options = body.options();
    CommonFields common = options.common();
    return new Call(
            common.model(),
            common.stream(),
            common.choices(),
            body.requests(),
            (wanted, model, tokenBytes) -> {
              List<String> prompts = body.prompts().stream().map(prompt -> prompt.text(tokenBytes)).toList();
              return CompletionWriter.of(options, wanted, prompts, model, tokenBytes);
            })
        .around(options.lines()::around)
        .named(common.names())
        .resumable(common.resumable());
  }

  private static Call infill(ClientRequest request) {
    InfillBody body = InfillBody.read(JsonBody.read(request));
    CompletionOptions options = body.options();
    CommonFields common = options.common();
    return new Call(
            common.model(),
            common.stream(),
            common.choices(),
            List.of(lease -> body.request(lease.model(), lease.generator())),
            (wanted, model, tokenBytes) -> CompletionWriter.of(options, wanted, List.of(), model, tokenBytes))
        .around(options.lines()::around)
        .named(common.names())
        .resumable(common.resumable());
  }
}
