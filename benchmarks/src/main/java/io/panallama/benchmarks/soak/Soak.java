package io.panallama.benchmarks.soak;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * Mixed requests to a server, by several clients at once, and its footprint meanwhile. The requests of a client are drawn
 * from the seed and its number, so they are the same in every run; how they meet is not.
 */
public final class Soak {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final int KEPT = 50;

  private final URI server;
  private final long pid;
  private final int clients;
  private final long seed;
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final Map<String, AtomicLong> kinds = new ConcurrentHashMap<>();
  private final List<String> kept = Collections.synchronizedList(new ArrayList<>());
  private final List<Sample> samples = new ArrayList<>();

  /** The index of the sample at the end of the warm-up. */
  private int warm;

  private volatile boolean enough;

  /**
   * A soak that has not begun.
   *
   * @param server the address of the server
   * @param pid its process
   * @param clients how many ask at once
   */
  public Soak(URI server, long pid, int clients, long seed) {
    this.server = server;
    this.pid = pid;
    this.clients = clients;
    this.seed = seed;
  }

  /**
   * A moment of the run.
   *
   * @param requests how many had ended
   */
  private record Sample(Duration at, long requests, Footprint footprint) {}

  /**
   * Runs for this long.
   *
   * @param warmUp the first part, which does not count for the slope
   * @param progress is told the time and the number of requests at each sample
   */
  public void run(Duration duration, Duration warmUp, BiConsumer<Duration, Long> progress)
      throws IOException, InterruptedException {
    Duration pause = Duration.ofMillis(Math.clamp(duration.toMillis() / 180, 200, 10_000));
    long began = System.nanoTime();
    List<CompletableFuture<Void>> running = new ArrayList<>();
    sample(began);
    for (int client = 0; client < clients; client++) {
      Random random = new Random(seed * 1_000 + client);
      running.add(CompletableFuture.runAsync(() -> ask(random), task -> Thread.ofVirtual().start(task)));
    }
    while (System.nanoTime() - began < duration.toNanos()) {
      Thread.sleep(pause);
      sample(began);
      progress.accept(samples.getLast().at(), samples.getLast().requests());
    }
    enough = true;
    running.forEach(CompletableFuture::join);
    warm = Math.max(0, (int) samples.stream().filter(sample -> sample.at().compareTo(warmUp) < 0).count() - 1);
  }

  private void sample(long began) throws IOException {
    samples.add(new Sample(Duration.ofNanos(System.nanoTime() - began), requests.get(), Footprint.of(pid)));
  }

  private void ask(Random random) {
    // A client of its own for each, and a new one from time to time, so that connections come and go.
    while (!enough) {
      try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
        for (int i = 1 + random.nextInt(50); i > 0 && !enough; i--) {
          SoakRequest request = SoakRequest.draw(random);
          String wrong = send(client, request);
          requests.incrementAndGet();
          kinds.computeIfAbsent(request.kind(), kind -> new AtomicLong()).incrementAndGet();
          if (!wrong.isEmpty()) {
            failures.incrementAndGet();
            if (kept.size() < KEPT) {
              kept.add(request.kind() + ": " + wrong + "\n  " + request.path() + " " + request.body());
            }
          }
        }
      }
    }
  }

  /** Sends a request; what is wrong with its answer, or nothing. */
  private String send(HttpClient client, SoakRequest request) {
    HttpRequest sent =
        HttpRequest.newBuilder(server.resolve(request.path()))
            .header("Content-Type", "application/json")
            .method(request.method(), HttpRequest.BodyPublishers.ofString(request.body()))
            .build();
    CompletableFuture<HttpResponse<InputStream>> answer =
        client.sendAsync(sent, HttpResponse.BodyHandlers.ofInputStream());
    try {
      if (request.leaveAfter() < 0) {
        answer.get(5, TimeUnit.MILLISECONDS);
        answer.join().body().close();
        return "";
      }
      HttpResponse<InputStream> response = answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      try (InputStream body = response.body()) {
        byte[] read = request.leaveAfter() == 0 ? body.readAllBytes() : body.readNBytes(request.leaveAfter());
        String text = new String(read, StandardCharsets.UTF_8);
        if (response.statusCode() != request.status()) {
          return response.statusCode() + " " + text;
        }
        // The ends of the streams of OpenAI and Anthropic, and of llama-server.
        return text.contains("event: error") || text.contains("data: {\"error\"") ? text : "";
      }
    } catch (TimeoutException late) {
      answer.cancel(true);
      return request.leaveAfter() < 0 ? "" : "no answer in " + PATIENCE.toSeconds() + " s";
    } catch (ExecutionException | IOException failed) {
      return failed.toString();
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      return hurry.toString();
    }
  }

  /** How many requests were not answered as they should, or not at all. */
  public long failures() {
    return failures.get();
  }

  /** Up to fifty of the failures. */
  public List<String> kept() {
    return List.copyOf(kept);
  }

  /** The figures, by their names in a report. */
  public Map<String, String> figures() {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("requests", Long.toString(requests.get()));
    new TreeMap<>(kinds).forEach((kind, count) -> figures.put("  " + kind, count.toString()));
    figures.put("failures", Long.toString(failures.get()));
    figures.put("at the start", row(samples.getFirst()));
    figures.put("after the warm-up", row(samples.get(warm)));
    figures.put("at the end", row(samples.getLast()));
    figures.put("slope after the warm-up", String.format(Locale.ROOT, "%+.0f KiB per 1,000 requests", slope()));
    return figures;
  }

  private static String row(Sample sample) {
    Footprint footprint = sample.footprint();
    return String.format(
        Locale.ROOT,
        "%d s, %d requests: %.1f MiB (and %.1f MiB of files), %d threads, %d descriptors",
        sample.at().toSeconds(),
        sample.requests(),
        footprint.residentKib() / 1024.0,
        footprint.mappedKib() / 1024.0,
        footprint.threads(),
        footprint.descriptors());
  }

  /** The line of least squares through resident memory (KiB) over thousands of requests, after the warm-up. */
  private double slope() {
    List<Sample> counted = samples.subList(warm, samples.size());
    double meanX = counted.stream().mapToDouble(sample -> sample.requests() / 1e3).average().orElse(0);
    double meanY = counted.stream().mapToDouble(sample -> sample.footprint().residentKib()).average().orElse(0);
    double products = 0;
    double squares = 0;
    for (Sample sample : counted) {
      double x = sample.requests() / 1e3 - meanX;
      products += x * (sample.footprint().residentKib() - meanY);
      squares += x * x;
    }
    return squares == 0 ? 0 : products / squares;
  }
}
