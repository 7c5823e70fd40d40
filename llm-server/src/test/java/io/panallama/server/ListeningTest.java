package io.panallama.server;

import static io.panallama.server.TestServer.HELLO;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server listens on: several addresses, both kinds of loopback, Unix domain sockets. */
@Timeout(60)
class ListeningTest {
  private static TestServer start(String... hosts) {
    return TestServer.start(
        TestServer.config().toBuilder().hosts(List.of(hosts)).build(), ScriptedGenerator.answering("hi"));
  }

  private static boolean hasIpv6() throws IOException {
    return NetworkInterface.getByInetAddress(InetAddress.getByName("::1")) != null;
  }

  private static int health(TestServer server, String address) throws IOException {
    try (RawHttp client = new RawHttp(InetAddress.getByName(address), server.server().port())) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return client.read().status();
    }
  }

  private static String throughSocket(Path path, String request) throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
      return new String(Channels.newInputStream(client).readAllBytes(), UTF_8);
    }
  }

  @Test
  void byDefaultBothLoopbackAddressesAreListenedOn() throws IOException {
    try (TestServer server = start("localhost")) {
      assertThat(TestServer.config().hosts()).containsExactly("localhost");
      assertThat(health(server, "127.0.0.1")).isEqualTo(200);
      if (hasIpv6()) {
        assertThat(health(server, "::1")).isEqualTo(200);
      }
      assertThat(server.server().uri()).isEqualTo(URI.create("http://127.0.0.1:" + server.server().port() + "/"));
      assertThat(server.server().openHosts()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "[::1]"})
  void anAddressOfIpv6IsTakenWithAndWithoutBrackets(String host) throws IOException {
    assumeTrue(hasIpv6(), "This machine has no IPv6");
    try (TestServer server = start(host)) {
      assertThat(health(server, "::1")).isEqualTo(200);
      assertThatThrownBy(() -> health(server, "127.0.0.1")).isInstanceOf(IOException.class);
      assertThat(server.server().uri()).isEqualTo(URI.create("http://[::1]:" + server.server().port() + "/"));
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void severalAddressesShareAPort() throws IOException {
    try (TestServer server = start("127.0.0.1", "127.0.0.2", "localhost", "127.0.0.1")) {
      for (String address : List.of("127.0.0.1", "127.0.0.2")) {
        assertThat(health(server, address)).isEqualTo(200);
      }
      assertThatThrownBy(() -> health(server, "127.0.0.3")).isInstanceOf(IOException.class);
      assertThat(server.server().uris())
          .extracting(URI::getHost)
          .containsExactly("127.0.0.1", "127.0.0.2", "127.0.0.1");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::"})
  void aWildcardCoversAllAddresses(String wildcard) throws IOException {
    assumeTrue(hasIpv6(), "This machine has no IPv6");
    try (TestServer server = start("127.0.0.1", wildcard, "::1")) {
      assertThat(health(server, "127.0.0.1")).isEqualTo(200);
      assertThat(health(server, "127.0.0.7")).isEqualTo(200);
      assertThat(health(server, "::1")).isEqualTo(200);
      assertThat(server.server().openHosts()).containsExactly(wildcard);
    }
  }

  @Test
  void whatIsTakenOnOneOfTheAddressesIsAnErrorAndLeavesNothingOpen() throws IOException {
    try (TestServer taken = start("127.0.0.2")) {
      int port = taken.server().port();
      ServerConfig both = TestServer.config().toBuilder().hosts(List.of("127.0.0.1", "127.0.0.2")).port(port).build();
      assertThatThrownBy(() -> ChatServer.start(both))
          .isInstanceOfSatisfying(ServerStartException.class, e -> assertThat(e.host()).isEqualTo("127.0.0.2"))
          .hasMessageContaining("127.0.0.2 port " + port);
      try (TestServer now = TestServer.around(ChatServer.start(both.toBuilder().hosts(List.of("127.0.0.1")).build()))) {
        assertThat(health(now, "127.0.0.1")).as("without a model").isEqualTo(503);
      }
    }
  }

  @Test
  void aUnixSocketIsForItsOwnerAnyHostAndGoesAtTheEnd(@TempDir Path temp) throws IOException {
    Path path = temp.resolve("panallama.sock");
    try (TestServer server = start("unix:" + path)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path))).isEqualTo("rw-------");
      assertThat(server.server().port()).isEqualTo(-1);
      assertThat(server.server().uri()).isEqualTo(URI.create("unix:" + path));
      String health = throughSocket(path, "GET /health HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n");
      assertThat(health).startsWith("HTTP/1.1 200 ").endsWith("{\"status\":\"ok\"}");
      String chat =
          throughSocket(
              path, TestServer.rawPost(TestServer.CHAT, HELLO).replace("Host:", "Connection: close\r\nHost:"));
      assertThat(chat).startsWith("HTTP/1.1 200 ").contains("\"content\":\"hi\"");
      assertThat(throughSocket(path, "GET /health HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
      String foreign = "GET /health HTTP/1.1\r\nHost: a\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
      assertThat(throughSocket(path, foreign)).startsWith("HTTP/1.1 403 ");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void aUnixSocketAndAddressesGoTogether(@TempDir Path temp) throws IOException {
    Path path = temp.resolve("s.sock");
    try (TestServer server = start(path.toString(), "127.0.0.1")) {
      assertThat(health(server, "127.0.0.1")).isEqualTo(200);
      assertThat(throughSocket(path, "GET /health HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
      assertThat(server.server().uris()).extracting(URI::getScheme).containsExactly("http", "unix");
    }
  }

  @Test
  void theSocketOfAKilledServerIsReplacedButNotThatOfALivingOne(@TempDir Path temp) throws IOException {
    Path path = temp.resolve("s.sock");
    try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      killed.bind(UnixDomainSocketAddress.of(path));
    }
    assertThat(path).exists();
    try (TestServer _ = start("unix:" + path)) {
      assertThatThrownBy(() -> start("unix:" + path))
          .isInstanceOf(ServerStartException.class)
          .hasMessage("Can't listen on unix:" + path + ": Address already in use. Choose another path.");
      assertThat(throughSocket(path, "GET /health HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void aFileThatIsNoSocketIsLeftAlone(@TempDir Path temp) throws IOException {
    Path path = Files.writeString(temp.resolve("precious.sock"), "data");
    assertThatThrownBy(() -> start(path.toString()))
        .isInstanceOf(ServerStartException.class)
        .hasMessageContaining("is a file and not a socket");
    assertThat(path).hasContent("data");
  }

  @Test
  void aSocketThatAnotherServerPutThereStays(@TempDir Path temp) throws IOException {
    Path path = temp.resolve("s.sock");
    try (TestServer _ = start("unix:" + path)) {
      Files.delete(path);
      try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        other.bind(UnixDomainSocketAddress.of(path));
      }
    }
    assertThat(path).exists();
  }
}
