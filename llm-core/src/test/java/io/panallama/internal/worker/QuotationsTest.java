package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuotationsTest {
  private static byte[] request(String text) {
    return ("\u0001\u0002" + text + "\u0003").getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void removesLinesThatQuoteARequest() {
    List<String> lines =
        List.of(
            "GGML_ASSERT(n_tokens > 0) failed",
            "error parsing grammar: root ::= \"the secret of the house\"",
            "Das Geheimnis des Müllers",
            "");
    List<byte[]> requests =
        List.of(request("root ::= \"the secret of the house\""), request("Das Geheimnis des Müllers ist alt."));
    assertThat(Quotations.removed(lines, requests))
        .containsExactly("GGML_ASSERT(n_tokens > 0) failed", Quotations.REMOVED, Quotations.REMOVED, "");
  }

  @Test
  void fifteenBytesInCommonAreNoQuotation() {
    List<byte[]> requests = List.of(request("123456789012345"));
    assertThat(Quotations.removed(List.of("x 123456789012345 y"), requests)).containsExactly("x 123456789012345 y");
    assertThat(Quotations.removed(List.of("x 1234567890123456 y"), List.of(request("1234567890123456"))))
        .containsExactly(Quotations.REMOVED);
  }

  @Test
  void withoutRequestsEverythingStays() {
    assertThat(Quotations.removed(List.of("a line of more than sixteen bytes"), List.of()))
        .containsExactly("a line of more than sixteen bytes");
  }
}
