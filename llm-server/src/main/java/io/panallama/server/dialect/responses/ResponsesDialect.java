package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.TextGenerator;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.generation.Generation;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
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
import io.panallama.server.dialect.fields.ErrorObject;
import io.panallama.server.dialect.fields.FileSearch;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.keys.Account;
import io.panallama.server.keys.KeyIdentity;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.Registry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** OpenAI's Responses API. Its responses are kept in memory until the server ends, the newest within limits. */
public final class ResponsesDialect implements Dialect {
  /** The most responses that are kept. */
  private static final int MAX_RESPONSES = 1000;

  /** The most bytes of their JSON: small beside a model. */
  private static final long MAX_BYTES = 64L << 20;

  /** The most bytes of the events of one response in the background. */
  private static final long MAX_EVENT_BYTES = 8L << 20;

  private static final String PATH = "/v1/responses";
  private static final String CANCEL = "/v1/responses/*/cancel";

  private final ResponseStore store = new ResponseStore(MAX_RESPONSES, MAX_BYTES);
  private final long maxConversation;

  /**
   * Without any response yet.
   *
   * @param maxConversation the most characters of JSON of a conversation that {@code previous_response_id} continues, with its new
   *     items
   */
  public ResponsesDialect(long maxConversation) {
    this.maxConversation = maxConversation;
  }

  @Override
  public String name() {
    return "responses";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Generate(PATH, Framing.SSE, this::create),
        new Route.Post("/v1/responses/input_tokens", this::count),
        new Route.Refused(
            "/v1/responses/compact",
            ApiException.invalid(
                404,
                null,
                "not_supported",
                "This server has no /v1/responses/compact: it can't make a conversation shorter. Send fewer items, or"
                    + " start a new conversation.")),
        new Route.Post(CANCEL, (request, registry) -> cancel(request)),
        new Route.Get("/v1/responses/*/input_items", (request, registry) -> inputItems(request)),
        new Route.Get("/v1/responses/*", (request, registry) -> retrieve(request)),
        new Route.Delete("/v1/responses/*", (request, registry) -> delete(request)));
  }

  /** Clients of Azure say which version of the API they speak. */
  @Override
  public Set<String> harmlessQuery() {
    return Set.of("api-version");
  }

  /** A response can be cancelled beyond the limits, too: that is how to get back within them. */
  @Override
  public Access access(Route route) {
    return route.path().equals(CANCEL) ? Access.FREE : Access.usual(route);
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return ResponsesNames::wireName;
  }

  private ResponsesBody read(ClientRequest request) {
    return ResponsesBody.read(JsonBody.read(request), store, request.key(), maxConversation);
  }

  private Call create(ClientRequest request) {
    ResponsesBody body = read(request);
    FileSearch files = new FileSearch(body.tools().search());
    KeyIdentity owner = request.key();
    Call call =
        new Call(
                body.common().model(),
                body.common().stream(),
                1,
                List.of(lease -> body.request(lease, files)),
                (wanted, model, tokenBytes) -> {
                  ResponseDocument response = new ResponseDocument(body.echo(), wanted, model);
                  Logprobs logprobs = new Logprobs(body.shape().topLogprobs(), tokenBytes);
                  return new ResponsesWriter(
                      response,
                      body.shape(),
                      logprobs,
                      body.common().telemetry(),
                      files,
                      (document, output) -> keep(owner, body, response, document, output));
                })
            .resumable(body.common().resumable());
    return body.background() ? call.detached((asked, registry) -> background(body, asked, registry)) : call;
  }

  private void keep(
      KeyIdentity owner, ResponsesBody body, ResponseDocument response, ObjectNode document, List<ObjectNode> output) {
    if (body.store()) {
      store.put(stored(owner, body, response, document, output, null));
    }
  }

  private static ResponseStore.Stored stored(
      KeyIdentity owner,
      ResponsesBody body,
      ResponseDocument response,
      ObjectNode document,
      List<ObjectNode> output,
      ResponseStore.@Nullable Running running) {
    List<ResponseStore.Turn> said = output.isEmpty() ? List.of() : List.of(OutputItems.turn(output));
    return new ResponseStore.Stored(
        response.id(), owner, document.toString(), body.turns(), said, body.background(), running);
  }

  /** Starts a generation that goes on without its client. */
  private Answer background(ResponsesBody body, ClientRequest request, Registry registry) {
    Account account = request.account();
    KeyIdentity owner = request.key();
    Lease lease = registry.lease(body.common().model());
    Runnable hold = account.hold();
    try {
      FileSearch files = new FileSearch(body.tools().search());
      ChatRequest wanted = body.request(lease, files);
      lease.admit(wanted);
      ResponseDocument response = new ResponseDocument(body.echo(), wanted, lease.model().id());
      Logprobs logprobs = new Logprobs(body.shape().topLogprobs(), lease.generator()::tokenBytes);
      Generation generation = start(lease, lease.bounded(wanted, account.tenant()));
      lease.onRevoke(generation::cancel);
      ObjectNode begun = response.inProgress();
      EventLog log = new EventLog(MAX_EVENT_BYTES);
      ResponseStore.Stored running =
          stored(owner, body, response, begun, List.of(), new Background(generation, response)).with(log);
      store.put(running);
      ResponsesWriter writer =
          new ResponsesWriter(
              response,
              body.shape(),
              logprobs,
              Telemetry.Wanted.NONE,
              files,
              (document, output) ->
                  store.replace(running, stored(owner, body, response, document, output, null).with(log)));
      generation.subscribe(new Recorder(writer, log, fieldNames(), lease, PATH, account, hold));
      return body.common().stream() ? Answer.stream(Framing.SSE, log.after(-1)) : Answer.json(OutputItems.bytes(begun));
    } catch (Throwable refused) {
      lease.close();
      hold.run();
      throw refused;
    }
  }

  private static Generation start(Lease lease, GenerationRequest wanted) {
    try {
      return lease.generator().generate(wanted);
    } catch (EngineClosedException closed) {
      throw lease.engineClosed(closed);
    } catch (EngineFailedException failed) {
      throw lease.engineFailed(failed);
    }
  }

  private record Background(Generation generation, ResponseDocument response) implements ResponseStore.Running {
    @Override
    public void cancel() {
      generation.cancel();
    }

    @Override
    public String cancelled() {
      return response.cancelled().toString();
    }
  }

  private ResponseStore.Stored find(ClientRequest request) {
    String id = request.rest();
    return store.find(id, request.key()).orElseThrow(() -> notFound(id));
  }

  private static ApiException notFound(String id) {
    return ApiException.invalid(404, "response_id", "response_not_found", "Response with id '" + id + "' not found.");
  }

  private Answer retrieve(ClientRequest request) {
    ResponseStore.Stored found = find(request);
    boolean stream = ResponseQuery.isTrue(request, "stream");
    int after = ResponseQuery.startingAfter(request, stream);
    ResponseQuery.readInclude(request);
    ResponseQuery.readObfuscation(request);
    if (!stream) {
      return Answer.json(found.document().getBytes(StandardCharsets.UTF_8));
    }
    EventLog log = found.events();
    return Answer.stream(Framing.SSE, (log == null ? Replay.of(found.tree()) : log).after(after));
  }

  private Answer delete(ClientRequest request) {
    String id = request.rest();
    if (store.remove(id, request.key()).isEmpty()) {
      throw notFound(id);
    }
    return Answer.json(OutputItems.bytes(Items.object().put("id", id).put("object", "response").put("deleted", true)));
  }

  /** Ends a response in the background. One that has ended stays as it is. */
  private Answer cancel(ClientRequest request) {
    ResponseStore.Stored found = find(request);
    if (!found.background()) {
      throw ApiException.invalid(
          "response_id",
          "Only a response with background set to true can be cancelled; close the connection of others.");
    }
    ResponseStore.Running running = found.running();
    if (running != null) {
      running.cancel();
      store.replace(
          found,
          new ResponseStore.Stored(found.id(), found.owner(), running.cancelled(), found.input(), List.of(), true, null)
              .with(found.events()));
    }
    return Answer.json(find(request).document().getBytes(StandardCharsets.UTF_8));
  }

  /** What a response was made from, the newest first unless {@code order} is {@code asc}. */
  private Answer inputItems(ClientRequest request) {
    List<ObjectNode> items = new ArrayList<>();
    find(request).input().forEach(turn -> items.addAll(turn.items()));
    String order = ResponseQuery.order(request);
    int limit = ResponseQuery.limit(request);
    ResponseQuery.readInclude(request);
    if (order.equals("desc")) {
      Collections.reverse(items);
    }
    int from = request.query("after").map(after -> indexOf(items, after) + 1).orElse(0);
    List<ObjectNode> page = items.subList(from, Math.min(items.size(), from + limit));
    ObjectNode list = Items.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    data.addAll(page);
    list.set("first_id", page.isEmpty() ? null : page.getFirst().get("id"));
    list.set("last_id", page.isEmpty() ? null : page.getLast().get("id"));
    list.put("has_more", from + page.size() < items.size());
    return Answer.json(OutputItems.bytes(list));
  }

  private static int indexOf(List<ObjectNode> items, String id) {
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i).path("id").asText().equals(id)) {
        return i;
      }
    }
    throw ApiException.invalid("after", "after is not the id of one of the items.");
  }

  private Answer count(ClientRequest request, Registry registry) {
    ResponsesBody body = read(request);
    try (Lease lease = registry.lease(body.common().model())) {
      ChatRequest wanted = body.request(lease, new FileSearch(body.tools().search()));
      lease.admit(wanted);
      TextGenerator generator = lease.generator();
      int tokens = generator.countTokens(wanted);
      return Answer.json(
          OutputItems.bytes(Items.object().put("object", "response.input_tokens").put("input_tokens", tokens)));
    }
  }
}
