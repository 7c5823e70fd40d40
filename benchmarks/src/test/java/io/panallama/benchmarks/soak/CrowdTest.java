package io.panallama.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.benchmarks.soak.CrowdClient.Answer;
import io.panallama.benchmarks.soak.CrowdClient.Manner;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The crowd of the soak, and what it takes for a fault. */
@Timeout(60)
class CrowdTest {
  private static final String STREAM = "data: {\"choices\":[]}\n\n".repeat(100);

  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger broken = new AtomicInteger();
  private ServerSocket socket;

  /** The head of an answer without its body's length, and the body. */
  private volatile String head = "HTTP/1.1 200 OK\r\n";

  private volatile String body = STREAM;

  @BeforeEach
  void listen() throws IOException {
    socket = new ServerSocket(0, 300, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
  }

  private URI address() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  private void accept() {
    try {
      while (true) {
        Socket client = socket.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException closed) {
      return;
    }
  }

  private void serve(Socket client) {
    try (client;
        BufferedReader in =
            new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1))) {
      OutputStream out = client.getOutputStream();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        int length = 0;
        while (!line.isEmpty()) {
          if (line.startsWith("Content-Length: ")) {
            length = Integer.parseInt(line.substring(16));
          }
          line = in.readLine();
        }
        in.skip(length);
        out.write((head + "Transfer-Encoding: chunked\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        String rest = body;
        while (!rest.isEmpty()) {
          String piece = rest.substring(0, Math.min(1000, rest.length()));
          rest = rest.substring(piece.length());
          out.write(
              (Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n").getBytes(StandardCharsets.US_ASCII));
        }
        out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException left) {
      broken.incrementAndGet();
    }
  }

  @Test
  void aClientKeepsItsConnectionUnlessItLeaves() throws Exception {
    try (CrowdClient client = new CrowdClient(address())) {
      Answer whole = new Answer(200, false, false, STREAM.length());
      assertThat(client.post("/x", "k", "{}", Manner.READS, 0)).isEqualTo(whole);
      assertThat(client.post("/x", "k", "{}", Manner.READS, 0)).isEqualTo(whole);
      assertThat(connections).hasValue(1);
      Answer left = client.post("/x", "k", "{}", Manner.LEAVES, 300);
      assertThat(left.bytes()).isBetween(300L, 600L);
      assertThat(client.post("/x", "k", "{}", Manner.RESETS, 0)).isEqualTo(Answer.LEFT);
      assertThat(client.post("/x", "k", "{}", Manner.READS_SLOWLY, 0)).isEqualTo(whole);
      assertThat(client.post("/x", "k", "{}", Manner.READS, 0)).isEqualTo(whole);
      assertThat(connections).hasValue(4);
    }
  }

  @Test
  void whatCountsAsWrong() throws Exception {
    assertThat(run().wrong()).isZero();
    head = "HTTP/1.1 429 Too Many Requests\r\n";
    assertThat(run().wrong()).isZero();
    head = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n";
    assertThat(run().wrong()).isZero();
    head = "HTTP/1.1 503 Service Unavailable\r\n";
    assertThat(run().unintended()).anyMatch(line -> line.endsWith(": status 503"));
    head = "HTTP/1.1 500 Internal Server Error\r\n";
    assertThat(run().unintended()).anyMatch(line -> line.endsWith(": status 500"));
    head = "HTTP/1.1 200 OK\r\n";
    body = STREAM + "data: {\"error\":{}}\n\n";
    assertThat(run().unintended()).anyMatch(line -> line.endsWith("a stream that ended with an error"));
  }

  private Crowd run() throws Exception {
    Crowd crowd = new Crowd(address(), List.of("a", "b"), new Crowd.Plan(8, 0.2, 0, 1));
    crowd.run(Duration.ofMillis(500), (_, _) -> {});
    assertThat(crowd.requests()).isPositive();
    assertThat(crowd.outcomes().values().stream().mapToLong(Long::longValue).sum()).isEqualTo(crowd.requests());
    return crowd;
  }

  private static Remains remains(long kib, int threads, int descriptors, String metrics) {
    return Remains.of(new Footprint(kib, 0, threads, descriptors), metrics);
  }

  private static String metrics(int running, int waiting, int cells) {
    return """
    # HELP vllm:num_requests_running Requests
    vllm:num_requests_running{model_name="m"} %d
    vllm:num_requests_waiting{model_name="m"} %d.0
    panallama_kv_cells{model_name="m",state="active"} %d
    panallama_kv_cells{model_name="m",state="retained"} 900
    panallama_leak_suspected{owner="threads"} 0.0
    """
        .formatted(running, waiting, cells);
  }

  @Test
  void whatIsLeft() {
    Remains before = remains(300_000, 60, 100, metrics(0, 0, 20));
    assertThat(remains(300_000, 60, 100, metrics(0, 0, 20)).leaked(before)).isEmpty();
    // What the JVM and a cache may have more of.
    assertThat(remains(320_000, 65, 105, metrics(0, 0, 60)).leaked(before)).isEmpty();
    assertThat(remains(300_000, 60, 100, metrics(1, 2, 20)).leaked(before)).containsExactly("sequences: 3 after 0");
    assertThat(remains(300_000, 60, 100, metrics(0, 0, 500)).leaked(before)).containsExactly("cells: 500 after 0");
    assertThat(remains(300_000, 90, 160, metrics(0, 0, 20)).leaked(before))
        .containsExactly("threads: 90 after 60", "descriptors: 160 after 100");
    assertThat(remains(500_000, 60, 100, metrics(0, 0, 20)).leaked(before))
        .containsExactly("KiB of memory: 500,000 after 300,000");
    String suspected = metrics(0, 0, 20).replace("\"threads\"} 0.0", "\"threads\"} 1.0");
    assertThat(remains(300_000, 60, 100, suspected).leaked(before))
        .containsExactly("the server itself suspects: threads");
  }
}
