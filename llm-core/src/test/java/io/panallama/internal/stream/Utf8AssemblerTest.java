package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8AssemblerTest {
  private static final String SAMPLE = "plain, \u00e4\u00f6\u00fc, \u4f60\u597d, \ud83e\udd99 llama, e\u0301";

  @Test
  void aCharacterInPartsWaitsForItsLastByte() {
    Utf8Assembler assembler = new Utf8Assembler();
    byte[] llama = "\ud83e\udd99".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      assembler.room(1).put(llama[i]);
      assertThat(assembler.take()).isEmpty();
    }
    assembler.room(1).put(llama[3]);
    assertThat(assembler.take()).isEqualTo("\ud83e\udd99");
  }

  @Test
  void anyWayOfCuttingGivesTheSameText() {
    byte[] bytes = SAMPLE.repeat(20).getBytes(StandardCharsets.UTF_8);
    Random random = new Random(7);
    for (int round = 0; round < 500; round++) {
      Utf8Assembler assembler = new Utf8Assembler();
      StringBuilder text = new StringBuilder();
      for (int at = 0; at < bytes.length; ) {
        int length = Math.min(bytes.length - at, random.nextInt(200));
        assembler.room(length).put(bytes, at, length);
        String piece = assembler.take();
        assertThat(piece).doesNotContain("\ufffd");
        text.append(piece);
        at += length;
      }
      text.append(assembler.finish());
      assertThat(text.toString()).isEqualTo(SAMPLE.repeat(20));
    }
  }

  @Test
  void bytesThatAreNoUtf8BecomeReplacementCharacters() {
    Utf8Assembler assembler = new Utf8Assembler();
    assembler.room(4).put(new byte[] {'a', (byte) 0xff, 'b', (byte) 0xc3});
    assertThat(assembler.take()).isEqualTo("a\ufffdb");
    assertThat(assembler.finish()).isEqualTo("\ufffd");
  }

  @Test
  void randomBytesGiveWhatTheJdkGives() {
    Random random = new Random(11);
    for (int round = 0; round < 500; round++) {
      byte[] bytes = new byte[random.nextInt(64)];
      random.nextBytes(bytes);
      Utf8Assembler assembler = new Utf8Assembler();
      StringBuilder text = new StringBuilder();
      for (byte one : bytes) {
        assembler.room(1).put(one);
        text.append(assembler.take());
      }
      text.append(assembler.finish());
      assertThat(text.toString()).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
    }
  }
}
