package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.cli.profile.JvmLog.Memory;
import io.panallama.cli.profile.JvmLog.Request;
import io.panallama.cli.profile.JvmLog.Sample;
import io.panallama.cli.profile.JvmLog.Step;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of a recording. */
class ProfilePageTest {
  private static final long MILLI = 1_000_000;

  private static JvmLog process() {
    JvmLog process = new JvmLog(42);
    process.command("io.panallama.cli/io.panallama.cli.Main serve -a <b>&\"");
    long now = 1_700_000_000_000L * MILLI;
    for (int i = 0; i < 20; i++) {
      process.steps.add(new Step(now + i * 5 * MILLI, 5 * MILLI, 1, 0, 0, 4 * MILLI, 0, MILLI / 2, 0, "engine"));
    }
    process.steps.add(new Step(now + 100 * MILLI, 300 * MILLI, 1, 1, 900, 4 * MILLI, 290 * MILLI, MILLI, 0, "engine"));
    process.requests.add(
        new Request(now, 321 * MILLI, "id</script>1", "POST", "/v1/chat/completions", 200, 12, 34, MILLI, 56 * MILLI));
    process.requests.add(new Request(now, 20 * MILLI, "id2", "POST", "/v1/completions", 0, 0, 0, 0, 0));
    process.memory.add(new Memory("panallama-engine-1", "host", 10 << 20, 5 << 20, 1 << 20));
    for (int i = 0; i < 4; i++) {
      process.samples.add(new Sample(now, "main", List.of("a.B.run", i < 3 ? "a.B.work" : "a.B.rest"), false));
    }
    process.samples.add(new Sample(now, "panallama-engine-1", List.of("a.B.run", "a.B.decode"), true));
    process.samples.add(new Sample(now, "accept", List.of("a.B.run", "sun.nio.ch.Net.accept"), true));
    return process;
  }

  private static String page() {
    JvmLog process = process();
    long start = process.steps.getFirst().start();
    return ProfilePage.of(new FlightLog(List.of(process), start, start + 400 * MILLI));
  }

  private static List<String> all(String pattern, String page) {
    List<String> found = new ArrayList<>();
    Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(page);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  @Test
  void thePageAllowsItsOwnStyleAndScriptOnly() throws Exception {
    String page = page();
    String style = all("<style>(.*?)</style>", page).getFirst();
    String script = all("<script>(.*?)</script>", page).getFirst();
    String policy = all("Content-Security-Policy\" content=\"([^\"]*)\"", page).getFirst();
    assertThat(policy)
        .isEqualTo(
            "default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"
                .formatted(hash(style), hash(script)));
    assertThat(page).doesNotContain("src=\"", "href=\"", "style=\"", "onclick");
    assertThat(all("(https?://[^'\" ]*)", page)).containsOnly("http://www.w3.org/2000/svg");
  }

  private static String hash(String text) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return "sha256-" + Base64.getEncoder().encodeToString(digest);
  }

  @Test
  void namesCannotEndAnElement() {
    assertThat(page())
        .contains("Main serve -a &lt;b&gt;&amp;&quot;</code>", "<td>id&lt;/script&gt;1</td>")
        .doesNotContain("id</script>1");
  }

  @Test
  void theFlameGraphsCountSamplesByProcessThreadAndMethod() throws Exception {
    JsonNode data =
        new ObjectMapper()
            .readTree(all("<script type=\"application/json\" id=\"data\">(.*?)</script>", page()).getFirst());
    assertThat(data.path("java").toString())
        .isEqualTo("[\"all\",4,[\"server 42\",4,[\"main\",4,[\"a.B.run\",4,[\"a.B.work\",3],[\"a.B.rest\",1]]]]]");
    // A thread that only waits in native code would hide the others.
    assertThat(data.path("native").toString())
        .isEqualTo("[\"all\",1,[\"server 42\",1,[\"panallama-engine-1\",1,[\"a.B.run\",1,[\"a.B.decode\",1]]]]]");
  }

  @Test
  void theTables() {
    assertThat(page())
        .contains(
            "<td>prompt</td><td>42</td><td>290.0 ms for 900 tokens of 1 prompt beside 1 generation</td>",
            "1 spike (prompt 1).",
            "<dt>prompt</dt><dd>" + Cause.PROMPT.meaning() + "</dd>",
            "<td>native memory of panallama-engine-1, host</td><td>weights 10.0 MiB, KV cache 5.0 MiB, compute buffers"
                + " 1.0 MiB</td>",
            "<td>POST /v1/chat/completions</td><td>200</td>",
            "<td>POST /v1/completions</td><td>left</td>",
            "<h3>From the sample to the reader</h3>\n<p>No spikes.</p>");
  }

  @Test
  void theSameAsText() {
    JvmLog process = process();
    long start = process.steps.getFirst().start();
    List<String> lines = Explanation.lines(new FlightLog(List.of(process), start, start + 400 * MILLI), 5);
    assertThat(lines)
        .contains(
            "Between tokens: 1 spike (prompt 1)",
            "Before the first step of a generation: no spikes",
            "prompt: " + Cause.PROMPT.meaning())
        .anyMatch(line -> line.matches("  22:13:20\\.100 +300 ms  prompt +290\\.0 ms for 900 tokens of 1 prompt .*"))
        .anyMatch(line -> line.matches("steps +21, median 5\\.00 ms, 99 % 300 ms, longest 300 ms"));
  }
}
