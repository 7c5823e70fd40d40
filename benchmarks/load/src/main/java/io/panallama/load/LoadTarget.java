package io.panallama.load;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The server to load, and how to speak to it. Immutable.
 *
 * @param base scheme, host and port, and a path in front of {@code /v1} if there is one
 * @param chat whether to use {@code /v1/chat/completions}, else {@code /v1/completions}
 * @param model the model that requests name; empty for the first one of {@code /v1/models}
 * @param apiKey sent as a bearer token; empty for none
 * @param headers further headers of every request
 * @param fields further fields of every body, as JSON values; they replace this package's own
 * @param connectTimeout the longest time to connect
 * @param timeout the longest time of one request, from sending it to its end
 */
public record LoadTarget(
    URI base,
    boolean chat,
    String model,
    String apiKey,
    Map<String, String> headers,
    Map<String, Object> fields,
    Duration connectTimeout,
    Duration timeout) {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  /**
   * @throws IllegalArgumentException if {@code base} is not an http or https address with a host
   */
  public LoadTarget {
    String scheme = base.getScheme();
    if (base.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
      throw new IllegalArgumentException(
          "\"" + base + "\" is not the address of a server; an example is http://127.0.0.1:8080.");
    }
    String text = base.toString().replaceFirst("/+$", "").replaceFirst("/v1$", "");
    base = URI.create(text);
    headers = Map.copyOf(headers);
    fields = Map.copyOf(fields);
  }

  /** Chat completions of the server's first model, without a key; 5 s to connect, 5 minutes for a request. */
  public static LoadTarget of(URI base) {
    return new LoadTarget(base, true, "", "", Map.of(), Map.of(), CONNECT_TIMEOUT, TIMEOUT);
  }

  /**
   * The same for an address as users type it. Without a scheme, such as {@code localhost:8080}, it means http.
   *
   * @throws IllegalArgumentException if it is not the address of a server
   */
  public static LoadTarget of(String address) {
    return of(URI.create(address.contains("://") ? address : "http://" + address));
  }

  public LoadTarget withChat(boolean newChat) {
    return new LoadTarget(base, newChat, model, apiKey, headers, fields, connectTimeout, timeout);
  }

  public LoadTarget withModel(String newModel) {
    return new LoadTarget(base, chat, newModel, apiKey, headers, fields, connectTimeout, timeout);
  }

  public LoadTarget withApiKey(String newApiKey) {
    return new LoadTarget(base, chat, model, newApiKey, headers, fields, connectTimeout, timeout);
  }

  public LoadTarget withHeaders(Map<String, String> newHeaders) {
    return new LoadTarget(base, chat, model, apiKey, newHeaders, fields, connectTimeout, timeout);
  }

  public LoadTarget withFields(Map<String, Object> newFields) {
    return new LoadTarget(base, chat, model, apiKey, headers, newFields, connectTimeout, timeout);
  }

  public LoadTarget withTimeouts(Duration newConnectTimeout, Duration newTimeout) {
    return new LoadTarget(base, chat, model, apiKey, headers, fields, newConnectTimeout, newTimeout);
  }

  /** The number of answers to each request: the field {@code n}. */
  int answers() {
    return fields.get("n") instanceof Number n ? n.intValue() : 1;
  }

  /** The address of the route that is measured. */
  URI route() {
    return uri(chat ? "/v1/chat/completions" : "/v1/completions");
  }

  URI uri(String path) {
    return URI.create(base + path);
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("url", route().toString());
    json.put("fields", fields);
    json.put("timeout_s", timeout.toNanos() / 1e9);
    return json;
  }

  /** Without the key and the values of headers, which may be secret. */
  @Override
  public String toString() {
    return route() + (model.isEmpty() ? "" : ", model " + model);
  }
}
