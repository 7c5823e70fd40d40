package io.panallama.server;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** A client that sends bytes as they are and reads answers strictly: whatever is not HTTP/1.1 is an {@link IOException}. */
final class RawHttp implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;

  RawHttp(int port) throws IOException {
    this(InetAddress.getLoopbackAddress(), port);
  }

  RawHttp(InetAddress address, int port) throws IOException {
    this(TestTls.connect(address, port));
  }

  /** A client on a connection, such as one of TLS. */
  RawHttp(Socket connection) throws IOException {
    socket = connection;
    socket.setSoTimeout(20_000);
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
  }

  /**
   * An answer.
   *
   * @param headers by their lower-case names
   */
  record Answer(int status, Map<String, String> headers, String body) {
    boolean closes() {
      return headers.getOrDefault("connection", "").equalsIgnoreCase("close");
    }
  }

  Socket socket() {
    return socket;
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Everything that the server answers until it closes the connection; interim answers are left out. */
  List<Answer> readAll() throws IOException {
    List<Answer> all = new ArrayList<>();
    while (true) {
      int first = in.read();
      if (first < 0) {
        return all;
      }
      Answer answer = read(first, true);
      if (answer.status() >= 200) {
        all.add(answer);
      }
    }
  }

  /** The status of everything that looks like an answer, until the server closes the connection. */
  List<Integer> readStatuses() throws IOException {
    return Pattern.compile("HTTP/1\\.1 ([2-5][0-9][0-9]) ")
        .matcher(readText())
        .results()
        .map(match -> Integer.parseInt(match.group(1)))
        .toList();
  }

  /** Everything until the server closes the connection, one character per byte. */
  String readText() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  /** Sends a request and reads the answer; empty if the server has closed the connection meanwhile, as it may when it is idle. */
  Optional<Answer> ask(String request) throws IOException {
    int first;
    try {
      send(request);
      first = in.read();
    } catch (SocketException closed) {
      return Optional.empty();
    }
    return first < 0 ? Optional.empty() : Optional.of(read(first, true));
  }

  /** The next answer. */
  Answer read() throws IOException {
    return read(next(), true);
  }

  /** The next answer, to a HEAD. */
  Answer readHead() throws IOException {
    return read(next(), false);
  }

  private Answer read(int first, boolean withBody) throws IOException {
    String status = (char) first + line();
    if (!status.matches("HTTP/1\\.1 [1-5][0-9][0-9] [^\r\n]*")) {
      throw new IOException("Not a status line: " + status);
    }
    int code = Integer.parseInt(status.substring(9, 12));
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw new IOException("Not a header: " + line);
      }
      headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    if (code < 200 || code == 204 || code == 304 || !withBody) {
      return new Answer(code, headers, "");
    }
    byte[] body =
        headers.getOrDefault("transfer-encoding", "").equals("chunked")
            ? chunks()
            : exactly(Integer.parseInt(headers.getOrDefault("content-length", "none")));
    return new Answer(code, headers, new String(body, StandardCharsets.UTF_8));
  }

  private byte[] chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = Integer.parseInt(line(), 16);
      body.writeBytes(exactly(size));
      if (!line().isEmpty()) {
        throw new IOException("A chunk without its line end");
      }
      if (size == 0) {
        return body.toByteArray();
      }
    }
  }

  private byte[] exactly(int size) throws IOException {
    byte[] bytes = in.readNBytes(size);
    if (bytes.length < size) {
      throw new EOFException("The connection ended in the middle of a body");
    }
    return bytes;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int b = next();
      if (b == '\r') {
        if (next() != '\n') {
          throw new IOException("CR without LF after: " + line);
        }
        return line.toString();
      }
      if (b == '\n' || line.length() > 65_536) {
        throw new IOException("Not a line: " + line);
      }
      line.append((char) b);
    }
  }

  private int next() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException("The connection ended in the middle of an answer");
    }
    return b;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
