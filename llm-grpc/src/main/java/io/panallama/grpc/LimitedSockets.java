package io.panallama.grpc;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ServerSocketFactory;

/** Server sockets that together accept a limited number of connections: a further one waits until another ends. Safe for any thread. */
final class LimitedSockets extends ServerSocketFactory {
  /** Connections that the operating system keeps while none is accepted. */
  private static final int BACKLOG = 1024;

  private final Semaphore places;

  LimitedSockets(int connections) {
    this.places = new Semaphore(connections);
  }

  @Override
  public ServerSocket createServerSocket() throws IOException {
    return new Limited();
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, BACKLOG);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket(port, backlog, InetAddress.getLoopbackAddress());
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
    ServerSocket socket = createServerSocket();
    socket.bind(new InetSocketAddress(address, port), backlog);
    return socket;
  }

  private final class Limited extends ServerSocket {
    private Limited() throws IOException {}

    @Override
    public Socket accept() throws IOException {
      try {
        places.acquire();
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
        throw new SocketException("closing");
      }
      Counted socket = new Counted();
      try {
        implAccept(socket);
        return socket;
      } catch (IOException | RuntimeException failed) {
        socket.close();
        throw failed;
      }
    }
  }

  /** A connection that gives its place back when it is closed. */
  private final class Counted extends Socket {
    private final AtomicBoolean counted = new AtomicBoolean(true);

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        if (counted.compareAndSet(true, false)) {
          places.release();
        }
      }
    }
  }
}
