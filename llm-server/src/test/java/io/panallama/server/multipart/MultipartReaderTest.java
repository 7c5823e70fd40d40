package io.panallama.server.multipart;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultipartReaderTest {
  private static final String TYPE = "multipart/form-data; boundary=";

  private record Read(String name, Optional<String> filename, byte[] bytes) {
    String text() {
      return new String(bytes, UTF_8);
    }
  }

  /** Gives at most a few bytes at a time, as a network does. */
  private static InputStream inPieces(byte[] bytes, int most) {
    return new FilterInputStream(new ByteArrayInputStream(bytes)) {
      @Override
      public int read(byte[] into, int from, int length) throws IOException {
        return super.read(into, from, Math.min(length, most));
      }
    };
  }

  private static List<Read> read(byte[] body, String type, int pieces) throws IOException {
    MultipartReader reader = new MultipartReader(inPieces(body, pieces), type);
    List<Read> all = new ArrayList<>();
    for (Optional<MultipartReader.Part> next = reader.next(); next.isPresent(); next = reader.next()) {
      MultipartReader.Part part = next.get();
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      byte[] some = new byte[777];
      for (int count = part.read(some); count >= 0; count = part.read(some)) {
        assertThat(count).isPositive();
        bytes.write(some, 0, count);
      }
      assertThat(part.read(some)).isEqualTo(-1);
      all.add(new Read(part.name(), part.filename(), bytes.toByteArray()));
    }
    assertThat(reader.next()).isEmpty();
    return all;
  }

  private static List<Read> read(String body, String boundary) throws IOException {
    return read(body.getBytes(UTF_8), TYPE + boundary, Integer.MAX_VALUE);
  }

  private static String part(String disposition, String text) {
    return "--x\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + text + "\r\n";
  }

  private static void refused(String body, String words) {
    assertThatExceptionOfType(MultipartException.class).isThrownBy(() -> read(body, "x")).withMessageContaining(words);
  }

  @Test
  void partsComeInTheirOrderWhateverTheirContent() throws IOException {
    String body =
        part("name=\"purpose\"", "assistants")
            + part("name=\"file\"; filename=\"a.txt\"", "one\r\n--\r\n-- xtra is no boundary? \r\n-x\r\n")
            + part("name=empty", "")
            + "--x--\r\nan epilogue";

    List<Read> parts = read(body, "x");

    assertThat(parts).extracting(Read::name).containsExactly("purpose", "file", "empty");
    assertThat(parts).extracting(Read::text).contains("assistants", "");
    assertThat(parts.get(1).text()).isEqualTo("one\r\n--\r\n-- xtra is no boundary? \r\n-x\r\n");
    assertThat(parts.get(1).filename()).hasValue("a.txt");
    assertThat(parts.get(0).filename()).isEmpty();
  }

  /** Whatever pieces it comes in, the bytes are those that were sent, also where they look like the beginning of a boundary. */
  @Test
  void bytesSurviveEveryDivision() throws IOException {
    Random random = new Random(7);
    String boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
    for (int round = 0; round < 60; round++) {
      ByteArrayOutputStream content = new ByteArrayOutputStream();
      int size = random.nextInt(40_000);
      while (content.size() < size) {
        switch (random.nextInt(4)) {
          case 0 ->
              content.writeBytes(("\r\n--" + boundary.substring(0, random.nextInt(boundary.length()))).getBytes(UTF_8));
          case 1 -> content.writeBytes("\r\r\n\n\r".getBytes(UTF_8));
          case 2 -> content.write(random.nextInt(256));
          default -> {
            byte[] noise = new byte[random.nextInt(500)];
            random.nextBytes(noise);
            content.writeBytes(noise);
          }
        }
      }
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      body.writeBytes(("--" + boundary + "\r\nContent-Disposition: form-data; name=f\r\n\r\n").getBytes(UTF_8));
      body.writeBytes(content.toByteArray());
      body.writeBytes(("\r\n--" + boundary + "--").getBytes(UTF_8));
      int pieces = round % 3 == 0 ? 1 + random.nextInt(3) : 1 + random.nextInt(20_000);

      List<Read> parts = read(body.toByteArray(), TYPE + "\"" + boundary + "\"", pieces);

      assertThat(parts).hasSize(1);
      assertThat(parts.getFirst().bytes()).isEqualTo(content.toByteArray());
    }
  }

  @Test
  void aPartThatIsNotReadIsSkipped() throws IOException {
    String body = part("name=a", "x".repeat(100_000)) + part("name=b", "here") + "--x--";
    MultipartReader reader = new MultipartReader(new ByteArrayInputStream(body.getBytes(UTF_8)), TYPE + "x");

    MultipartReader.Part first = reader.next().orElseThrow();
    MultipartReader.Part second = reader.next().orElseThrow();

    assertThat(second.text(10)).isEqualTo("here");
    assertThat(first.read(new byte[10])).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "filename=\"naïve 日本.txt\" | naïve 日本.txt",
        "filename=\"a\\\"b\\\\c.txt\" | a\"b\\c.txt",
        "filename=\"C:\\dir\\new.txt\" | C:\\dir\\new.txt",
        "filename=\"a%22b%0D%0Ac\" | a\"b¶c",
        "filename=\"100%.txt\" | 100%.txt",
        "filename=plain.txt | plain.txt",
        "filename=plain; filename*=UTF-8''na%C3%AFve%20%E6%97%A5.txt | naïve 日.txt",
        "filename*=utf-8'en'a%2Fb; filename=\"x\" | a/b",
        "FileName=\"Case.txt\" | Case.txt",
        "filename=\"a;b=c.txt\" | a;b=c.txt",
        "filename=\"../../etc/passwd\" | ../../etc/passwd",
      })
  void namesAreWhatClientsMean(String parameter, String expected) throws IOException {
    for (String order : new String[] {"name=file; " + parameter, parameter + " ;  name=\"file\""}) {
      assertThat(read(part(order, "x") + "--x--", "x").getFirst().filename().map(MultipartReaderTest::lines))
          .hasValue(expected);
    }
  }

  private static String lines(String text) {
    return text.replace("\r\n", "¶");
  }

  @Test
  void boundariesMayHaveBlanksBehindThemAndALineInFront() throws IOException {
    assertThat(read("\r\n--x \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--", "x")).hasSize(1);
    assertThat(read("for old readers\r\n" + part("name=a", "1") + "--x--", "x")).hasSize(1);
    assertThat(read("--x--", "x")).isEmpty();
    assertThat(read("--" + "b".repeat(70) + "--", "b".repeat(70))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"ends with a blank \"",
        "multipart/form-data; boundary=a\u00e4",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"open",
        "multipart/form-data; nonsense",
        "multipart/mixed; boundary=x",
        "application/json",
        ""
      })
  void aTypeWithoutAValidBoundaryIsRefused(String type) {
    assertThatExceptionOfType(MultipartException.class)
        .isThrownBy(() -> new MultipartReader(InputStream.nullInputStream(), type));
    assertThatExceptionOfType(MultipartException.class)
        .isThrownBy(() -> new MultipartReader(InputStream.nullInputStream(), TYPE + "b".repeat(71)));
  }

  @Test
  void aBodyThatEndsEarlyIsRefusedWhereverItEnds() {
    String whole = part("name=\"file\"; filename=\"a.txt\"", "text") + "--x--";
    for (int length = 0; length < whole.length(); length++) {
      refused(whole.substring(0, length), "ends without its last boundary");
    }
  }

  @Test
  void whatReadersCouldDisagreeAboutIsRefused() {
    refused(part("name=a", "1") + "--x-", "ends without its last boundary");
    refused(part("name=a", "1") + "--x-\r\n", "must be followed by");
    refused(part("name=a", "1") + "--xy\r\n", "must be followed by");
    refused("--x\nContent-Disposition: form-data; name=a\n\n1\n--x--", "must be followed by");
    refused("--x\r\nContent-Disposition: form-data; name=a\n\n1\r\n--x--", "must end with CRLF");
    refused("--x\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--x--", "can't be read");
    refused("--x\r\nA: 1\r\nA: 2\r\n\r\n1\r\n--x--", "twice");
    refused("--x\r\n: 1\r\n\r\n1\r\n--x--", "can't be read");
    refused("--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--", "Content-Disposition: form-data");
    refused("--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x--", "Content-Disposition: form-data");
    refused(part("filename=a", "1") + "--x--", "has no name");
    refused(part("name=a; name=b", "1") + "--x--", "twice");
    refused(part("name=\"open", "1") + "--x--", "can't be read");
    refused(part("name=a; filename*=latin1''a", "1") + "--x--", "UTF-8''");
    refused(part("name=a; filename*=UTF-8''a%4", "1") + "--x--", "without two digits");
    refused(part("name=a; filename*=UTF-8''%FF", "1") + "--x--", "not UTF-8");
    refused(
        "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--x--",
        "Content-Transfer-Encoding");
    refused("nothing here".repeat(10_000), "does not begin with the boundary");
  }

  @Test
  void everythingIsBounded() {
    String header = "Content-Disposition: form-data; name=a\r\n";
    refused("--x\r\n" + header + "A: " + "1".repeat(10_000) + "\r\n\r\n1\r\n--x--", "more than 8192 bytes");
    refused("--x\r\n" + header + "B".repeat(1_000_000), "more than 8192 bytes");
    refused("--x\r\n" + header + many("H", ": 1\r\n", 2_000) + "\r\n1\r\n--x--", "more than 8192 bytes");
    refused(part("name=a", "1").repeat(33) + "--x--", "more than 32 parts");
    MultipartReader reader =
        new MultipartReader(
            new ByteArrayInputStream((part("name=a", "12345") + "--x--").getBytes(ISO_8859_1)), TYPE + "x");
    assertThatExceptionOfType(MultipartException.class)
        .isThrownBy(() -> reader.next().orElseThrow().text(4))
        .withMessageContaining("more than 4 bytes");
  }

  private static String many(String before, String after, int count) {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < count; i++) {
      all.append(before).append(i).append(after);
    }
    return all.toString();
  }

  @Test
  void aContentLengthOfAPartMeansNothing() throws IOException {
    String body = "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Length: 2\r\n\r\n12345\r\n--x--";

    assertThat(read(body, "x").getFirst().text()).isEqualTo("12345");
  }

  @Test
  void whatTheStreamThrowsIsPassedOn() {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("reset");
          }

          @Override
          public int read(byte[] into, int from, int length) throws IOException {
            throw new IOException("reset");
          }
        };

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> new MultipartReader(broken, TYPE + "x").next())
        .withMessage("reset");
  }
}
