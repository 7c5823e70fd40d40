package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Which process listens on a port. */
class ListeningProcessTest {
  /** Two sockets that listen, and a connection to the port of the first one. */
  private static final List<String> TABLE =
      List.of(
          "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
          "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5001 1 0 100 0 0"
              + " 10 0",
          "   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5002 1 0 100 0 0"
              + " 10 0",
          "   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 5003 1 0 20 4 30"
              + " 10 -1");

  @Test
  void onlySocketsThatListenOnThePort() {
    assertThat(ListeningProcess.listening(TABLE, 8080)).containsExactly("socket:[5001]");
    assertThat(ListeningProcess.listening(TABLE, 80)).isEmpty();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void thisProcess() throws IOException {
    int port;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = server.getLocalPort();
      assertThat(ListeningProcess.listens(ProcessHandle.current().pid(), port)).isTrue();
    }
    assertThat(ListeningProcess.listens(ProcessHandle.current().pid(), port)).isFalse();
  }
}
