package io.panallama.server.dialect.llamacpp;

import io.panallama.request.ChatRequest;
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
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.util.List;

/** llama-server's own routes: {@code /infill} and {@code /apply-template}. */
public final class LlamaCppDialect implements Dialect {
  @Override
  public String name() {
    return "llama.cpp";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/infill", Framing.SSE, LlamaCppDialect::infill),
        new Route.Post("/apply-template", LlamaCppDialect::applyTemplate));
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }

  private static Call infill(ClientRequest request) {
    InfillBody body = InfillBody.read(JsonBody.read(request));
    CommonFields common = body.common();
    return new Call(
        common.model(),
        common.stream(),
        1,
        List.of(body::request),
        (wanted, model, tokenBytes) -> new InfillWriter(model));
  }

  /** The prompt that a chat request would be generated from. */
  private static Answer applyTemplate(ClientRequest request, Registry registry) {
    ChatBody body = ChatBody.read(JsonBody.read(request));
    try (Lease lease = registry.lease(body.common().model())) {
      ChatRequest chat = body.request(lease.model(), lease.generator());
      lease.admit(chat);
      String prompt = lease.generator().render(chat);
      return Answer.json(Json.object(out -> out.writeStringField("prompt", prompt)));
    }
  }
}
