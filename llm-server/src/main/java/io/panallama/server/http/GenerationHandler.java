package io.panallama.server.http;

import io.helidon.http.HttpException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.TextGenerator;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.GenerationRequest;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Route;
import io.panallama.server.observe.Asked;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A route that generates: the dialect reads the body into a call, the registry leases an engine, the engine generates, and the
 * dialect writes the events.
 *
 * <p>Everything runs on the request's virtual thread, except what the engine does and the reading of large bodies. The client leaving cancels the generations at
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
    Progress progress = new Progress();
    try {
      serve(request, rest, response, progress);
    } catch (CloseConnectionException gone) {
      throw gone;
    } catch (RuntimeException | OutOfMemoryError failure) {
      if (!progress.begun) {
        registry.meter().refused(progress.model, route.path(), reason(failure));
      }
      throw failure;
    }
  }

  /** How far a request has come, for the statistics. Used by its thread only. */
  private static final class Progress {
    String model = "";
    boolean begun;
  }

  /** The code of a refusal. There is a small number of them, whatever clients send. */
  private static String reason(Throwable failure) {
    String code = failure instanceof HttpException ? "bad_request" : Failures.of(failure, path -> path).code();
    return code == null ? "invalid_request" : code;
  }

  private void serve(ServerRequest request, String rest, ServerResponse response, Progress progress) {
    registry.checkServing();
    ClientRequest asked = requests.read(request, rest);
    Call call;
    try {
      call = LargeBodies.read(asked, () -> route.reader().read(asked));
      asked.acceptQuery(dialect.harmlessQuery());
      asked.ignoreUnknownQuery();
    } finally {
      asked.release();
    }
    Route.Handler detached = call.detached();
    if (detached != null) {
      Answer answer = detached.answer(asked, registry);
      requests.tell(asked.ignored(), response);
      asked.account().done();
      new AnswerSender(dialect, heartbeat).send(answer, response);
      return;
    }
    try (Lease lease = registry.lease(call.model())) {
      progress.model = lease.model().id();
      generate(asked, call, lease, response, progress);
    } catch (InvalidRequestException refused) {
      throw Failures.of(refused, names(call));
    }
  }

  private FieldNames names(Call call) {
    FieldNames names = dialect.fieldNames();
    return path -> call.names().getOrDefault(path, names.wireName(path));
  }

  private void generate(ClientRequest asked, Call call, Lease lease, ServerResponse response, Progress progress) {
    List<GenerationRequest> wanted = new ArrayList<>();
    for (Call.RequestFactory factory : call.requests()) {
      wanted.add(lease.bounded(factory.forModel(lease), asked.account().tenant()));
    }
    wanted.forEach(lease::admit);
    ClientConnection client = ClientConnection.current();
    RequestRecord record = RequestRecord.current().orElse(null);
    if (record != null) {
      Asked what = Asked.of(wanted.getFirst(), call.stream(), wanted.size(), call.choices());
      record.asks(what, Objects.requireNonNullElse(call.model(), ""));
    }
    try (EventSource events = client.whileWanted(lease::onRevoke, () -> start(lease, wanted, call));
        AnswerMeter meter = new AnswerMeter(asked.account(), events.choices(), call.choices());
        ClientConnection.Watch _ = client.whenGone(events::cancel)) {
      progress.begun = true;
      long submitted = System.nanoTime();
      lease.onRevoke(events::cancel);
      EventWriter writer = call.writer().open(wanted.getFirst(), lease.model().id(), lease.generator()::tokenBytes);
      if (record != null) {
        record.submitted(submitted, writer.id());
      }
      events.promptTokens().ifPresent(writer::promptTokens);
      events.promptTokens().ifPresent(meter::promptTokens);
      requests.tell(asked.ignored(), response);
      AnswerWriter answer = new AnswerWriter(registry, lease, route.path(), dialect, events, meter, heartbeat);
      try {
        if (call.stream()) {
          answer.stream(writer, response, route.framing());
        } else {
          answer.whole(writer, response);
        }
      } finally {
        answer.countAbandoned();
      }
    }
  }

  private EventSource start(Lease lease, List<GenerationRequest> requests, Call call) {
    try {
      return requests.size() == 1 && call.choices() == 1
          ? EventSource.of(call.around().apply(lease.generator().generate(requests.getFirst())))
          : new ChoiceReader(groups(lease.generator(), requests, call.choices()), call.around());
    } catch (EngineClosedException closed) {
      throw lease.engineClosed(closed);
    } catch (EngineFailedException failed) {
      throw lease.engineFailed(failed);
    } catch (PromptTooLongException tooLong) {
      throw Failures.tooLong(tooLong, names(call).wireName(LongestPart.of(requests.getFirst())));
    }
  }

  /** The generations of all requests, or of none. */
  private static List<GenerationGroup> groups(TextGenerator generator, List<GenerationRequest> requests, int choices) {
    List<GenerationGroup> groups = new ArrayList<>();
    try {
      for (GenerationRequest request : requests) {
        groups.add(generator.generateAll(request, choices));
      }
      return groups;
    } catch (RuntimeException refused) {
      groups.forEach(GenerationGroup::close);
      throw refused;
    }
  }
}
