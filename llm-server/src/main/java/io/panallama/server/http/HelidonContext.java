package io.panallama.server.http;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.Router;
import java.util.concurrent.ExecutorService;

/** What a connection of Helidon's reads from, writes to, and belongs to. */
record HelidonContext(
    HelidonSocket serverSocket, Listener.HelidonParts parts, DataReader dataReader, DataWriter dataWriter)
    implements ConnectionContext {
  @Override
  public ListenerContext listenerContext() {
    return parts;
  }

  @Override
  public ExecutorService executor() {
    return parts.executor();
  }

  @Override
  public Router router() {
    return parts.router();
  }

  @Override
  public PeerInfo remotePeer() {
    return serverSocket.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return serverSocket.localPeer();
  }

  @Override
  public boolean isSecure() {
    return serverSocket.isSecure();
  }

  @Override
  public String socketId() {
    return serverSocket.socketId();
  }

  @Override
  public String childSocketId() {
    return serverSocket.childSocketId();
  }
}
