package io.panallama.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client of one server, safe for use by several threads. Many requests run at a time, each on a kept connection. */
final class LoadClient implements Sender, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LoadTarget target;
  private final Dialect dialect;
  private final LoadClock clock;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient http;

  /**
   * The fields that this server accepts.
   *
   * @param model the name of the model; empty to leave it out
   * @param ignoreEos whether bodies have {@code ignore_eos}
   * @param usage whether bodies ask for {@code usage}
   */
  record Dialect(String model, boolean ignoreEos, boolean usage) {}

  LoadClient(LoadTarget target, Dialect dialect, LoadClock clock) {
    this.target = target;
    this.dialect = dialect;
    this.clock = clock;
    // Without proxies, which would be measured, too.
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(target.connectTimeout())
            .proxy(HttpClient.Builder.NO_PROXY)
            .executor(executor)
            .build();
  }

  @Override
  public RequestRecord send(Turn turn, Manner manner) throws InterruptedException {
    HttpRequest request =
        request(target.route())
            .header("Content-Type", "application/json")
            .header("Accept", "text/event-stream")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body(turn)))
            .build();
    long sent = clock.now();
    Attempt first = attempt(turn, manner, request, sent, false);
    return first.connectionWasStale() ? attempt(turn, manner, request, sent, true).record() : first.record();
  }

  /**
   * One attempt.
   *
   * @param connectionWasStale whether the connection ended before any byte of an answer. Servers close kept connections at
   *     any time, even while a request is on its way; the request is then sent once more, as browsers and OpenAI's clients do
   */
  private record Attempt(RequestRecord record, boolean connectionWasStale) {}

  private Attempt attempt(Turn turn, Manner manner, HttpRequest request, long sent, boolean again)
      throws InterruptedException {
    AnswerReader reader = new AnswerReader(clock, manner, target.answers() * turn.answerTokens() + 1);
    CompletableFuture<HttpResponse<Void>> answer = http.sendAsync(request, reader::begin);
    Outcome failure;
    String detail;
    boolean stale = false;
    try {
      answer.get(target.timeout().toNanos(), TimeUnit.NANOSECONDS);
      return new Attempt(reader.close(turn, target.answers(), sent, again, null, ""), false);
    } catch (TimeoutException late) {
      answer.cancel(true);
      failure = Outcome.TIMEOUT;
      detail = "not over after " + seconds(target.timeout());
    } catch (InterruptedException interrupt) {
      answer.cancel(true);
      throw interrupt;
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      if (cause instanceof HttpConnectTimeoutException) {
        failure = Outcome.TIMEOUT;
        detail = "no connection within " + seconds(target.connectTimeout());
      } else if (cause instanceof IOException) {
        failure = reader.hasBegun() ? Outcome.TRUNCATED : Outcome.TRANSPORT;
        detail = describe(cause);
        stale = !reader.hasBegun() && !(cause instanceof ConnectException);
      } else {
        throw new IllegalStateException("The HTTP client failed.", cause);
      }
    }
    return new Attempt(reader.close(turn, target.answers(), sent, again, failure, detail), stale);
  }

  private static String describe(Throwable failure) {
    if (failure instanceof ConnectException refused && refused.getMessage() == null) {
      return "connection refused";
    }
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }

  private static String seconds(Duration duration) {
    return Durations.text(duration.toNanos() / 1e6);
  }

  /**
   * A GET of a small document.
   *
   * @throws LoadException if the server cannot be reached
   */
  HttpResponse<byte[]> get(String path) throws InterruptedException {
    URI uri = target.uri(path);
    HttpRequest request = request(uri).timeout(target.timeout()).GET().build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException failure) {
      throw new LoadException(
          LoadException.Reason.UNREACHABLE, "Cannot connect to " + uri + ": " + describe(failure) + ".", failure);
    }
  }

  private HttpRequest.Builder request(URI uri) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    target.headers().forEach(request::setHeader);
    if (!target.apiKey().isEmpty()) {
      request.setHeader("Authorization", "Bearer " + target.apiKey());
    }
    return request;
  }

  private byte[] body(Turn turn) {
    Map<String, Object> body = new LinkedHashMap<>();
    if (!dialect.model().isEmpty()) {
      body.put("model", dialect.model());
    }
    if (target.chat()) {
      List<Map<String, String>> messages =
          turn.messages().stream()
              .map(message -> Map.of("role", message.role(), "content", message.content()))
              .toList();
      body.put("messages", messages);
    } else {
      body.put("prompt", turn.text());
    }
    body.put("max_tokens", turn.answerTokens());
    body.put("temperature", 0);
    body.put("stream", true);
    if (dialect.usage()) {
      body.put("stream_options", Map.of("include_usage", true));
    }
    if (dialect.ignoreEos()) {
      body.put("ignore_eos", true);
    }
    body.putAll(target.fields());
    try {
      return JSON.writeValueAsBytes(body);
    } catch (JsonProcessingException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  /** Ends the running requests. */
  @Override
  public void close() {
    http.shutdownNow();
    http.close();
    executor.close();
  }
}
