package io.panallama.server.api;

import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpMediaType;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.server.net.ClientConnection;
import io.panallama.server.sse.SseWriter;
import io.panallama.server.wire.AnswerEncoder;
import io.panallama.server.wire.AnswerShape;
import io.panallama.server.wire.ApiException;
import io.panallama.server.wire.ApiRequest;
import io.panallama.server.wire.Json;
import io.panallama.server.wire.JsonBody;
import io.panallama.server.wire.JsonFields;
import io.panallama.server.wire.WholeAnswer;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The routes that generate: body in, generation, answer out.
 *
 * <p>Everything runs on the request's virtual thread. The client leaving cancels the generation at once, whether it
 * waits, reads its prompt or writes; see {@link ClientConnection}. Until the first byte of an answer is out, a failure
 * has its own status; afterwards it is an SSE {@code error} event, and the stream ends without {@code [DONE]}.
 */
public final class GenerationRoute implements Handler {
  static final String SHUTTING_DOWN = "The server is shutting down.";

  private final Serving serving;
  private final Duration heartbeat;
  private final ApiRequest.Parser parser;
  private final AnswerShape.Factory encoders;
  private final SeveralChoices several;

  public GenerationRoute(Serving serving, Duration heartbeat, ApiRequest.Parser parser, AnswerShape.Factory encoders) {
    this.serving = serving;
    this.heartbeat = heartbeat;
    this.parser = parser;
    this.encoders = encoders;
    this.several = new SeveralChoices(serving, heartbeat, encoders);
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    Serving.Ready ready = serving.current();
    ApiRequest body = parser.parse(body(request), ready.model());
    if (body.choices() > 1) {
      several.answer(ready, body, response);
      return;
    }
    try (Generation generation = start(ready, body);
        ClientConnection.Watch _ = ClientConnection.current().whenGone(generation::cancel)) {
      serving.running().add(generation);
      try {
        AnswerShape encoder = encoder(encoders, ready, body);
        if (body.stream()) {
          stream(generation, encoder, response);
        } else {
          whole(generation, encoder, response);
        }
      } finally {
        serving.running().remove(generation);
      }
    }
  }

  /** For a request that the engine has taken: its token ids are in the vocabulary then. */
  static AnswerShape encoder(AnswerShape.Factory encoders, Serving.Ready ready, ApiRequest body) {
    return encoders.create(ready.model().id(), body, ready.generator()::tokenBytes);
  }

  /** The fields of the body. */
  static JsonFields body(ServerRequest request) {
    checkContentType(request);
    return JsonBody.read(request.content().hasEntity() ? request.content().as(byte[].class) : new byte[0]);
  }

  private static Generation start(Serving.Ready ready, ApiRequest body) {
    try {
      return ready.generator().generate(body.generation());
    } catch (IllegalStateException closed) {
      throw ApiException.notReady("The engine is closed.");
    }
  }

  /** A page of another origin can send text/plain without asking; nobody sends JSON under that name by accident. */
  private static void checkContentType(ServerRequest request) {
    Optional<HttpMediaType> type = request.headers().contentType();
    if (type.isPresent() && !type.get().subtype().equals("json")) {
      throw ApiException.invalid(
          415,
          null,
          "unsupported_media_type",
          "The body must be application/json, but it is " + type.get().text() + ".");
    }
  }

  private void whole(Generation generation, AnswerShape encoder, ServerResponse response) {
    WholeAnswer answer = new WholeAnswer();
    for (GenerationEvent event : generation) {
      if (event instanceof GenerationEvent.Finished end) {
        checkNotCancelled(serving, end);
        Responses.json(response, encoder.whole(List.of(answer), List.of(end)));
      } else {
        answer.add(event);
      }
    }
  }

  private void stream(Generation generation, AnswerShape encoder, ServerResponse response) {
    OutputStream out = open(response);
    SseWriter sse = new SseWriter(out);
    try {
      byte[] opening = encoder.opening();
      if (opening == null) {
        sse.comment("ok");
      } else {
        sse.data(opening);
      }
      events(generation, encoder, sse);
      out.close();
    } catch (IOException gone) {
      throw new CloseConnectionException("The client is gone", gone);
    }
  }

  /** Sends the headers of a stream. */
  static OutputStream open(ServerResponse response) {
    response.header(HeaderValues.create(HeaderNames.CONTENT_TYPE, "text/event-stream"));
    response.header(HeaderValues.create(HeaderNames.CACHE_CONTROL, "no-cache"));
    // nginx would collect the events otherwise.
    response.header(HeaderNames.create("X-Accel-Buffering"), "no");
    return response.outputStream();
  }

  private void events(Generation generation, AnswerShape encoder, SseWriter sse) throws IOException {
    while (true) {
      Optional<GenerationEvent> event;
      try {
        event = generation.poll(heartbeat);
      } catch (InterruptedException shutdown) {
        sse.event("error", Json.error(ApiException.notReady(SHUTTING_DOWN)));
        return;
      } catch (GenerationException failed) {
        sse.event("error", Json.error(ApiException.of(failed)));
        return;
      }
      if (event.isEmpty()) {
        sse.comment("waiting");
        continue;
      }
      switch (event.get()) {
        case GenerationEvent.Text piece when piece.text().isEmpty() && piece.logprobs().isEmpty() -> {}
        case GenerationEvent.Text piece when piece.logprobs().isEmpty() ->
            sse.data(encoder.beforeText(), AnswerEncoder.text(piece.text()), encoder.afterText());
        case GenerationEvent.Finished end -> {
          end(end, encoder, sse);
          return;
        }
        case GenerationEvent piece -> sse.data(encoder.piece(piece));
      }
    }
  }

  private void end(GenerationEvent.Finished end, AnswerShape encoder, SseWriter sse) throws IOException {
    try {
      checkNotCancelled(serving, end);
    } catch (ApiException cancelled) {
      sse.event("error", Json.error(cancelled));
      return;
    }
    sse.data(encoder.ending(end));
    for (byte[] event : encoder.trailer(List.of(end))) {
      sse.data(event);
    }
  }

  /** A cancelled generation is incomplete: nobody may take it for an answer. */
  static void checkNotCancelled(Serving serving, GenerationEvent.Finished end) {
    if (end.reason() != FinishReason.CANCELLED) {
      return;
    }
    if (ClientConnection.current().gone()) {
      throw new CloseConnectionException("The client is gone");
    }
    throw ApiException.notReady(serving.isClosed() ? SHUTTING_DOWN : "The generation was cancelled by the server.");
  }
}
