package io.panallama.server;

import java.io.IOException;
import java.net.SocketException;
import java.util.Arrays;
import java.util.Random;

/** How the client of a fuzzer sends what it sends. */
enum Delivery {
  WHOLE,
  PIECES,
  HALF_CLOSED,
  UNFINISHED,
  RESET;

  static Delivery any(Random random) {
    // The last two take as long as the server's time limits.
    return switch (random.nextInt(60)) {
      case 0 -> UNFINISHED;
      case 1 -> RESET;
      case 2, 3, 4, 5, 6 -> HALF_CLOSED;
      case 7, 8, 9, 10, 11, 12, 13, 14 -> PIECES;
      default -> WHOLE;
    };
  }

  /**
   * Sends.
   *
   * @param end what ends a connection that is still in order
   * @return whether an answer is to be read
   */
  boolean send(RawHttp client, byte[] message, byte[] end, Random random) throws IOException {
    try {
      switch (this) {
        case WHOLE -> client.send(ByteMutation.joined(message, message.length, end, message.length));
        case PIECES -> {
          pieces(client, message, random);
          client.send(end);
        }
        case HALF_CLOSED -> {
          client.send(message);
          client.socket().shutdownOutput();
        }
        case UNFINISHED -> client.send(Arrays.copyOf(message, message.length / 2));
        case RESET -> {
          client.send(message);
          client.socket().setSoLinger(true, 0);
        }
      }
    } catch (SocketException closedAlready) {
      // The server may refuse a message before all of it was sent; its answer is read all the same.
    }
    return this != RESET;
  }

  private static void pieces(RawHttp client, byte[] message, Random random) throws IOException {
    for (int at = 0; at < message.length; ) {
      int end = Math.min(message.length, at + 1 + random.nextInt(Math.max(1, message.length / 8)));
      client.send(Arrays.copyOfRange(message, at, end));
      at = end;
      Thread.yield();
    }
  }
}
