package io.panallama.server.dialect.ollama;

import io.panallama.server.dialect.Access;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Ollama's API: generate, chat, and what its clients ask about models. */
public final class OllamaDialect implements Dialect {
  /** The version of Ollama whose API this is; clients refuse servers that are too old for what they need. */
  private static final String VERSION = "0.12.6";

  private static final String FIXED =
      "This server serves the models that it was started with; it neither creates, copies, uploads nor deletes any.";

  @Override
  public String name() {
    return "ollama";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/api/generate", Framing.NDJSON, request -> call(OllamaBody.generate(request))),
        new Route.Generate("/api/chat", Framing.NDJSON, request -> call(OllamaBody.chat(request))),
        new Route.Get("/api/tags", (request, registry) -> Answer.json(OllamaModels.tags(registry.models()))),
        new Route.Get("/api/ps", (request, registry) -> Answer.json(OllamaModels.running(registry.models()))),
        new Route.Get(
            "/api/version",
            (request, registry) -> Answer.json(Json.object(json -> json.writeStringField("version", VERSION)))),
        new Route.Post("/api/show", OllamaDialect::show),
        new Route.Post("/api/pull", OllamaDialect::pull),
        new Route.Post("/api/embed", OllamaEmbeddings::embed),
        new Route.Post("/api/embeddings", OllamaEmbeddings::older),
        new Route.Refused("/api/create", fixed()),
        new Route.Refused("/api/copy", fixed()),
        new Route.Refused("/api/push", fixed()),
        new Route.Refused("/api/blobs/*", fixed()),
        new Route.Delete("/api/delete", OllamaDialect::delete));
  }

  @Override
  public Access access(Route route) {
    return switch (route) {
      case Route.Get _ -> Access.ANY;
      case Route.Refused _, Route.Delete _ -> Access.OPERATE;
      default ->
          switch (route.path()) {
            case "/api/show" -> Access.ANY;
            case "/api/pull" -> Access.OPERATE;
            default -> Access.usual(route);
          };
    };
  }

  @Override
  public ErrorWriter errors() {
    return OllamaDialect::error;
  }

  @Override
  public FieldNames fieldNames() {
    return OllamaNames::wireName;
  }

  private static byte[] error(ApiException error) {
    if (error.status() == 401) {
      return Json.object(json -> json.writeStringField("error", "unauthorized"));
    }
    String param = error.param();
    boolean named = param == null || error.text().contains(param);
    return Json.object(json -> json.writeStringField("error", named ? error.text() : param + ": " + error.text()));
  }

  private static Call call(OllamaBody body) {
    Call call =
        new Call(
                body.model(),
                body.stream(),
                1,
                body::forModel,
                (wanted, model, tokenBytes) -> new OllamaWriter(body.chat(), model, body.topLogprobs(), tokenBytes))
            .named(body.names())
            .resumable(body.resumable());
    return body.request() == null ? call.detached((asked, registry) -> load(body, registry)) : call;
  }

  /** The answer to a request that only loads its model, which is loaded already. */
  private static Answer load(OllamaBody body, Registry registry) {
    try (Lease lease = registry.lease(body.model())) {
      return Answer.json(OllamaWriter.loaded(body.chat(), lease.model().id()));
    }
  }

  private static Answer show(ClientRequest request, Registry registry) {
    JsonFields body = JsonBody.read(request);
    String name = modelName(body);
    body.accept("verbose", "system", "template", "options");
    body.ignoreUnknown();
    Optional<ServedModel> other =
        registry.models().stream()
            .filter(model -> model.kind() != ServedModel.Kind.GENERATES && model.answersTo(name))
            .findFirst();
    if (other.isPresent()) {
      boolean embeds = other.get().kind() == ServedModel.Kind.EMBEDS;
      return Answer.json(OllamaModels.show(other.get(), embeds ? List.of("embedding") : List.of()));
    }
    try (Lease lease = registry.lease(name)) {
      return Answer.json(OllamaModels.show(lease.model(), Capabilities.of(lease.generator())));
    }
  }

  /** A model that is served needs no pulling, and no other can be had. */
  private static Answer pull(ClientRequest request, Registry registry) {
    JsonFields body = JsonBody.read(request);
    String name = modelName(body);
    boolean stream = OllamaBody.streams(body);
    body.accept("insecure", "username", "password");
    body.ignoreUnknown();
    ServedModel _ = registry.modelNamed(name);
    byte[] success = Json.object(json -> json.writeStringField("status", "success"));
    return stream
        ? Answer.of(
            "application/x-ndjson",
            (new String(success, StandardCharsets.UTF_8) + "\n").getBytes(StandardCharsets.UTF_8))
        : Answer.json(success);
  }

  /** Under its older name, too. */
  private static String modelName(JsonFields body) {
    String model = body.string("model");
    String older = body.string("name");
    String name = model == null || model.isEmpty() ? older : body.string(body.alias("model", "name"));
    if (name == null || name.isEmpty()) {
      throw ApiException.invalid("model", "model is missing.");
    }
    return name;
  }

  private static Answer delete(ClientRequest request, Registry registry) {
    throw fixed();
  }

  private static ApiException fixed() {
    return ApiException.invalid(501, null, "models_are_fixed", FIXED);
  }
}
