package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.benchmarks.compare.Measure.Better;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static Document read(String page) throws Exception {
    String prefix = "<!DOCTYPE html>\n";
    assertThat(page).startsWith(prefix);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page.substring(prefix.length()))));
  }

  private static List<Element> all(Document page, String name) {
    List<Element> elements = new ArrayList<>();
    NodeList nodes = page.getElementsByTagName(name);
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  private static List<String> cells(Element row) {
    List<String> cells = new ArrayList<>();
    for (int i = 0; i < row.getChildNodes().getLength(); i++) {
      cells.add(row.getChildNodes().item(i).getTextContent());
    }
    return cells;
  }

  private static List<String> headings(Document page) {
    return all(page, "h2").stream().map(Element::getTextContent).toList();
  }

  @Test
  void summaryDefinitionsAndContentsComeFirstThenLosses() throws Exception {
    String html = HtmlReport.of(Fixture.data(), "report.json");
    assertThat(headings(read(html)))
        .containsExactly(
            "Summary",
            "Contents",
            "Definitions",
            "Machine and versions",
            "Where we lose",
            "No clear difference",
            "Where we win",
            "No verdict: fewer than 5 rounds",
            "Equal terms of the servers",
            "Single stream – compared with llama-server",
            "Chat – compared with llama-server",
            "Raw data");
    int lose = html.indexOf("<h2 id=\"behind\">");
    int even = html.indexOf("<h2 id=\"even\">");
    int win = html.indexOf("<h2 id=\"ahead\">");
    int undecided = html.indexOf("<h2 id=\"undecided\">");
    assertThat(html.indexOf("tg128</th>")).isBetween(lose, even);
    assertThat(html.indexOf("1 stream, tokens/s</th>")).isBetween(even, win);
    assertThat(html.indexOf("4 streams, ITL p99</th>")).isBetween(win, undecided);
    assertThat(html.indexOf("4 streams, TTFT p90</th>")).isGreaterThan(undecided);
  }

  @Test
  void theSummaryCountsEveryVerdict() throws Exception {
    Document page = read(HtmlReport.of(Fixture.data(), "report.json"));
    assertThat(page.getDocumentElement().getTextContent())
        .contains(
            "5 measures: ours is behind in 1 and ahead in 2; there is no clear difference in 1 and no verdict for want"
                + " of rounds in 1.");
    Element chat = (Element) all(page, "tbody").getFirst().getChildNodes().item(1);
    assertThat(cells(chat)).containsExactly("Chat", "llama-server", "0", "1", "2", "1");
  }

  @Test
  void aRunWithFewRoundsNamesNoWinner() {
    ReportData data = Fixture.data(Fixture.section("chat", "Chat", "", Fixture.measure("x", Better.HIGHER, 150, 160)));
    assertThat(HtmlReport.of(data, "report.json"))
        .contains(
            "1 measure, all with fewer than 5 rounds: this run shows that the comparison works and gives no verdict.")
        .doesNotContain("class=\"number won\"");
    assertThat(Digest.of(data)).contains("No verdict with fewer than 5 rounds:\n  chat: x");
  }

  @Test
  void everyEntryOfTheContentsLeadsSomewhere() throws Exception {
    Document page = read(HtmlReport.of(Fixture.data(), "report.json"));
    List<String> ids = all(page, "h2").stream().map(heading -> heading.getAttribute("id")).toList();
    List<String> targets =
        all(page, "a").stream()
            .map(link -> link.getAttribute("href"))
            .filter(href -> href.startsWith("#"))
            .map(href -> href.substring(1))
            .toList();
    assertThat(ids).doesNotHaveDuplicates().containsAll(targets);
    assertThat(targets).contains("summary", "definitions", "machine", "behind", "terms", "engine", "chat", "raw");
  }

  @Test
  void aCurveOfNothingButZerosIsDrawn() {
    Markup out = new Markup();
    List<Curve.Point> points = List.of(new Curve.Point(50, 0, 0), new Curve.Point(99, 0, 0));
    Charts.curve(out, new Curve("ITL, 1 stream", "ms", points), "llama-server");
    assertThat(out.finish()).contains("values below 0.01 are drawn there").doesNotContain("NaN", "Infinity");
  }

  @Test
  void aRowShowsTheRatioWithItsSpread() throws Exception {
    Document page = read(HtmlReport.of(Fixture.data(), "report.json"));
    Element row = (Element) all(page, "tbody").get(2).getFirstChild();
    assertThat(cells(row))
        .containsExactly(
            "engine", "tg128", "98.3", "100", "tokens/s", "0.983", "0.981 to 0.984", "0.979 to 0.992", "5 of 5");
  }

  @Test
  void nothingComesFromElsewhere() throws Exception {
    String html = HtmlReport.of(Fixture.data(), "report.json");
    assertThat(html).doesNotContain("<script", "http:", "https:", "@import", "url(");
    Document page = read(html);
    assertThat(all(page, "link")).isEmpty();
    assertThat(all(page, "img")).isEmpty();
    assertThat(all(page, "a").stream().map(link -> link.getAttribute("href")))
        .allMatch(href -> href.startsWith("#") || href.equals("report.json"))
        .contains("report.json", "#chat");
    assertThat(all(page, "style").getFirst().getTextContent()).contains("@media print");
  }

  @Test
  void textIsText() throws Exception {
    Section section =
        Fixture.section(
            "chat",
            "Chat",
            "it said <b>\"no\"</b> & \u001b[31mleft\ud800",
            Fixture.measure("a<b & \"c\", \uD83D\uDE00", Better.HIGHER, 90));
    Document page = read(HtmlReport.of(Fixture.data(section), "report.json"));
    assertThat(all(page, "b")).isEmpty();
    assertThat(page.getDocumentElement().getTextContent())
        .contains(
            "it said <b>\"no\"</b> & \uFFFD[31mleft\uFFFD", "a<b & \"c\", \uD83D\uDE00", "Some <processor> & more");
  }

  @Test
  void plotsHaveNamesAndKeepWithinTheirFrames() throws Exception {
    Document page = read(HtmlReport.of(Fixture.data(), "report.json"));
    List<Element> plots = all(page, "svg");
    assertThat(plots).hasSize(5); // all measures; intervals of two sections; a trend; a curve
    for (Element plot : plots) {
      assertThat(plot.getAttribute("aria-label")).isNotBlank();
      double width = Double.parseDouble(plot.getAttribute("width"));
      double height = Double.parseDouble(plot.getAttribute("height"));
      NodeList children = plot.getChildNodes();
      for (int i = 0; i < children.getLength(); i++) {
        Element shape = (Element) children.item(i);
        for (String attribute : List.of("x", "x1", "x2", "cx")) {
          within(shape, attribute, width);
        }
        for (String attribute : List.of("y", "y1", "y2", "cy")) {
          within(shape, attribute, height);
        }
      }
    }
  }

  private static void within(Element shape, String attribute, double most) {
    if (shape.hasAttribute(attribute)) {
      assertThat(Double.parseDouble(shape.getAttribute(attribute))).isBetween(0.0, most);
    }
  }

  @Test
  void aFailureIsAtTheTopAndInItsSection() throws Exception {
    ReportData data =
        Fixture.data(
            Fixture.section("batch", "Several streams", "llama-batched-bench ended with 1"),
            Fixture.section(
                "chat",
                "Chat",
                "",
                List.of(new Section.Check(false, "2 of 8 requests failed")),
                Fixture.measure("x", Better.LOWER, 90)));
    assertThat(data.isWhole()).isFalse();
    String html = HtmlReport.of(data, "report.json");
    List<String> warnings =
        all(read(html), "p").stream()
            .filter(element -> element.getAttribute("class").equals("warning"))
            .map(Element::getTextContent)
            .toList();
    assertThat(warnings)
        .containsExactly(
            "The machine was busy.",
            "Several streams failed: llama-batched-bench ended with 1",
            "Not on equal terms (chat): 2 of 8 requests failed",
            "This failed: llama-batched-bench ended with 1");
  }

  @Test
  void aReportWithoutAnyFigureSaysSo() throws Exception {
    Document page = read(HtmlReport.of(Fixture.data(Fixture.section("chat", "Chat", "no server")), "report.json"));
    assertThat(page.getDocumentElement().getTextContent())
        .contains("Nothing was measured.")
        .doesNotContain("is clearly behind");
  }

  @Test
  void withoutLossesTheHeadingStaysAndSaysSo() throws Exception {
    ReportData data =
        Fixture.data(Fixture.section("chat", "Chat", "", Fixture.measure("x", Better.HIGHER, 110, 120, 115, 112, 130)));
    assertThat(HtmlReport.of(data, "report.json"))
        .contains("<h2 id=\"behind\">Where we lose</h2><p>No measure is clearly behind.</p>");
    assertThat(data.isWhole()).isTrue();
  }

  @Test
  void anIntervalIsDrawnWhereItsNumbersAre() {
    Markup out = new Markup();
    Charts.intervals(
        out, "name", List.of(new Charts.Interval("tg128", Fixture.measure("tg128", Better.HIGHER, 90, 110))));
    assertThat(out.finish())
        .startsWith("<svg viewBox=\"0 0 900 96\" width=\"900\" height=\"96\" role=\"img\" aria-label=\"name\">")
        .contains(
            "<text x=\"41.5\" y=\"43\" text-anchor=\"end\">tg128</text>",
            "<text x=\"846\" y=\"43\" text-anchor=\"start\">1.000</text>")
        .containsOnlyOnce("<path")
        .endsWith("</svg>");
  }
}
