package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SseParserTest {
  private final List<String> events = new ArrayList<>();
  private final SseParser parser =
      new SseParser((type, data, length, arrived) ->
          events.add(type + "@" + arrived + "=" + new String(data, 0, length, StandardCharsets.UTF_8)));

  private void feed(String text, long arrived) {
    parser.feed(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), arrived);
  }

  @Test
  void anEventIsStampedWhenItsLastByteComes() {
    feed("data: a\n\ndata: b", 1);
    feed("\n", 2);
    assertThat(events).containsExactly("message@1=a");
    feed("\n", 3);
    assertThat(events).containsExactly("message@1=a", "message@3=b");
  }

  @Test
  void anyCutGivesTheSameEvents() {
    String text =
        "\uFEFFdata: é1\r\ndata:two\r\n\r\n: ping\r\rid: 7\rdata\r\rdata: x\n\nevent: error\ndata: y\n\ndata: lost";
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int cut = 0; cut <= bytes.length; cut++) {
      for (int second = cut; second <= bytes.length; second++) {
        events.clear();
        SseParser fresh =
            new SseParser((type, data, length, _) ->
                events.add(type + "=" + new String(data, 0, length, StandardCharsets.UTF_8)));
        fresh.feed(ByteBuffer.wrap(bytes, 0, cut), 0);
        fresh.feed(ByteBuffer.wrap(bytes, cut, second - cut), 0);
        fresh.feed(ByteBuffer.wrap(bytes, second, bytes.length - second), 0);
        assertThat(events).containsExactly("message=é1\ntwo", "message=", "message=x", "error=y");
      }
    }
  }

  @Test
  void whatNoEmptyLineEndsIsNoEvent() {
    feed("data: a\nevent: b", 1);
    assertThat(events).isEmpty();
  }

  @Test
  void anEndlessLineIsRefused() {
    byte[] line = new byte[1 << 20];
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 20; i++) {
                parser.feed(ByteBuffer.wrap(line), 0);
              }
            })
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("16777216");
  }
}
