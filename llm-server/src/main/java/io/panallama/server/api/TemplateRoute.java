package io.panallama.server.api;

import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.request.ChatRequest;
import io.panallama.server.wire.ApiRequest;
import io.panallama.server.wire.ChatBody;
import io.panallama.server.wire.Json;

/** {@code POST /apply-template}: the prompt that a chat request would be generated from, as llama-server gives it. */
final class TemplateRoute implements Handler {
  private final Serving serving;

  TemplateRoute(Serving serving) {
    this.serving = serving;
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    Serving.Ready ready = serving.current();
    ApiRequest body = ChatBody.parse(GenerationRoute.body(request), ready.model());
    String prompt = ready.generator().render((ChatRequest) body.generation());
    Responses.json(response, Json.object(json -> json.writeStringField("prompt", prompt)));
  }
}
