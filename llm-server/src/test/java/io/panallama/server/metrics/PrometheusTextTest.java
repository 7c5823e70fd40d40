package io.panallama.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reader that the other tests trust. */
class PrometheusTextTest {
  private static final String HEAD = "# HELP a A.\n# TYPE a counter\n";

  @Test
  void whatIsAllowed() {
    PrometheusText text =
        PrometheusText.parse(
            """
            # HELP a_total One \\\\ two.
            # TYPE a_total counter
            a_total{x="q\\"\\\\\\n",y=""} 1.5E-3
            a_total 2
            # HELP h H.
            # TYPE h histogram
            h_bucket{le="0.1"} 1
            h_bucket{le="+Inf"} 3
            h_count 3
            h_sum NaN
            """);
    assertThat(text.value("a_total", "x", "q\"\\\n")).isEqualTo(0.0015);
    assertThat(text.type("h")).isEqualTo("histogram");
    assertThat(text.names()).containsExactlyInAnyOrder("a_total", "h_bucket", "h_count", "h_sum");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a 1\n",
        "# TYPE a counter\na 1\n",
        HEAD,
        HEAD + "a 1",
        HEAD + "a 1\na 2\n",
        HEAD + "a -1\n",
        HEAD + "a 1 \n",
        HEAD + "a one\n",
        HEAD + "b 1\n",
        HEAD + "a{x=1} 1\n",
        HEAD + "a{x=\"1\" y=\"2\"} 1\n",
        HEAD + "a{x=\"1\",x=\"2\"} 1\n",
        HEAD + "a{x=\"\\t\"} 1\n",
        HEAD + "a 1\n\n",
        HEAD + "a 1\n" + HEAD + "a{x=\"1\"} 1\n",
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_sum 1\n",
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n",
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 2\nh_sum 1\n"
      })
  void whatIsNot(String text) {
    assertThatThrownBy(() -> PrometheusText.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
