package io.panallama.server.multipart;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A header's value with parameters behind it, such as {@code form-data; name="file"; filename="a.txt"}. Immutable.
 *
 * @param value what is in front of the first semicolon, in lower case
 * @param byName the parameters by their names in lower case
 */
record Parameters(String value, Map<String, String> byName) {
  private static final String QUOTES = "\"";

  /**
   * Reads a header's value.
   *
   * <p>In quotes, a backslash hides a quote or another backslash only: browsers send Windows' paths as they are. What else browsers
   * do is percent-encode quotes and line ends ({@code %22}, {@code %0D}, {@code %0A}), which is undone.
   *
   * @throws MultipartException if it can't be read, or has a parameter twice
   */
  static Parameters of(String header) {
    int semicolon = header.indexOf(';');
    String value = semicolon < 0 ? header : header.substring(0, semicolon);
    Map<String, String> all = new LinkedHashMap<>();
    int at = semicolon < 0 ? header.length() : semicolon;
    while (at < header.length()) {
      at = skipBlanks(header, at + 1);
      if (at == header.length()) {
        // A semicolon at the end.
        break;
      }
      int equals = header.indexOf('=', at);
      if (equals < 0) {
        throw malformed(header);
      }
      String name = header.substring(at, equals).strip().toLowerCase(Locale.ROOT);
      StringBuilder text = new StringBuilder();
      at = skipBlanks(header, equals + 1);
      at = header.startsWith(QUOTES, at) ? quoted(header, at + 1, text) : token(header, at, text);
      at = skipBlanks(header, at);
      if (name.isEmpty() || at < header.length() && header.charAt(at) != ';') {
        throw malformed(header);
      }
      if (all.putIfAbsent(name, text.toString()) != null) {
        throw new MultipartException("A part's header has the parameter " + MultipartReader.shown(name) + " twice.");
      }
    }
    return new Parameters(value.strip().toLowerCase(Locale.ROOT), Map.copyOf(all));
  }

  private static int skipBlanks(String header, int from) {
    int at = from;
    while (at < header.length() && (header.charAt(at) == ' ' || header.charAt(at) == '\t')) {
      at++;
    }
    return at;
  }

  private static int token(String header, int from, StringBuilder text) {
    int end = header.indexOf(';', from);
    int stop = end < 0 ? header.length() : end;
    text.append(header.substring(from, stop).strip());
    return stop;
  }

  private static int quoted(String header, int from, StringBuilder text) {
    int at = from;
    while (at < header.length() && header.charAt(at) != '"') {
      char c = header.charAt(at);
      boolean hides = c == '\\' && at + 1 < header.length() && "\"\\".indexOf(header.charAt(at + 1)) >= 0;
      at += hides ? 1 : 0;
      text.append(header.charAt(at));
      at++;
    }
    if (at == header.length()) {
      throw malformed(header);
    }
    return at + 1;
  }

  private static MultipartException malformed(String header) {
    return new MultipartException("A part's header can't be read: " + MultipartReader.shown(header) + ".");
  }

  /** A parameter whose quotes and line ends a browser may have percent-encoded. */
  Optional<String> form(String name) {
    return Optional.ofNullable(byName.get(name))
        .map(text -> text.replace("%22", QUOTES).replaceAll("(?i)%0D", "\r").replaceAll("(?i)%0A", "\n"));
  }

  /**
   * A parameter, in its extended form (RFC 8187: {@code filename*=UTF-8''na%C3%AFve.txt}) where it has one.
   *
   * @throws MultipartException if the extended form can't be read
   */
  Optional<String> extended(String name) {
    String extended = byName.get(name + "*");
    return extended == null ? form(name) : Optional.of(decoded(extended));
  }

  private static String decoded(String extended) {
    String[] parts = extended.split("'", 3);
    if (parts.length < 3 || !parts[0].equalsIgnoreCase("UTF-8")) {
      throw new MultipartException(
          "The extended filename " + MultipartReader.shown(extended) + " can't be read; it must begin with UTF-8''.");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    String text = parts[2];
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '%') {
        bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
      if (high < 0 || low < 0) {
        throw new MultipartException(
            "The extended filename " + MultipartReader.shown(extended) + " has a % without two digits.");
      }
      bytes.write(high << 4 | low);
      i += 2;
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
    } catch (CharacterCodingException malformed) {
      throw new MultipartException("The extended filename " + MultipartReader.shown(extended) + " is not UTF-8.");
    }
  }
}
