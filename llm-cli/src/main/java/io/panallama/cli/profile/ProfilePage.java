package io.panallama.cli.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.cli.profile.JvmLog.Request;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A recording as one HTML file: spikes and their causes, figures, the slowest requests, and flame graphs. It loads nothing, and its
 * content security policy allows its own style and script only, by their hashes.
 */
public final class ProfilePage {
  private static final int SPIKES = 10;
  private static final int REQUESTS = 20;

  /** A frame that fewer samples have than one in this many is not drawn, since it would be narrower than a pixel. */
  private static final long THINNEST = 5000;

  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final FlightLog log;
  private final StringBuilder page = new StringBuilder();

  private ProfilePage(FlightLog log) {
    this.log = log;
  }

  /** The page of a recording. */
  public static String of(FlightLog log) {
    ProfilePage page = new ProfilePage(log);
    page.write();
    return page.page.toString();
  }

  private void write() {
    String style = resource("profile.css");
    String script = resource("profile.js");
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '")
        .append(hash(style))
        .append("'; script-src '")
        .append(hash(script))
        .append("'; base-uri 'none'; form-action 'none'\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>Panallama profile</title>\n<style>")
        .append(style)
        .append("</style>\n</head>\n<body>\n<main>\n<h1>Panallama profile</h1>\n");
    head();
    spikes();
    figures();
    requests();
    graphs();
    page.append("</main>\n<script>").append(script).append("</script>\n</body>\n</html>\n");
  }

  private void head() {
    page.append("<p>")
        .append(escaped(DAY.format(Instant.ofEpochSecond(0, log.start()))))
        .append(" UTC, ")
        .append(String.format(Locale.ROOT, "%.1f", (log.end() - log.start()) / 1e9))
        .append(" seconds.</p>\n<ul>\n");
    for (JvmLog process : log.processes()) {
      page.append("<li>Process ")
          .append(process.pid())
          .append(": <code>")
          .append(escaped(CommandText.of(process.command())));
      page.append("</code></li>\n");
    }
    page.append("</ul>\n");
  }

  private void spikes() {
    page.append("<h2 id=\"spikes\">Latency spikes</h2>\n");
    List<Spike> all = SpikeFinder.find(log);
    for (Spike.Kind kind : Spike.Kind.values()) {
      List<Spike> some = all.stream().filter(spike -> spike.kind() == kind).toList();
      page.append("<h3>").append(escaped(Explanation.title(kind))).append("</h3>\n<p>");
      page.append(some.isEmpty() ? "No spikes." : escaped(Explanation.summary(some)) + ".").append("</p>\n");
      if (some.isEmpty()) {
        continue;
      }
      table("When (UTC)", "Length", "Cause", "Process", "Numbers");
      for (Spike spike : some.subList(0, Math.min(SPIKES, some.size()))) {
        row(
            Explanation.time(spike.start()),
            Figures.millis(spike.nanos()),
            spike.cause().label(),
            Long.toString(spike.pid()),
            spike.detail());
      }
      page.append("</tbody></table></div>\n");
    }
    if (!all.isEmpty()) {
      page.append("<dl>\n");
      all.stream()
          .map(Spike::cause)
          .distinct()
          .forEach(cause ->
              page.append("<dt>")
                  .append(escaped(cause.label()))
                  .append("</dt><dd>")
                  .append(escaped(cause.meaning()))
                  .append("</dd>\n"));
      page.append("</dl>\n");
    }
  }

  private void figures() {
    page.append("<h2 id=\"figures\">What was done</h2>\n");
    table("What", "How much");
    Figures.of(log).forEach(figure -> row(figure.name(), figure.value()));
    page.append("</tbody></table></div>\n");
  }

  private void requests() {
    List<Request> slowest =
        log.processes().stream()
            .flatMap(process -> process.requests.stream())
            .sorted(Comparator.comparingLong(Request::nanos).reversed())
            .limit(REQUESTS)
            .toList();
    if (slowest.isEmpty()) {
      return;
    }
    page.append("<h2 id=\"requests\">The slowest requests</h2>\n");
    table("When (UTC)", "Length", "Route", "Status", "Queued", "First token", "Prompt", "Answer", "Request id");
    for (Request request : slowest) {
      row(
          Explanation.time(request.start()),
          Figures.millis(request.nanos()),
          request.method() + " " + request.route(),
          request.status() == 0 ? "left" : Integer.toString(request.status()),
          Figures.millis(request.queued()),
          Figures.millis(request.firstToken()),
          Long.toString(request.promptTokens()),
          Long.toString(request.generatedTokens()),
          request.id());
    }
    page.append("</tbody></table></div>\n");
  }

  private void graphs() {
    page.append(
        """
        <h2 id="stacks">Flame graph</h2>
        <p>Each row calls the one below it; the width is the number of samples. <em>Java</em> has samples of threads that ran
        Java code, <em>native</em> those that were in native code, such as llama.cpp's, without threads that only waited there.
        Click a frame to zoom in, or press Enter on it; Escape zooms out.</p>
        <div class="bar"><button type="button" id="java" aria-pressed="true">Java</button>
        <button type="button" id="native" aria-pressed="false">Native</button>
        <button type="button" id="reset">Zoom out</button>
        <label>Search <input type="search" id="search" placeholder="part of a name"></label>
        <output id="found"></output></div>
        <div id="graph" role="group" aria-label="Flame graph"></div>
        <p id="hint" aria-live="polite">&nbsp;</p>
        """);
    page.append("<script type=\"application/json\" id=\"data\">").append(data()).append("</script>\n");
  }

  private String data() {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      for (boolean inNative : List.of(false, true)) {
        StackTree tree = StackTree.of(log, inNative);
        json.writeFieldName(inNative ? "native" : "java");
        write(json, tree, tree.samples() / THINNEST);
      }
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
    // The only characters that could end the element.
    return out.toString().replace("<", "\\u003c");
  }

  /** A frame as an array: its name, its samples, and what it called. */
  private static void write(JsonGenerator json, StackTree tree, long least) throws IOException {
    json.writeStartArray();
    json.writeString(tree.name());
    json.writeNumber(tree.samples());
    for (StackTree inner : tree.inner()) {
      if (inner.samples() > least) {
        write(json, inner, least);
      }
    }
    json.writeEndArray();
  }

  private void table(String... heads) {
    page.append("<div class=\"table\"><table><thead><tr>");
    for (String head : heads) {
      page.append("<th scope=\"col\">").append(escaped(head)).append("</th>");
    }
    page.append("</tr></thead><tbody>\n");
  }

  private void row(String... cells) {
    page.append("<tr>");
    for (String cell : cells) {
      page.append("<td>").append(escaped(cell)).append("</td>");
    }
    page.append("</tr>\n");
  }

  private static String escaped(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '"' -> safe.append("&quot;");
        default -> safe.append(Character.isISOControl(c) ? '\ufffd' : c);
      }
    }
    return safe.toString();
  }

  private static String resource(String name) {
    try (InputStream in = ProfilePage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing beside " + ProfilePage.class);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  private static String hash(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
