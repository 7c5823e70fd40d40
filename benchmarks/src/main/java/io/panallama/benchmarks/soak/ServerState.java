package io.panallama.benchmarks.soak;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Asks a server what it holds, once it has nothing to do. */
public final class ServerState {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  /** The engine's numbers are a fifth of a second old. */
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private static final String REQUEST = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":4}";

  private final URI server;
  private final long pid;
  private final String key;

  /**
   * A server.
   *
   * @param pid its process
   * @param key of an operator
   */
  public ServerState(URI server, long pid, String key) {
    this.server = server;
    this.pid = pid;
    this.key = key;
  }

  /** What it holds once no generation is left, or after a minute in which some are. */
  public Remains idle() throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (remains().sequences() > 0 && System.nanoTime() < end) {
      Thread.sleep(LOOK_AGAIN);
    }
    // Cells are counted at the beginning of a step.
    send(request("/v1/chat/completions").POST(HttpRequest.BodyPublishers.ofString(REQUEST)).build());
    Thread.sleep(SETTLED);
    return remains();
  }

  private Remains remains() throws IOException, InterruptedException {
    String metrics = send(request("/metrics").GET().build());
    return Remains.of(Footprint.of(pid), metrics);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(server.resolve(path)).timeout(PATIENCE).header("Authorization", "Bearer " + key);
  }

  private static String send(HttpRequest request) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException(request.uri().getPath() + " answered " + answer.statusCode() + ": " + answer.body());
      }
      return answer.body();
    }
  }
}
