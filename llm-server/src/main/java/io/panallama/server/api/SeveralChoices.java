package io.panallama.server.api;

import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.error.GenerationException;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import io.panallama.server.net.ClientConnection;
import io.panallama.server.sse.SseWriter;
import io.panallama.server.wire.AnswerEncoder;
import io.panallama.server.wire.AnswerShape;
import io.panallama.server.wire.ApiException;
import io.panallama.server.wire.ApiRequest;
import io.panallama.server.wire.Json;
import io.panallama.server.wire.WholeAnswer;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Answers a request for several choices ({@code n}): all are generated side by side, and a stream has their chunks as they
 * come, each with its {@code index}.
 *
 * <p>They are one answer. If one fails, or is cancelled, so are the others, and the answer is that failure: its own status
 * where nothing was sent yet, an SSE {@code error} event afterwards.
 */
final class SeveralChoices {
  private final Serving serving;
  private final Duration heartbeat;
  private final AnswerShape.Factory encoders;

  SeveralChoices(Serving serving, Duration heartbeat, AnswerShape.Factory encoders) {
    this.serving = serving;
    this.heartbeat = heartbeat;
    this.encoders = encoders;
  }

  void answer(Serving.Ready ready, ApiRequest body, ServerResponse response) {
    try (GenerationGroup group = start(ready, body);
        ClientConnection.Watch _ = ClientConnection.current().whenGone(group::cancel)) {
      group.list().forEach(serving.running()::add);
      try (ChoiceReader reader = new ChoiceReader(group)) {
        AnswerShape encoder = GenerationRoute.encoder(encoders, ready, body);
        if (body.stream()) {
          stream(body.choices(), reader, encoder, response);
        } else {
          whole(body.choices(), reader, encoder, response);
        }
      } finally {
        group.list().forEach(serving.running()::remove);
      }
    }
  }

  private static GenerationGroup start(Serving.Ready ready, ApiRequest body) {
    try {
      return ready.generator().generateAll(body.generation(), body.choices());
    } catch (IllegalStateException closed) {
      throw ApiException.notReady("The engine is closed.");
    }
  }

  private void whole(int choices, ChoiceReader reader, AnswerShape encoder, ServerResponse response) {
    List<WholeAnswer> answers = Stream.generate(WholeAnswer::new).limit(choices).toList();
    Ends ends = new Ends(choices);
    try {
      while (!ends.complete()) {
        Optional<ChoiceReader.Piece> piece = reader.next(heartbeat);
        if (piece.isEmpty()) {
          continue;
        }
        GenerationEvent event = piece.get().event();
        if (event instanceof GenerationEvent.Finished end) {
          GenerationRoute.checkNotCancelled(serving, end);
          ends.add(piece.get().choice(), end);
        } else {
          answers.get(piece.get().choice()).add(event);
        }
      }
    } catch (InterruptedException shutdown) {
      throw ApiException.notReady(GenerationRoute.SHUTTING_DOWN);
    }
    Responses.json(response, encoder.whole(answers, ends.list()));
  }

  private void stream(int choices, ChoiceReader reader, AnswerShape encoder, ServerResponse response) {
    List<AnswerShape> encoders = IntStream.range(0, choices).mapToObj(encoder::choice).toList();
    OutputStream out = GenerationRoute.open(response);
    SseWriter sse = new SseWriter(out);
    try {
      for (AnswerShape choice : encoders) {
        byte[] opening = choice.opening();
        if (opening == null) {
          sse.comment("ok");
        } else {
          sse.data(opening);
        }
      }
      events(reader, encoders, sse);
      out.close();
    } catch (IOException gone) {
      throw new CloseConnectionException("The client is gone", gone);
    }
  }

  private void events(ChoiceReader reader, List<AnswerShape> encoders, SseWriter sse) throws IOException {
    Ends ends = new Ends(encoders.size());
    try {
      while (!ends.complete()) {
        Optional<ChoiceReader.Piece> piece = reader.next(heartbeat);
        if (piece.isEmpty()) {
          sse.comment("waiting");
        } else {
          event(piece.get(), encoders.get(piece.get().choice()), ends, sse);
        }
      }
    } catch (InterruptedException shutdown) {
      sse.event("error", Json.error(ApiException.notReady(GenerationRoute.SHUTTING_DOWN)));
      return;
    } catch (GenerationException | ApiException failed) {
      sse.event("error", Json.error(ApiException.of(failed)));
      return;
    }
    for (byte[] event : encoders.getFirst().trailer(ends.list())) {
      sse.data(event);
    }
  }

  private void event(ChoiceReader.Piece piece, AnswerShape encoder, Ends ends, SseWriter sse) throws IOException {
    switch (piece.event()) {
      case GenerationEvent.Text text when text.text().isEmpty() && text.logprobs().isEmpty() -> {}
      case GenerationEvent.Text text when text.logprobs().isEmpty() ->
          sse.data(encoder.beforeText(), AnswerEncoder.text(text.text()), encoder.afterText());
      case GenerationEvent.Finished end -> {
        GenerationRoute.checkNotCancelled(serving, end);
        ends.add(piece.choice(), end);
        sse.data(encoder.ending(end));
      }
      case GenerationEvent other -> sse.data(encoder.piece(other));
    }
  }

  /** How the choices ended, as far as they did. */
  private static final class Ends {
    private final GenerationEvent.Finished[] all;
    private int count;

    Ends(int choices) {
      all = new GenerationEvent.Finished[choices];
    }

    void add(int choice, GenerationEvent.Finished end) {
      all[choice] = end;
      count++;
    }

    boolean complete() {
      return count == all.length;
    }

    List<GenerationEvent.Finished> list() {
      return new ArrayList<>(Arrays.asList(all));
    }
  }
}
