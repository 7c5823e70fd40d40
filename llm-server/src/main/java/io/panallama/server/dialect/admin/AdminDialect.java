package io.panallama.server.dialect.admin;

import io.panallama.server.dialect.Access;
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
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.Registry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The routes of the server's operators: {@code /admin/log-level}. Errors are OpenAI's. */
public final class AdminDialect implements Dialect {
  private static final String LOG_LEVEL = "/admin/log-level";
  private static final String LEVEL = "level";
  private static final String LOGGER = "logger";

  private final boolean enabled;
  private final LogLevels levels = new LogLevels();

  /**
   * The dialect of a server.
   *
   * @param enabled whether the routes are answered; otherwise they are a 501
   */
  public AdminDialect(boolean enabled) {
    this.enabled = enabled;
  }

  @Override
  public String name() {
    return "admin";
  }

  @Override
  public List<Route> routes() {
    return List.of(new Route.Get(LOG_LEVEL, this::level), new Route.Post(LOG_LEVEL, this::setLevel));
  }

  @Override
  public Access access(Route route) {
    return Access.OPERATE;
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }

  private void requireEnabled() {
    if (!enabled) {
      throw ApiException.invalid(
          501,
          null,
          "endpoint_disabled",
          "This server does not let its log level be changed. Start it with `--admin`.");
    }
  }

  private Answer level(ClientRequest request, Registry registry) {
    requireEnabled();
    return answer(logger(request.query(LOGGER).orElse(null)));
  }

  private Answer setLevel(ClientRequest request, Registry registry) {
    requireEnabled();
    JsonFields body = JsonBody.read(request);
    String level = body.choice(LEVEL, LogLevels.NAMES);
    String logger = logger(body.string(LOGGER));
    body.ignoreUnknown();
    if (level == null) {
      throw ApiException.invalid(LEVEL, LEVEL + " is missing; give one of " + String.join(", ", LogLevels.NAMES) + ".");
    }
    levels.set(logger, level);
    return answer(logger);
  }

  private static String logger(@Nullable String name) {
    String wanted = name == null ? LogLevels.OURS : name;
    if (!LogLevels.isLogger(wanted)) {
      throw ApiException.invalid(
          LOGGER,
          LOGGER + " must be " + LogLevels.OURS + ", a package or class in it, or the name of a logger in use.");
    }
    return wanted;
  }

  private Answer answer(String logger) {
    return Answer.json(
        Json.object(json -> {
          json.writeStringField(LOGGER, logger);
          json.writeStringField(LEVEL, levels.of(logger));
        }));
  }
}
