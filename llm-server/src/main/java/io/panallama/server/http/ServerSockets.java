package io.panallama.server.http;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The sockets on which a server listens: one for each address, all with the same port, and Unix domain sockets.
 *
 * <p>{@code localhost} means both loopback addresses, of which that of IPv6 is left out where the machine has none. A wildcard address
 * covers all others, of IPv6 as well. Only the owner of the process may connect to a Unix domain socket; its file is removed when
 * the server stops, and one that a killed server has left is replaced.
 *
 * <p>Immutable; safe for any thread.
 */
public final class ServerSockets implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(ServerSockets.class.getName());

  /** Connections that the operating system keeps while none is accepted; Linux cuts it to {@code somaxconn}. */
  private static final int BACKLOG = 1024;

  /** How often another free port is tried because one of the addresses has it taken. */
  private static final int FREE_PORT_TRIES = 16;

  private static final String UNIX_PREFIX = "unix:";
  private static final String UNIX_SUFFIX = ".sock";

  /** The type of a file in its mode, and the type of a socket; from stat(2). */
  private static final int FILE_TYPE = 0170000;

  private static final int SOCKET_TYPE = 0140000;

  /** An address can't be listened on. */
  public static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    private final String host;

    Refused(String host, IOException cause) {
      super(cause.getMessage(), cause);
      this.host = host;
    }

    /** The host as it was configured. */
    public String host() {
      return host;
    }

    /** Whether the host's name is unknown. */
    public boolean isUnknown() {
      return getCause() instanceof UnknownHostException;
    }
  }

  /**
   * An address to listen on.
   *
   * @param host as it was configured
   * @param inet null for a Unix domain socket
   * @param path of a Unix domain socket; null for another one
   */
  private record Target(String host, @Nullable InetAddress inet, @Nullable Path path) {
    boolean isWildcard() {
      return inet != null && inet.isAnyLocalAddress();
    }

    boolean isOpenToOthers() {
      return inet != null && !inet.isLoopbackAddress();
    }
  }

  /**
   * A socket that listens.
   *
   * @param fileKey identifies the file of a Unix domain socket; null for another one
   */
  private record Bound(Target target, ServerSocketChannel channel, @Nullable Object fileKey) {}

  private final List<Bound> sockets;

  private ServerSockets(List<Bound> sockets) {
    this.sockets = List.copyOf(sockets);
  }

  /** The path of the Unix domain socket that a host stands for; empty if it stands for an address. */
  public static Optional<Path> unixSocket(String host) {
    if (host.startsWith(UNIX_PREFIX)) {
      String path = host.substring(UNIX_PREFIX.length());
      return Optional.of(Path.of(path.startsWith("//") ? path.substring(2) : path));
    }
    return host.endsWith(UNIX_SUFFIX) ? Optional.of(Path.of(host)) : Optional.empty();
  }

  /**
   * Starts to listen on all of these hosts.
   *
   * @param hosts names, addresses, and paths as {@link #unixSocket} has them
   * @param port 0 takes one that is free on all addresses
   * @throws Refused if one of them is unknown, taken, or not of this machine
   */
  public static ServerSockets open(List<String> hosts, int port) throws Refused {
    List<Target> targets = targets(hosts);
    for (int tries = 1; ; tries++) {
      try {
        return openAll(targets, port);
      } catch (Refused refused) {
        boolean taken = refused.getCause() instanceof BindException && targets.size() > 1;
        if (port != 0 || !taken || tries == FREE_PORT_TRIES) {
          throw refused;
        }
      }
    }
  }

  private static List<Target> targets(List<String> hosts) throws Refused {
    List<Target> all = new ArrayList<>();
    for (String host : hosts) {
      try {
        for (Target target : targets(host)) {
          if (all.stream().noneMatch(other -> isSame(other, target))) {
            all.add(target);
          }
        }
      } catch (IOException unknown) {
        throw new Refused(host, unknown);
      }
    }
    Optional<Target> wildcard = all.stream().filter(Target::isWildcard).findFirst();
    wildcard.ifPresent(all0 -> all.removeIf(target -> target.inet() != null && target != all0));
    return all;
  }

  private static boolean isSame(Target one, Target other) {
    return Objects.equals(one.inet(), other.inet()) && Objects.equals(one.path(), other.path());
  }

  private static List<Target> targets(String host) throws IOException {
    Optional<Path> path = unixSocket(host);
    if (path.isPresent()) {
      return List.of(new Target(host, null, path.get()));
    }
    if (!host.equalsIgnoreCase("localhost")) {
      return List.of(new Target(host, InetAddress.getByName(host), null));
    }
    Target old = new Target(host, InetAddress.ofLiteral("127.0.0.1"), null);
    InetAddress loopback = InetAddress.ofLiteral("::1");
    return NetworkInterface.getByInetAddress(loopback) == null
        ? List.of(old)
        : List.of(old, new Target(host, loopback, null));
  }

  private static ServerSockets openAll(List<Target> targets, int port) throws Refused {
    List<Bound> open = new ArrayList<>();
    int common = port;
    for (Target target : targets) {
      try {
        Bound bound = bind(target, common);
        open.add(bound);
        if (common == 0 && bound.channel().getLocalAddress() instanceof InetSocketAddress found) {
          common = found.getPort();
        }
      } catch (IOException refused) {
        new ServerSockets(open).close();
        throw new Refused(target.host(), refused);
      }
    }
    return new ServerSockets(open);
  }

  private static Bound bind(Target target, int port) throws IOException {
    Path path = target.path();
    if (path != null) {
      removeStale(path);
      ServerSocketChannel channel =
          bind(ServerSocketChannel.open(StandardProtocolFamily.UNIX), UnixDomainSocketAddress.of(path));
      if (Files.getFileStore(path).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      }
      return new Bound(target, channel, fileKey(path));
    }
    ServerSocketChannel channel = ServerSocketChannel.open();
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    return new Bound(target, bind(channel, new InetSocketAddress(target.inet(), port)), null);
  }

  private static ServerSocketChannel bind(ServerSocketChannel channel, SocketAddress address) throws IOException {
    try {
      return channel.bind(address, BACKLOG);
    } catch (IOException | RuntimeException refused) {
      channel.close();
      throw refused instanceof IOException io
          ? io
          : new IOException("Address of another kind than the machine's", refused);
    }
  }

  /** Removes the file of a Unix domain socket on which no process listens any more. */
  private static void removeStale(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & FILE_TYPE) != SOCKET_TYPE) {
      throw new FileAlreadyExistsException(path + " is a file and not a socket");
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new BindException("Address already in use");
    } catch (ConnectException nobodyListens) {
      LOGGER.log(System.Logger.Level.DEBUG, "Replacing the socket of a server that was killed", nobodyListens);
      Files.deleteIfExists(path);
    }
  }

  private static @Nullable Object fileKey(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
  }

  List<ServerSocketChannel> channels() {
    return sockets.stream().map(Bound::channel).toList();
  }

  /** The port of all addresses; -1 if there are Unix domain sockets only. */
  int port() {
    return sockets.stream()
        .filter(bound -> bound.target().inet() != null)
        .map(bound -> bound.channel().socket().getLocalPort())
        .findFirst()
        .orElse(-1);
  }

  /** The addresses, without Unix domain sockets. */
  public List<InetAddress> addresses() {
    return sockets.stream().flatMap(bound -> Stream.ofNullable(bound.target().inet())).toList();
  }

  /** The hosts, as they were configured, by which other machines can connect. */
  public List<String> openToOthers() {
    return sockets.stream().map(Bound::target).filter(Target::isOpenToOthers).map(Target::host).toList();
  }

  /** Stops listening. Repeating it is harmless. */
  @Override
  public void close() {
    for (Bound bound : sockets) {
      try {
        boolean first = bound.channel().isOpen();
        bound.channel().close();
        Path path = bound.target().path();
        if (first && path != null && Files.exists(path) && Objects.equals(fileKey(path), bound.fileKey())) {
          Files.delete(path);
        }
      } catch (IOException failed) {
        LOGGER.log(System.Logger.Level.DEBUG, "Closing a socket of the server", failed);
      }
    }
  }
}
