package io.panallama.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A client that sends frames of HTTP/2 as a test writes them, and reads those of the server. */
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  private final Socket socket;
  private final InputStream in;

  /** A frame. */
  static final class Frame {
    private final int type;
    private final int flags;
    private final int stream;
    private final byte[] payload;

    Frame(int type, int flags, int stream, byte[] payload) {
      this.type = type;
      this.flags = flags;
      this.stream = stream;
      this.payload = payload;
    }

    int type() {
      return type;
    }

    int flags() {
      return flags;
    }

    int stream() {
      return stream;
    }

    byte[] payload() {
      return payload;
    }

    boolean ends() {
      return type <= HEADERS && (flags & END_STREAM) != 0;
    }

    /** The error of a RST_STREAM or a GOAWAY. */
    int error() {
      return ByteBuffer.wrap(payload).getInt(type == GOAWAY ? 4 : 0);
    }
  }

  /** An answer; the status is 0 if the stream was reset before its head, and {@code error} is -1 unless it was reset. */
  record Answer(int status, Map<String, String> headers, String body, int error) {}

  /** Connects, and begins with these pairs of settings. */
  RawHttp2(int port, int... settings) throws IOException {
    socket = TestTls.connect(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
    ByteBuffer payload = ByteBuffer.allocate(settings.length / 2 * 6);
    for (int i = 0; i < settings.length; i += 2) {
      payload.putShort((short) settings[i]).putInt(settings[i + 1]);
    }
    ByteArrayOutputStream begin = new ByteArrayOutputStream();
    begin.writeBytes(PREFACE.getBytes(StandardCharsets.US_ASCII));
    begin.writeBytes(frame(SETTINGS, 0, 0, payload.array()));
    send(begin.toByteArray());
  }

  static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .putInt(payload.length << 8 | type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  static byte[] number(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void send(int type, int flags, int stream, byte[] payload) throws IOException {
    send(frame(type, flags, stream, payload));
  }

  /** Names and values as literals. */
  static byte[] block(String... fields) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    for (int i = 0; i < fields.length; i++) {
      if (i % 2 == 0) {
        block.write(0);
      }
      byte[] text = fields[i].getBytes(StandardCharsets.ISO_8859_1);
      block.write(Math.min(text.length, 127));
      if (text.length >= 127) {
        block.write((text.length - 127) & 0x7F | 0x80);
        block.write((text.length - 127) >> 7);
      }
      block.writeBytes(text);
    }
    return block.toByteArray();
  }

  static byte[] request(String method, String path, String... more) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.writeBytes(block(":method", method, ":scheme", "http", ":path", path, ":authority", "localhost"));
    block.writeBytes(block(more));
    return block.toByteArray();
  }

  void get(int stream, String path, String... more) throws IOException {
    send(HEADERS, END_STREAM | END_HEADERS, stream, request("GET", path, more));
  }

  void post(int stream, String path, String body, String... more) throws IOException {
    post(stream, path, body.getBytes(StandardCharsets.UTF_8), more);
  }

  void post(int stream, String path, byte[] body, String... more) throws IOException {
    send(HEADERS, END_HEADERS, stream, request("POST", path, more));
    send(DATA, END_STREAM, stream, body);
  }

  void reset(int stream) throws IOException {
    send(RST_STREAM, 0, stream, number(8));
  }

  Frame read() throws IOException {
    byte[] header = in.readNBytes(9);
    if (header.length < 9) {
      throw new IOException("The server has closed the connection");
    }
    ByteBuffer fields = ByteBuffer.wrap(header);
    int first = fields.getInt();
    return new Frame(first & 0xFF, fields.get(), fields.getInt(), in.readNBytes(first >>> 8));
  }

  /** Reads until a frame of this type. */
  Frame read(int type) throws IOException {
    while (true) {
      Frame frame = read();
      if (frame.type() == type) {
        return frame;
      }
    }
  }

  /** Reads the answer on a stream; frames of other streams are dropped. */
  Answer answer(int stream) throws IOException {
    int status = 0;
    Map<String, String> headers = new LinkedHashMap<>();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      Frame frame = read();
      if (frame.type() == GOAWAY && frame.error() != 0) {
        throw new IOException(new String(frame.payload(), 8, frame.payload().length - 8, StandardCharsets.US_ASCII));
      }
      if (frame.stream() != stream) {
        continue;
      }
      switch (frame.type()) {
        case HEADERS -> {
          headers.putAll(fields(frame.payload()));
          status = Integer.parseInt(headers.get(":status"));
        }
        case DATA -> body.writeBytes(frame.payload());
        case RST_STREAM -> {
          return new Answer(status, headers, body.toString(StandardCharsets.UTF_8), frame.error());
        }
        default -> {}
      }
      if (frame.ends()) {
        return new Answer(status, headers, body.toString(StandardCharsets.UTF_8), -1);
      }
    }
  }

  /** The literals that the server writes. */
  static Map<String, String> fields(byte[] block) {
    Map<String, String> fields = new LinkedHashMap<>();
    ByteBuffer in = ByteBuffer.wrap(block);
    while (in.hasRemaining()) {
      String name = in.get() == 8 ? ":status" : text(in);
      fields.put(name, text(in));
    }
    return fields;
  }

  private static String text(ByteBuffer in) {
    int length = in.get();
    for (int shift = 0; length >= 127; shift += 7) {
      int next = in.get();
      length += (next & 0x7F) << shift;
      if (next >= 0) {
        break;
      }
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Reads to the end of the connection. */
  List<Frame> readAll() {
    List<Frame> frames = new ArrayList<>();
    try {
      while (true) {
        frames.add(read());
      }
    } catch (IOException ended) {
      return frames;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
