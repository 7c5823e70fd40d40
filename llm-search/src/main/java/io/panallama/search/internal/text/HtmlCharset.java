package io.panallama.search.internal.text;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jspecify.annotations.Nullable;

/**
 * Pages decoded as browsers do: by their byte order mark, else by what they declare, else as UTF-8 if that is what they are,
 * else as windows-1252.
 */
final class HtmlCharset {
  private static final String WESTERN = "windows-1252";

  /** What the Encoding Standard of WHATWG means by names that are other charsets to Java. */
  private static final Map<String, String> MEANT =
      Map.of(
          "ISO-8859-1", WESTERN,
          "US-ASCII", WESTERN,
          "ISO-8859-9", "windows-1254",
          "TIS-620", "x-windows-874",
          "GB2312", "GB18030",
          "GBK", "GB18030",
          "EUC-KR", "x-windows-949",
          "Shift_JIS", "windows-31j",
          "Big5", "Big5-HKSCS");

  /** Where a page may declare its charset. */
  private static final int HEAD = 8192;

  private static final Pattern UTF8 =
      Pattern.compile("(?:charset|encoding)\\s*=\\s*[\"']?\\s*utf-?8\\b", Pattern.CASE_INSENSITIVE);

  private HtmlCharset() {}

  static Document parse(byte[] bytes) throws IOException {
    // Without a charset, jsoup looks at the byte order mark and the page's own declaration.
    Document page = parse(bytes, null);
    Optional<Charset> other = other(bytes, page.charset());
    return other.isPresent() ? parse(bytes, other.get().name()) : page;
  }

  private static Document parse(byte[] bytes, @Nullable String charset) throws IOException {
    return Jsoup.parse(new ByteArrayInputStream(bytes), charset, "");
  }

  private static Optional<Charset> other(byte[] bytes, Charset taken) {
    if (PlainText.hasMark(bytes)) {
      return Optional.empty();
    }
    if (!taken.equals(StandardCharsets.UTF_8)) {
      return supported(taken.name().startsWith("UTF-") ? "UTF-8" : MEANT.get(taken.name()));
    }
    String head = new String(bytes, 0, Math.min(bytes.length, HEAD), StandardCharsets.ISO_8859_1);
    return UTF8.matcher(head).find() || isUtf8(bytes) ? Optional.empty() : supported(WESTERN);
  }

  /** A Java runtime need not have all charsets. */
  private static Optional<Charset> supported(@Nullable String name) {
    return Optional.ofNullable(name).filter(Charset::isSupported).map(Charset::forName);
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException other) {
      return false;
    }
  }
}
