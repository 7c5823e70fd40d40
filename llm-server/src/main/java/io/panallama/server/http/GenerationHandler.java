package io.panallama.server.http;

import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.TextGenerator;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.request.GenerationRequest;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Route;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.time.Duration;

/**
 * A route that generates: the dialect reads the body into a call, the registry leases an engine, the engine generates, and the
 * dialect writes the events.
 *
 * <p>Everything runs on the request's virtual thread, except what the engine does. The client leaving cancels the generations at
 * once, whether they are being prepared, wait, compute their prompt or write; see {@link ClientConnection}.
 */
final class GenerationHandler implements RouteHandler {
  private final Registry registry;
  private final Dialect dialect;
  private final Route.Generate route;
  private final Duration heartbeat;
  private final Requests requests;

  GenerationHandler(Registry registry, Dialect dialect, Route.Generate route, Duration heartbeat, Requests requests) {
    this.registry = registry;
    this.dialect = dialect;
    this.route = route;
    this.heartbeat = heartbeat;
    this.requests = requests;
  }

  @Override
  public void handle(ServerRequest request, String rest, ServerResponse response) {
    registry.checkServing();
    ClientRequest asked = requests.read(request, rest);
    Call call = route.reader().read(asked);
    Route.Handler detached = call.detached();
    if (detached != null) {
      Answer answer = detached.answer(asked, registry);
      requests.tell(asked.ignored(), response);
      Responses.send(response, answer);
      return;
    }
    try (Lease lease = registry.lease(call.model())) {
      GenerationRequest wanted = call.request().forModel(lease.model());
      lease.admit(wanted);
      ClientConnection client = ClientConnection.current();
      try (EventSource events = client.whileWanted(lease::onRevoke, () -> start(lease, wanted, call.choices()));
          ClientConnection.Watch _ = client.whenGone(events::cancel)) {
        lease.onRevoke(events::cancel);
        EventWriter writer = call.writer().open(wanted, lease.model().id(), lease.generator()::tokenBytes);
        events.promptTokens().ifPresent(writer::promptTokens);
        requests.tell(asked.ignored(), response);
        AnswerWriter answer = new AnswerWriter(registry, dialect, events, heartbeat);
        if (call.stream()) {
          answer.stream(writer, response, route.framing());
        } else {
          answer.whole(writer, response);
        }
      }
    }
  }

  private static EventSource start(Lease lease, GenerationRequest request, int choices) {
    TextGenerator generator = lease.generator();
    try {
      return choices == 1
          ? EventSource.of(generator.generate(request))
          : new ChoiceReader(generator.generateAll(request, choices));
    } catch (EngineClosedException closed) {
      throw lease.engineClosed(closed);
    } catch (EngineFailedException failed) {
      throw lease.engineFailed(failed);
    }
  }
}
