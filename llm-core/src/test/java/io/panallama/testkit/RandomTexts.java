package io.panallama.testkit;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/** Seeded texts of everything that tokenizers treat differently. */
public final class RandomTexts {
  private static final List<String> PARTS =
      List.of(
          "'s",
          "'S",
          "'t",
          "'re",
          "'VE",
          "'m",
          "'ll",
          "'D",
          "’s",
          "don't",
          "I'LL",
          "word",
          "WORD",
          "CamelCase",
          "a",
          "é",
          "e\u0301",
          "ß",
          "ſ",
          "\u212a",
          "İ",
          "名前",
          "こんにちは",
          "カ",
          "한국어",
          "привет",
          "Ω",
          "عربى",
          "हिन्दी",
          "ไทย",
          "123",
          "1234567",
          "٣",
          "½",
          "Ⅷ",
          "1,000.5",
          ".",
          "...",
          "!?",
          "(x)",
          "{\"a\": 1}",
          "://",
          "/",
          "//",
          "\\",
          "_",
          "-",
          "--",
          "“",
          "—",
          "€",
          "+",
          "=",
          "\uD83D\uDE00",
          "\uD83D\uDC69\u200D\uD83D\uDE80",
          "\uD835\uDD38",
          "\u0000",
          "\u0001",
          "\u007f",
          "\u0085",
          "\u00a0",
          "\u200b",
          "\u2028",
          "\u3000",
          "\ufeff",
          "\ufffd",
          "\uD83D",
          "\uDE00",
          " ",
          "  ",
          "   ",
          "\t",
          "\n",
          "\n\n",
          "\r\n",
          "\r",
          " \n",
          "\n ",
          "\u000b",
          "\f",
          "<",
          ">",
          "<|",
          "|>",
          "▁",
          "Ġ");

  private RandomTexts() {}

  /** A text of up to 40 parts. */
  public static String text(Random random) {
    StringBuilder text = new StringBuilder();
    int parts = 1 + random.nextInt(40);
    for (int i = 0; i < parts; i++) {
      if (random.nextInt(8) == 0) {
        text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
      } else {
        text.append(PARTS.get(random.nextInt(PARTS.size())));
      }
    }
    return text.toString();
  }

  /** The bytes of a text, a few of them changed, so that most are no UTF-8. */
  public static byte[] bytes(Random random) {
    byte[] bytes = text(random).getBytes(StandardCharsets.UTF_8);
    int faults = random.nextInt(4);
    for (int i = 0; i < faults; i++) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }
}
