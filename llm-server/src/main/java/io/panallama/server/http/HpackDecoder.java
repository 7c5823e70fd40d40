package io.panallama.server.http;

import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Decodes the header blocks of a connection of HTTP/2, RFC 7541. What a block decodes to is bounded: a block of references to one long
 * entry would otherwise fill memory.
 *
 * <p>For one thread, since each block changes the table that the next one refers to.
 */
final class HpackDecoder {
  /** A header field, with one character per byte of its value. */
  record Field(String name, String value) {}

  /** The bytes of the dynamic table; RFC 9113, 6.5.2, has this as the default, and nothing else is offered. */
  private static final int TABLE_SIZE = 4096;

  /** What an entry counts beside its name and its value; RFC 7541, 4.1. */
  private static final int ENTRY_OVERHEAD = 32;

  /** RFC 7541, appendix A; each name is followed by its value, or by a bar if it has none. */
  private static final String STATIC_TABLE =
      """
      :authority| :method|GET :method|POST :path|/ :path|/index.html :scheme|http :scheme|https :status|200 :status|204 \
      :status|206 :status|304 :status|400 :status|404 :status|500 accept-charset| accept-encoding|gzip,~deflate \
      accept-language| accept-ranges| accept| access-control-allow-origin| age| allow| authorization| cache-control| \
      content-disposition| content-encoding| content-language| content-length| content-location| content-range| \
      content-type| cookie| date| etag| expect| expires| from| host| if-match| if-modified-since| if-none-match| \
      if-range| if-unmodified-since| last-modified| link| location| max-forwards| proxy-authenticate| \
      proxy-authorization| range| referer| refresh| retry-after| server| set-cookie| strict-transport-security| \
      transfer-encoding| user-agent| vary| via| www-authenticate|\
      """;

  private static final List<Field> STATIC = staticTable();

  /** The dynamic table, its newest entry last. */
  private final List<Field> dynamic = new ArrayList<>();

  private int size;
  private int capacity = TABLE_SIZE;

  private byte[] block = new byte[0];
  private int at;

  private static List<Field> staticTable() {
    List<Field> fields = new ArrayList<>();
    for (String entry : STATIC_TABLE.split(" ")) {
      int bar = entry.indexOf('|');
      fields.add(new Field(entry.substring(0, bar), entry.substring(bar + 1).replace('~', ' ')));
    }
    return List.copyOf(fields);
  }

  /**
   * The fields of a block, in order.
   *
   * @param limit the most bytes of names and values together; the field that exceeds it is the last of the result, while the rest is
   *     decoded but left out
   * @throws Http2Exception if the block can't be decoded, after which the connection has to end
   */
  List<Field> decode(byte[] block, int limit) {
    this.block = block;
    at = 0;
    List<Field> fields = new ArrayList<>();
    long bytes = 0;
    while (at < block.length) {
      int first = block[at] & 0xFF;
      if ((first & 0xE0) == 0x20) {
        if (bytes > 0) {
          throw broken("A size of the table must come before the fields.");
        }
        resize(integer(5));
        continue;
      }
      Field field = field(first);
      if (bytes <= limit) {
        fields.add(field);
      }
      bytes += (long) field.name().length() + field.value().length();
    }
    return fields;
  }

  private Field field(int first) {
    if ((first & 0x80) != 0) {
      return entry(integer(7));
    }
    boolean indexed = (first & 0x40) != 0;
    int index = integer(indexed ? 6 : 4);
    String name = index == 0 ? text() : entry(index).name();
    Field field = new Field(name, text());
    if (indexed) {
      add(field);
    }
    return field;
  }

  private Field entry(int index) {
    int newest = index - STATIC.size() - 1;
    if (index == 0 || newest >= dynamic.size()) {
      throw broken("There is no entry " + index + " in the table.");
    }
    return newest < 0 ? STATIC.get(index - 1) : dynamic.get(dynamic.size() - 1 - newest);
  }

  private void add(Field field) {
    int bytes = bytes(field);
    evict(capacity - bytes);
    // RFC 7541, 4.4: an entry that is larger than the table empties it, which is no error.
    if (bytes <= capacity) {
      dynamic.add(field);
      size += bytes;
    }
  }

  private void resize(int bytes) {
    if (bytes > TABLE_SIZE) {
      throw broken("The table may have " + TABLE_SIZE + " bytes.");
    }
    capacity = bytes;
    evict(bytes);
  }

  private void evict(int allowed) {
    while (size > allowed && !dynamic.isEmpty()) {
      size -= bytes(dynamic.removeFirst());
    }
  }

  private static int bytes(Field field) {
    return field.name().length() + field.value().length() + ENTRY_OVERHEAD;
  }

  private int next() {
    if (at == block.length) {
      throw broken("A header block ends in the middle of a field.");
    }
    return block[at++] & 0xFF;
  }

  /** RFC 7541, 5.1. */
  private int integer(int prefixBits) {
    int mask = (1 << prefixBits) - 1;
    int value = next() & mask;
    if (value < mask) {
      return value;
    }
    for (int shift = 0; shift <= 21; shift += 7) {
      int b = next();
      value += (b & 0x7F) << shift;
      if ((b & 0x80) == 0) {
        return value;
      }
    }
    throw broken("A number is too large.");
  }

  private String text() {
    boolean compressed = at < block.length && (block[at] & 0x80) != 0;
    int length = integer(7);
    if (length > block.length - at) {
      throw broken("A text is longer than its header block.");
    }
    int from = at;
    at += length;
    return compressed
        ? HpackHuffman.decode(block, from, length)
        : new String(block, from, length, StandardCharsets.ISO_8859_1);
  }

  private static Http2Exception broken(String message) {
    return new Http2Exception(Http2ErrorCode.COMPRESSION, message);
  }
}
