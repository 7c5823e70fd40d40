package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void plainTextIsLeftAsItIs() {
    String text = "Grüße, 世界 🦙\n\tdone";

    assertThat(Printable.text(text)).isSameAs(text);
  }

  @Test
  void controlCharactersAreSpelledOut() {
    assertThat(Printable.text("a\u001b[31m\r\u0007\u007f\u0085")).isEqualTo("a\\x1b[31m\\x0d\\x07\\x7f\\x85");
  }

  @Test
  void lineJoinsLines() {
    assertThat(Printable.line(" first: \r\n\n  second\tthird\n")).isEqualTo("first: second third");
  }

  @Test
  void numbersAreForPeople() {
    assertThat(Printable.bytes(1023)).isEqualTo("1023 B");
    assertThat(Printable.bytes(2_188_576)).isEqualTo("2.1 MiB");
    assertThat(Printable.count(1_992_768)).isEqualTo("2.0 million");
    assertThat(Printable.count(7_241_732_096L)).isEqualTo("7.2 billion");
  }
}
