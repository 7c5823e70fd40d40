package io.panallama.search.internal.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Bytes as text: UTF-8, or UTF-16 where a byte order mark says so. */
public final class PlainText {
  private static final int MARKUP = 8;

  /** How files begin that may be text all through, of which nothing is meant to be read: PDF, PostScript, RTF. */
  private static final List<String> DRAWN = List.of("%PDF-", "%!PS", "{\\rtf");

  private PlainText() {}

  /**
   * Decodes a file, without its byte order mark.
   *
   * @throws IOException if it is no text
   */
  public static String decode(byte[] bytes) throws IOException {
    Charset charset = StandardCharsets.UTF_8;
    int from = 0;
    if (startsWith(bytes, 0xEF, 0xBB, 0xBF)) {
      from = 3;
    } else if (startsWith(bytes, 0xFE, 0xFF) || startsWith(bytes, 0xFF, 0xFE)) {
      charset = (bytes[0] & 0xFF) == 0xFE ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_16LE;
      from = 2;
    }
    String text;
    try {
      text =
          charset
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes, from, bytes.length - from))
              .toString();
    } catch (CharacterCodingException malformed) {
      throw new IOException("it is not text in UTF-8 or UTF-16", malformed);
    }
    if (text.indexOf('\0') >= 0) {
      throw new IOException("it has null characters, so it is no text");
    }
    return text;
  }

  /**
   * Whether all of a file is text, so that one whose name says nothing can be read: it decodes, and besides line ends and
   * tabulators it has no control characters. PDF, PostScript and RTF files are none, even if they consist of text.
   *
   * @throws IOException if the file can't be read
   */
  public static boolean isText(Path file) throws IOException {
    try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file))) {
      bytes.mark(MARKUP);
      byte[] head = bytes.readNBytes(MARKUP);
      String beginning = new String(head, StandardCharsets.ISO_8859_1);
      if (DRAWN.stream().anyMatch(beginning::startsWith)) {
        return false;
      }
      boolean isWide = startsWith(head, 0xFE, 0xFF) || startsWith(head, 0xFF, 0xFE);
      bytes.reset();
      return isText(bytes, isWide ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8);
    }
  }

  private static boolean isText(InputStream bytes, Charset charset) throws IOException {
    char[] part = new char[8192];
    try {
      Reader text = new InputStreamReader(bytes, charset.newDecoder());
      for (int count = text.read(part); count >= 0; count = text.read(part)) {
        for (int i = 0; i < count; i++) {
          char next = part[i];
          if (next < ' ' && !(next >= '\t' && next <= '\r') || next == 0x7F) {
            return false;
          }
        }
      }
      return true;
    } catch (CharacterCodingException binary) {
      return false;
    }
  }

  /** Whether bytes begin with the byte order mark of UTF-8 or UTF-16. */
  static boolean hasMark(byte[] bytes) {
    return startsWith(bytes, 0xEF, 0xBB, 0xBF) || startsWith(bytes, 0xFE, 0xFF) || startsWith(bytes, 0xFF, 0xFE);
  }

  private static boolean startsWith(byte[] bytes, int... mark) {
    if (bytes.length < mark.length) {
      return false;
    }
    for (int i = 0; i < mark.length; i++) {
      if ((bytes[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }
}
