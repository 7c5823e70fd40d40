package io.panallama.server.http;

import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Ignored;
import io.panallama.server.keys.Account;
import io.panallama.server.keys.KeyIdentity;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Makes what dialects get of a request, and tells client and log what its answer won't follow. Safe for any thread. */
final class Requests {
  private static final System.Logger LOGGER = System.getLogger(Requests.class.getName());

  /** The most names that are logged; a client that invents others fills no log. */
  private static final int MAX_LOGGED = 256;

  private final boolean strict;
  private final BodyBudget budget;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  /**
   * A maker of requests.
   *
   * @param strict whether what would be ignored is refused instead
   * @param budget for the bodies of all requests
   */
  Requests(boolean strict, BodyBudget budget) {
    this.strict = strict;
    this.budget = budget;
  }

  /**
   * A request with its body, if there is room for it in memory; a large one waits for others. It has to be
   * {@linkplain ClientRequest#release released}.
   */
  ClientRequest read(ServerRequest request, String rest) {
    BodyBudget.Room room = budget.room();
    try {
      byte[] body = RequestBody.read(request, room);
      room.read(body.length);
      return head(request, rest, body, room::close);
    } catch (Throwable failed) {
      room.close();
      throw failed;
    }
  }

  /** A request whose body is still to be read. */
  ClientRequest head(ServerRequest request, String rest) {
    return head(request, rest, new byte[0], () -> {});
  }

  private ClientRequest head(ServerRequest request, String rest, byte[] body, Runnable whenReleased) {
    Map<String, String> query = new HashMap<>();
    for (String name : request.query().names()) {
      query.put(name, request.query().first(name).orElse(""));
    }
    Map<String, String> headers = new HashMap<>();
    request.headers().forEach(header -> headers.put(header.headerName().lowerCase(), header.get()));
    Account account = request.context().get(Account.class, Account.class).orElse(Account.NONE);
    KeyIdentity key = request.context().get(KeyIdentity.class, KeyIdentity.class).orElse(KeyIdentity.NONE);
    return new ClientRequest(body, rest, query, headers, new Ignored(strict), whenReleased, account, key);
  }

  /** Names in the answer's head what it won't follow, and in the log each name once. */
  void tell(Ignored ignored, ServerResponse response) {
    if (ignored.names().isEmpty()) {
      return;
    }
    response.header(Ignored.HEADER, ignored.header());
    for (String name : ignored.names()) {
      // The index of a message or a tool tells operators nothing.
      String kind = name.replaceAll("\\[\\d+]", "[]").toLowerCase(Locale.ROOT);
      if (logged.size() < MAX_LOGGED && logged.add(kind)) {
        LOGGER.log(
            System.Logger.Level.INFO,
            "Requests have the field " + kind + ", which is ignored; --strict would refuse it. This is said once.");
      }
    }
  }
}
