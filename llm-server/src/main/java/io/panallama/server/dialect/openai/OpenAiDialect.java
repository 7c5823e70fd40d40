package io.panallama.server.dialect.openai;

import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.ChatBody;
import io.panallama.server.dialect.fields.CommonFields;
import io.panallama.server.dialect.fields.CoreNames;
import io.panallama.server.dialect.fields.ErrorObject;
import io.panallama.server.dialect.fields.JsonBody;
import java.util.List;

/** OpenAI's API: chat completions, completions and models. */
public final class OpenAiDialect implements Dialect {
  @Override
  public String name() {
    return "openai";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate("/v1/chat/completions", Framing.SSE, OpenAiDialect::chat),
        new Route.Generate("/v1/completions", Framing.SSE, OpenAiDialect::completion),
        new Route.Get("/v1/models", (rest, registry) -> ModelList.of(registry.models())),
        new Route.Get("/v1/models/*", (rest, registry) -> ModelList.one(registry.model(rest))));
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }

  private static Call chat(byte[] json) {
    ChatBody body = ChatBody.read(JsonBody.read(json));
    CommonFields common = body.common();
    OpenAiWriter.Format format =
        new OpenAiWriter.Format(true, common.includeUsage(), Math.max(0, body.topLogprobs()), "");
    return new Call(
        common.model(),
        common.stream(),
        common.choices(),
        body::request,
        (request, model, tokenBytes) -> OpenAiWriter.of(format, model, tokenBytes));
  }

  private static Call completion(byte[] json) {
    CompletionBody body = CompletionBody.read(JsonBody.read(json));
    CommonFields common = body.common();
    int topLogprobs = body.logprobs() == null ? 0 : body.logprobs();
    return new Call(
        common.model(),
        common.stream(),
        common.choices(),
        body::request,
        (request, model, tokenBytes) -> {
          String echo = body.echo() ? Echo.of(request, tokenBytes) : "";
          return OpenAiWriter.of(
              new OpenAiWriter.Format(false, common.includeUsage(), topLogprobs, echo), model, tokenBytes);
        });
  }
}
