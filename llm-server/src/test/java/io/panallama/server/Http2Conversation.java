package io.panallama.server;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** What a client of HTTP/2 says on one connection, as frames, for fuzzers: valid conversations, and mutants of them. */
final class Http2Conversation {
  private static final int PADDED = 8;
  private static final int HAS_PRIORITY = 32;
  private static final int ALL = RawHttp2.END_STREAM | RawHttp2.END_HEADERS;

  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int MAX_FRAME_SIZE = 5;

  private static final int[] NUMBERS = {
    0, 1, 2, 3, 100, 255, 4096, 16_384, 16_385, 65_535, 65_536, 1 << 24, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, -1
  };

  private static final List<List<byte[]>> VALID =
      List.of(
          List.of(get(1, "/health"), get(3, "/v1/models"), get(5, "/none"), get(7, "/")),
          List.of(post(1), body(1, TestServer.HELLO), ping(), post(3), body(3, TestServer.HELLO_STREAM)),
          List.of(
              post(1, "content-length", Integer.toString(TestServer.HELLO.length())),
              body(1, TestServer.HELLO),
              ping()),
          List.of(
              post(1, "expect", "100-continue"),
              RawHttp2.frame(RawHttp2.DATA, PADDED, 1, ascii("\4" + TestServer.HELLO.substring(0, 9) + "    ")),
              RawHttp2.frame(RawHttp2.DATA, 0, 1, ascii(TestServer.HELLO.substring(9))),
              RawHttp2.frame(RawHttp2.HEADERS, ALL, 1, RawHttp2.block("x-checksum", "1"))),
          List.of(post(1), post(3), reset(1), body(3, TestServer.HELLO_STREAM), reset(3), get(5, "/health")),
          List.of(
              RawHttp2.frame(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.block(":method", "GET")),
              RawHttp2.frame(RawHttp2.CONTINUATION, 0, 1, RawHttp2.block(":scheme", "http", ":authority", "localhost")),
              RawHttp2.frame(RawHttp2.CONTINUATION, RawHttp2.END_HEADERS, 1, RawHttp2.block(":path", "/ready")),
              RawHttp2.frame(
                  RawHttp2.HEADERS, ALL | PADDED | HAS_PRIORITY, 3, padded(RawHttp2.request("HEAD", "/v1/models"))),
              RawHttp2.frame(RawHttp2.PRIORITY, 0, 3, new byte[] {0, 0, 0, 1, 16})),
          List.of(
              settings(INITIAL_WINDOW_SIZE, 10, MAX_FRAME_SIZE, 1 << 20),
              get(1, "/openapi.json"),
              window(1, 1000),
              window(0, 1 << 20),
              RawHttp2.frame(RawHttp2.SETTINGS, 1, 0, new byte[0]),
              settings(INITIAL_WINDOW_SIZE, 1 << 20),
              get(3, "/openapi.json")),
          // RFC 7541, C.4: fields by their index, by Huffman's code, and added to the table.
          List.of(
              hpack(1, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"),
              hpack(3, "8286 84be 5886 a8eb 1064 9cbf"),
              hpack(5, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"),
              hpack(7, "3fe11f 8286 0407 2f68 6561 6c74 6841 096c 6f63 616c 686f 7374"),
              hpack(9, "20 8286 84 0109 6c6f 6361 6c68 6f73 74")));

  private final List<byte[]> frames;

  private Http2Conversation(List<byte[]> frames) {
    this.frames = frames;
  }

  /** Another mutant: frames are left out, repeated, moved, taken from elsewhere and changed, and then bytes. */
  static Http2Conversation mutant(Random random) {
    List<byte[]> frames = new ArrayList<>(List.of(ascii(RawHttp2.PREFACE), settings()));
    for (int i = 1 + random.nextInt(8) / 7; i > 0; i--) {
      VALID.get(random.nextInt(VALID.size())).forEach(frame -> frames.add(frame.clone()));
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      change(frames, random);
    }
    return new Http2Conversation(frames);
  }

  byte[] bytes(Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    frames.forEach(out::writeBytes);
    byte[] bytes = out.toByteArray();
    for (int i = random.nextInt(6) - 3; i > 0; i--) {
      bytes = ByteMutation.any(bytes, random);
    }
    return bytes;
  }

  /** Changes a frame, or which frames there are; the preface rarely. */
  private static void change(List<byte[]> frames, Random random) {
    if (frames.size() < 3) {
      return;
    }
    int at = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(frames.size() - 1);
    byte[] frame = frames.get(at);
    byte[] payload = Arrays.copyOfRange(frame, 9, frame.length);
    switch (random.nextInt(13)) {
      case 0 -> frames.remove(at);
      case 1 -> frames.add(at, frame.clone());
      case 2 -> frames.set(at, ByteMutation.repeated(frame, 1 << random.nextInt(9)));
      case 3 -> frames.add(1 + random.nextInt(frames.size() - 1), frames.remove(at));
      case 4 -> {
        List<byte[]> others = VALID.get(random.nextInt(VALID.size()));
        frames.add(at + 1, others.get(random.nextInt(others.size())).clone());
      }
      case 5 -> frame[3] = (byte) random.nextInt(12);
      case 6 -> frame[4] ^= (byte) (1 << random.nextInt(8));
      case 7 -> number(frame, 5, random.nextInt(3) == 0 ? any(random) : random.nextInt(16));
      case 8 -> frame[random.nextInt(3)] = (byte) random.nextInt(256);
      case 9 -> frames.set(at, with(frame, Arrays.copyOf(payload, random.nextInt(2 * payload.length + 2))));
      case 10 -> {
        if (payload.length >= 4) {
          number(frame, 9 + random.nextInt(payload.length - 3), any(random));
        }
      }
      case 11 -> {
        int cut = random.nextInt(payload.length + 1);
        byte[] rest = Arrays.copyOfRange(payload, cut, payload.length);
        frames.set(at, with(frame, Arrays.copyOf(payload, cut)));
        frames.get(at)[4] &= ~RawHttp2.END_HEADERS;
        frames.add(at + 1, RawHttp2.frame(RawHttp2.CONTINUATION, RawHttp2.END_HEADERS, frame[8] & 0xFF, rest));
      }
      default -> {
        byte[] noise = new byte[random.nextInt(64)];
        random.nextBytes(noise);
        frames.add(at + 1, RawHttp2.frame(random.nextInt(11), random.nextInt(256), random.nextInt(10), noise));
      }
    }
  }

  private static int any(Random random) {
    return NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private static void number(byte[] frame, int at, int number) {
    ByteBuffer.wrap(frame).putInt(at, number);
  }

  /** A frame with another payload. */
  private static byte[] with(byte[] frame, byte[] payload) {
    return RawHttp2.frame(frame[3] & 0xFF, frame[4], ByteBuffer.wrap(frame).getInt(5), payload);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] get(int stream, String path) {
    return RawHttp2.frame(RawHttp2.HEADERS, ALL, stream, RawHttp2.request("GET", path));
  }

  private static byte[] post(int stream, String... more) {
    byte[] block = RawHttp2.request("POST", TestServer.CHAT, more);
    return RawHttp2.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS, stream, block);
  }

  private static byte[] body(int stream, String text) {
    return RawHttp2.frame(RawHttp2.DATA, RawHttp2.END_STREAM, stream, ascii(text));
  }

  private static byte[] ping() {
    return RawHttp2.frame(RawHttp2.PING, 0, 0, ascii("12345678"));
  }

  private static byte[] reset(int stream) {
    return RawHttp2.frame(RawHttp2.RST_STREAM, 0, stream, RawHttp2.number(8));
  }

  private static byte[] window(int stream, int bytes) {
    return RawHttp2.frame(RawHttp2.WINDOW_UPDATE, 0, stream, RawHttp2.number(bytes));
  }

  private static byte[] hpack(int stream, String hex) {
    return RawHttp2.frame(RawHttp2.HEADERS, ALL, stream, HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private static byte[] settings(int... pairs) {
    ByteBuffer payload = ByteBuffer.allocate(pairs.length / 2 * 6);
    for (int i = 0; i < pairs.length; i += 2) {
      payload.putShort((short) pairs[i]).putInt(pairs[i + 1]);
    }
    return RawHttp2.frame(RawHttp2.SETTINGS, 0, 0, payload.array());
  }

  /** A header block with a priority and three bytes of padding. */
  private static byte[] padded(byte[] block) {
    return ByteBuffer.allocate(block.length + 9).put((byte) 3).putInt(0).put((byte) 15).put(block).array();
  }
}
