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
import io.panallama.server.dialect.FrameSource;
import io.panallama.server.dialect.Route;
import io.panallama.server.keys.Account;
import io.panallama.server.observe.Asked;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import io.panallama.server.resume.ResumableStream;
import io.panallama.server.resume.ResumableStreams;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A route that generates: the dialect reads the body into a call, the registry leases an engine, the engine generates, and the
 * dialect writes the events.
 *
 * <p>Everything runs on the request's virtual thread, except what the engine does and the reading of large bodies. The client leaving cancels the generations at
 * once, whether they are being prepared, wait, compute their prompt or write; see {@link ClientConnection}. The stream of a client that
 * wants to be able to come back goes on by itself; see {@link DetachedAnswer}.
 */
final class GenerationHandler implements RouteHandler {
  private final Registry registry;
  private final Dialect dialect;
  private final Route.Generate route;
  private final Duration heartbeat;
  private final Requests requests;
  private final ResumableStreams streams;

  GenerationHandler(
      Registry registry,
      Dialect dialect,
      Route.Generate route,
      Duration heartbeat,
      Requests requests,
      ResumableStreams streams) {
    this.streams = streams;
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
    Duration resume = ResumeWish.read(asked, call, streams.limits().time());
    if (!resume.isZero()) {
      detach(asked, call, resume, response, progress);
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
    List<GenerationRequest> wanted = wanted(asked, call, lease);
    ClientConnection client = ClientConnection.current();
    try (EventSource events = client.whileWanted(lease::onRevoke, () -> start(lease, wanted, call));
        AnswerMeter meter = meter(asked.account(), events, call);
        ClientConnection.Watch _ = client.whenGone(events::cancel)) {
      progress.begun = true;
      lease.onRevoke(events::cancel);
      EventWriter writer = writer(call, wanted, lease, events);
      requests.tell(asked.ignored(), response);
      AnswerWriter answer = new AnswerWriter(registry, lease, route.path(), dialect, events, meter, heartbeat);
      try {
        if (call.stream()) {
          answer.stream(writer, response, route.framing());
        } else {
          answer.whole(writer, response);
        }
      } finally {
        answer.settle();
      }
    }
  }

  private static List<GenerationRequest> wanted(ClientRequest asked, Call call, Lease lease) {
    List<GenerationRequest> wanted = new ArrayList<>();
    for (Call.RequestFactory factory : call.requests()) {
      wanted.add(lease.bounded(factory.forModel(lease), asked.account().tenant()));
    }
    wanted.forEach(lease::admit);
    Asked what = Asked.of(wanted.getFirst(), call.stream(), wanted.size(), call.choices());
    RequestRecord.current().ifPresent(record -> record.asks(what, Objects.requireNonNullElse(call.model(), "")));
    return wanted;
  }

  private static AnswerMeter meter(Account account, EventSource events, Call call) {
    return new AnswerMeter(account, events.choices(), call.choices(), events::promptTokens);
  }

  private static EventWriter writer(Call call, List<GenerationRequest> wanted, Lease lease, EventSource events) {
    long submitted = System.nanoTime();
    EventWriter writer = call.writer().open(wanted.getFirst(), lease.model().id(), lease.generator()::tokenBytes);
    RequestRecord.current().ifPresent(record -> record.submitted(submitted, writer.id()));
    events.promptTokens().ifPresent(writer::promptTokens);
    return writer;
  }

  /** Answers with a stream that goes on without its client for this long. */
  private void detach(ClientRequest asked, Call call, Duration time, ServerResponse response, Progress progress) {
    ResumableStream stream = begin(asked, call, time, progress);
    requests.tell(asked.ignored(), response);
    asked.account().done();
    FrameSource frames = stream.begin();
    try {
      Answer answer =
          Answer.stream(route.framing(), frames)
              .withHeader(ResumableStream.ID_HEADER, stream.id())
              .withHeader(ResumeWish.HEADER, Long.toString(Math.max(1, time.toSeconds())));
      new AnswerSender(dialect, heartbeat).send(answer, response);
    } finally {
      frames.leave();
    }
  }

  /** Starts the generations of a stream; until then the client leaving ends them, as it does not know the stream's id yet. */
  private ResumableStream begin(ClientRequest asked, Call call, Duration time, Progress progress) {
    Lease lease = registry.lease(call.model());
    Account account = DetachedAnswer.held(asked.account());
    EventSource events = null;
    try {
      progress.model = lease.model().id();
      List<GenerationRequest> wanted = wanted(asked, call, lease);
      EventSource started = ClientConnection.current().whileWanted(lease::onRevoke, () -> start(lease, wanted, call));
      events = started;
      progress.begun = true;
      AnswerMeter meter = meter(account, started, call);
      EventWriter writer = writer(call, wanted, lease, started);
      ResumableStream stream = streams.open(asked.key(), dialect, route.framing(), time, started::cancel);
      lease.onRevoke(stream::cancel);
      String name = ErrorBoundary.requestName();
      AnswerWriter answer =
          new AnswerWriter(
              registry, lease, route.path(), dialect, started, meter, heartbeat, () -> false, () -> name, null);
      Thread.ofVirtual()
          .name("panallama-answer")
          .start(new DetachedAnswer(lease, started, meter, answer, writer, stream));
      return stream;
    } catch (Throwable refused) {
      if (events != null) {
        events.close();
      }
      account.done();
      lease.close();
      if (refused instanceof InvalidRequestException invalid) {
        throw Failures.of(invalid, names(call));
      }
      throw refused;
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
