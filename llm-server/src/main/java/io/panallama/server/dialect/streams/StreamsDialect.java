package io.panallama.server.dialect.streams;

import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.CoreNames;
import io.panallama.server.dialect.fields.ErrorObject;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.resume.ResumableStream;
import io.panallama.server.resume.ResumableStreams;
import java.util.List;

/**
 * Continues and deletes streams that can be resumed. Errors have the shape of the stream's dialect or, where the stream is unknown,
 * Anthropic's for its clients and OpenAI's for others.
 */
public final class StreamsDialect implements Dialect {
  private static final String PATH = "/v1/streams/*";
  private static final String JSON = "application/json";

  private final ResumableStreams streams;
  private final Dialect anthropic;

  /**
   * The dialect of these streams.
   *
   * @param anthropic writes errors for Anthropic's clients
   */
  public StreamsDialect(ResumableStreams streams, Dialect anthropic) {
    this.streams = streams;
    this.anthropic = anthropic;
  }

  @Override
  public String name() {
    return "streams";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Get(PATH, (request, registry) -> resume(request)),
        new Route.Delete(PATH, (request, registry) -> delete(request)));
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }

  private Answer resume(ClientRequest request) {
    ResumableStream stream = streams.find(request.rest(), request.key()).orElse(null);
    if (stream == null) {
      return unknown(request);
    }
    try {
      long last = LastEvent.read(request, stream.id());
      // A client that has everything, and comes back by itself as browsers' EventSource does, is to stay away.
      Answer answer =
          stream.endsWith(last)
              ? Answer.of(JSON, new byte[0]).withStatus(204)
              : Answer.stream(stream.framing(), stream.after(last));
      return answer.withHeader(ResumableStream.ID_HEADER, stream.id());
    } catch (ApiException refused) {
      return error(refused, stream.dialect());
    }
  }

  private Answer delete(ClientRequest request) {
    String id = request.rest();
    if (!streams.delete(id, request.key())) {
      return unknown(request);
    }
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("id", id);
          json.writeStringField("object", "stream");
          json.writeBooleanField("deleted", true);
        }));
  }

  private Answer unknown(ClientRequest request) {
    ApiException error =
        ApiException.invalid(
            404,
            "stream_id",
            "stream_not_found",
            "There is no such stream (any more): it is kept for a limited time after its client has left or it has"
                + " ended. Send the request again.");
    return error(error, request.header("anthropic-version").isPresent() ? anthropic : this);
  }

  private static Answer error(ApiException error, Dialect dialect) {
    return Answer.of(JSON, dialect.errors().write(error)).withStatus(error.status());
  }
}
