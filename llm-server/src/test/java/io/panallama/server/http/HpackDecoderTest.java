package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.helidon.http.http2.Http2Exception;
import io.panallama.server.http.HpackDecoder.Field;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HpackDecoderTest {
  private final HpackDecoder decoder = new HpackDecoder();

  private List<Field> decode(String hex) {
    return decoder.decode(HexFormat.of().parseHex(hex.replace(" ", "")), 10_000);
  }

  /** RFC 7541, C.3 and C.4: three requests on a connection, without and with Huffman's code. */
  @ParameterizedTest
  @CsvSource({
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d, 8286 84be 5808 6e6f 2d63 6163 6865,"
        + " 8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff, 8286 84be 5886 a8eb 1064 9cbf,"
        + " 8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"
  })
  void theExamplesOfTheStandard(String first, String second, String third) {
    assertThat(decode(first))
        .containsExactly(
            new Field(":method", "GET"),
            new Field(":scheme", "http"),
            new Field(":path", "/"),
            new Field(":authority", "www.example.com"));
    assertThat(decode(second))
        .containsExactly(
            new Field(":method", "GET"),
            new Field(":scheme", "http"),
            new Field(":path", "/"),
            new Field(":authority", "www.example.com"),
            new Field("cache-control", "no-cache"));
    assertThat(decode(third))
        .containsExactly(
            new Field(":method", "GET"),
            new Field(":scheme", "https"),
            new Field(":path", "/index.html"),
            new Field(":authority", "www.example.com"),
            new Field("custom-key", "custom-value"));
  }

  @Test
  void theStaticTableHasAllEntries() {
    assertThat(decode("bd")).containsExactly(new Field("www-authenticate", ""));
    assertThat(decode("90")).containsExactly(new Field("accept-encoding", "gzip, deflate"));
    assertThatThrownBy(() -> decode("be")).isInstanceOf(Http2Exception.class);
  }

  @Test
  void oldEntriesLeaveTheTable() {
    for (int i = 0; i < 5; i++) {
      decoder.decode(indexed(Integer.toString(i), 1000), 10_000);
    }
    // 3 entries of 1033 bytes fit into 4096.
    assertThat(decode("c0").getFirst().name()).isEqualTo("2");
    assertThatThrownBy(() -> decode("c1")).isInstanceOf(Http2Exception.class);
    decode("20");
    assertThatThrownBy(() -> decode("be")).isInstanceOf(Http2Exception.class);
  }

  @Test
  void anEntryThatIsTooLargeEmptiesTheTable() {
    decoder.decode(indexed("a", 10), 10_000);
    assertThat(decoder.decode(indexed("b", 5000), 10_000).getFirst().value()).hasSize(5000);
    assertThatThrownBy(() -> decode("be")).isInstanceOf(Http2Exception.class);
  }

  @Test
  void whatIsBeyondTheLimitIsDecodedAndLeftOut() {
    decoder.decode(indexed("a", 4000), 10_000);
    byte[] references = HexFormat.of().parseHex("be".repeat(5000) + "82" + "4001620163");
    assertThat(decoder.decode(references, 10_000)).hasSize(3);
    assertThat(decode("be")).containsExactly(new Field("b", "c"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80",
        "40",
        "4001",
        "40016101",
        "ffffffffff7f",
        "3fe21f",
        "8220",
        "0085",
        "0081ff0000",
        "00017884ffffffff",
        "0001788118",
        "000178821fff",
        "0001617f8080808001"
      })
  void brokenBlocksAreRefused(String hex) {
    assertThatThrownBy(() -> decode(hex)).isInstanceOf(Http2Exception.class);
  }

  @Test
  void bytesBeyondAsciiStayAsTheyAre() {
    assertThat(decode("0001 78 02 c3a9")).containsExactly(new Field("x", "\u00c3\u00a9"));
    assertThat(decode("0001 78 8e fffe 3fff eeff fffd dfff cdff 81ff"))
        .as("by Huffman's code")
        .containsExactly(new Field("x", "\u00c3\u00a9\u00ff\u0080\u0000a"));
  }

  /** A literal that is added to the table. */
  private static byte[] indexed(String name, int length) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0x40);
    block.write(name.length());
    block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
    if (length < 127) {
      block.write(length);
    } else {
      block.write(127);
      block.write((length - 127) & 0x7F | 0x80);
      block.write((length - 127) >> 7);
    }
    block.writeBytes("v".repeat(length).getBytes(StandardCharsets.US_ASCII));
    return block.toByteArray();
  }
}
