package io.panallama.benchmarks.soak;

import io.panallama.benchmarks.soak.CrowdClient.Answer;
import io.panallama.benchmarks.soak.CrowdClient.Manner;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many connections that ask for streams, under several keys with limits. Some clients leave in the middle, some read slowly. What a client
 * does is drawn from the seed and its number.
 */
public final class Crowd {
  private static final int KEPT = 20;

  /** How long a client waits that was refused, so that refusals are not all that happens. */
  private static final Duration REFUSED_PAUSE = Duration.ofSeconds(1);

  private final URI server;
  private final List<String> keys;
  private final Plan plan;
  private final Map<String, AtomicLong> outcomes = new ConcurrentHashMap<>();
  private final List<String> unintended = Collections.synchronizedList(new ArrayList<>());
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong bad = new AtomicLong();
  private volatile boolean enough;

  /**
   * What the crowd is like.
   *
   * @param leaving the part of the requests that their clients leave
   * @param slow the part of the requests whose answers are read slowly
   */
  public record Plan(int connections, double leaving, double slow, long seed) {}

  /** A crowd that has not begun; its clients take the keys in turns. */
  public Crowd(URI server, List<String> keys, Plan plan) {
    this.server = server;
    this.keys = List.copyOf(keys);
    this.plan = plan;
  }

  /** Looks at the crowd from time to time. */
  public interface Glance {
    void at(Duration time, long requests) throws IOException;
  }

  /** Asks for this long, and waits for the answers that are not read whole by then. */
  public void run(Duration duration, Glance glance) throws IOException, InterruptedException {
    enough = false;
    long began = System.nanoTime();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < plan.connections(); i++) {
      int number = i;
      clients.add(Thread.ofVirtual().start(() -> ask(number)));
    }
    Duration time = Duration.ZERO;
    while (time.compareTo(duration) < 0) {
      Thread.sleep(Duration.ofSeconds(1));
      time = Duration.ofNanos(System.nanoTime() - began);
      glance.at(time, requests.get());
    }
    enough = true;
    for (Thread client : clients) {
      client.join();
    }
  }

  private void ask(int number) {
    Random random = new Random(plan.seed() * 100_003 + number);
    String key = keys.get(number % keys.size());
    try (CrowdClient client = new CrowdClient(server)) {
      while (!enough) {
        Manner manner = manner(random);
        int leaveAfter = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(4000);
        try {
          Answer answer = client.post("/v1/chat/completions", key, body(random, manner), manner, leaveAfter);
          count(manner, answer);
          if (answer.status() == 429 || answer.status() == 503) {
            Thread.sleep(REFUSED_PAUSE);
          }
        } catch (IOException broken) {
          wrong(manner + ": " + broken);
        }
      }
    } catch (IOException notClosed) {
      wrong(notClosed.toString());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private Manner manner(Random random) {
    double drawn = random.nextDouble();
    if (drawn < plan.leaving()) {
      return random.nextBoolean() ? Manner.LEAVES : Manner.RESETS;
    }
    return drawn < plan.leaving() + plan.slow() ? Manner.READS_SLOWLY : Manner.READS;
  }

  private static String body(Random random, Manner manner) {
    int tokens = manner == Manner.READS ? 8 + random.nextInt(40) : 60 + random.nextInt(100);
    StringBuilder words = new StringBuilder();
    for (int i = 1 + random.nextInt(30); i > 0; i--) {
      words.append(random.nextInt(3) == 0 ? "lantern " : "river ");
    }
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"max_tokens\":%d,\"stream\":true}"
        .formatted(words.toString().strip(), tokens);
  }

  /** Right are 200, refusals by limits (429), and a 503 that says when to come again. */
  private void count(Manner manner, Answer answer) {
    requests.incrementAndGet();
    String status = answer.status() == 0 ? "left before an answer" : Integer.toString(answer.status());
    outcomes.computeIfAbsent(status, _ -> new AtomicLong()).incrementAndGet();
    boolean refused = answer.status() == 429 || answer.status() == 503 && answer.retryAfter();
    boolean right = answer.status() == 0 || answer.status() == 200 && !answer.error() || refused;
    if (!right) {
      wrong(manner + ": status " + answer.status() + (answer.error() ? ", a stream that ended with an error" : ""));
    }
  }

  private void wrong(String what) {
    bad.incrementAndGet();
    if (unintended.size() < KEPT) {
      unintended.add(what);
    }
  }

  /** How many requests there were. */
  public long requests() {
    return requests.get();
  }

  /** How many of them had an answer that they should not have, or none. */
  public long wrong() {
    return bad.get();
  }

  /** Some of those. */
  public List<String> unintended() {
    return List.copyOf(unintended);
  }

  /** How many requests ended in each way, by status. */
  public Map<String, Long> outcomes() {
    Map<String, Long> sorted = new TreeMap<>();
    outcomes.forEach((status, count) -> sorted.put(status, count.get()));
    return sorted;
  }
}
