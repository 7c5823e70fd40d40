package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Verdict;
import io.panallama.benchmarks.compare.ReportData.Finding;
import io.panallama.load.measure.Spread;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report as one HTML file: nothing in it comes from elsewhere, and nothing in it is a script. */
final class HtmlReport {
  private static final String TITLE = "Panallama beside llama.cpp’s own programs";

  private final ReportData data;
  private final String rawData;
  private final Markup out = new Markup();

  private HtmlReport(ReportData data, String rawData) {
    this.data = data;
    this.rawData = rawData;
  }

  /**
   * The file's text.
   *
   * @param rawData the address of the raw data, relative to the file
   */
  static String of(ReportData data, String rawData) {
    return new HtmlReport(data, rawData).page();
  }

  private String page() {
    out.start("html", "lang", "en").start("head").empty("meta", "charset", "utf-8");
    out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    out.element("title", TITLE).element("style", style()).end().start("body");
    head();
    summary();
    if (!data.terms().isEmpty()) {
      terms();
    }
    data.sections().forEach(this::section);
    reading();
    out.end().end();
    return "<!DOCTYPE html>\n" + out.finish() + "\n";
  }

  private static String style() {
    try (InputStream css = HtmlReport.class.getResourceAsStream("report.css")) {
      if (css == null) {
        throw new IllegalStateException("report.css is missing beside " + HtmlReport.class);
      }
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void head() {
    out.element("h1", TITLE);
    data.warnings().forEach(warning -> out.element("p", warning, "class", "warning"));
    Map<String, List<String>> unequal = new LinkedHashMap<>();
    for (Section section : data.sections()) {
      if (!section.failure().isEmpty()) {
        out.element("p", section.title() + " failed: " + section.failure(), "class", "warning");
      }
      for (Section.Check check : section.findings().checks()) {
        if (!check.holds()) {
          unequal.computeIfAbsent(check.text(), any -> new ArrayList<>()).add(section.id());
        }
      }
    }
    unequal.forEach((text, ids) ->
        out.element("p", "Not on equal terms (" + String.join(", ", ids) + "): " + text, "class", "warning"));
    out.start("table", "class", "facts").start("tbody");
    data.facts()
        .forEach((name, value) -> out.start("tr").element("th", name, "scope", "row").element("td", value).end());
    out.end().end();
  }

  private void summary() {
    out.element("h2", "Where we lose");
    verdict(Verdict.BEHIND, "Nowhere: no measure is clearly behind.");
    out.element("h2", "What can’t be told apart");
    verdict(Verdict.EVEN, "Nothing: every measure is clearly ahead or behind.");
    out.element("h2", "Where we win");
    verdict(Verdict.AHEAD, "Nowhere: no measure is clearly ahead.");
    List<Finding> all = data.findings();
    if (!all.isEmpty()) {
      out.start("figure").element("figcaption", "All measures, from lost to won");
      Charts.intervals(
          out,
          "The advantage of ours in all measures",
          all.stream().map(finding -> new Charts.Interval(finding.label(), finding.measure())).toList());
      out.end();
      out.element(
          "p", "A diamond is the median, a bar the middle half of the rounds, a ring a round.", "class", "note");
    }
  }

  private void verdict(Verdict verdict, String none) {
    List<Finding> findings = data.findings(verdict);
    if (data.findings().isEmpty()) {
      out.element("p", "Nothing was measured.");
    } else if (findings.isEmpty()) {
      out.element("p", none);
    } else {
      table(findings, true);
    }
  }

  private void table(List<Finding> findings, boolean withSection) {
    out.start("div", "class", "wide").start("table", "class", "figures").start("thead").start("tr");
    if (withSection) {
      out.element("th", "where", "scope", "col");
    }
    for (String name :
        List.of("what", "ours", "theirs", "unit", "advantage", "middle half", "all rounds", "behind in")) {
      out.element("th", name, "scope", "col");
    }
    out.end().end().start("tbody");
    for (Finding finding : findings) {
      row(finding, withSection);
    }
    out.end().end().end();
  }

  private void row(Finding finding, boolean withSection) {
    Measure measure = finding.measure();
    Spread advantage = measure.advantage();
    out.start("tr");
    if (withSection) {
      out.start("td").element("a", finding.section().id(), "href", "#" + finding.section().id()).end();
    }
    out.element("th", measure.name(), "scope", "row");
    number(Numbers.three(measure.ours().median()));
    number(Numbers.three(measure.theirs().median()));
    out.element("td", measure.unit());
    out.element(
        "td",
        Numbers.ratio(advantage.median()),
        "class",
        "number "
            + switch (measure.verdict()) {
              case BEHIND -> "lost";
              case EVEN -> "even";
              case AHEAD -> "won";
            });
    number(Numbers.ratio(advantage.quantile(0.25)) + " to " + Numbers.ratio(advantage.quantile(0.75)));
    number(Numbers.ratio(advantage.min()) + " to " + Numbers.ratio(advantage.max()));
    number(measure.roundsBehind() + " of " + advantage.count());
    out.end();
  }

  private void number(String text) {
    out.element("td", text, "class", "number");
  }

  private void terms() {
    out.element("h2", "Equal terms of the servers");
    out.start("div", "class", "wide").start("table").start("thead").start("tr");
    for (String name : List.of("", "ours", "llama-server", "why")) {
      out.element("th", name, "scope", "col");
    }
    out.end().end().start("tbody");
    for (ReportData.Term term : data.terms()) {
      out.start("tr").element("th", term.what(), "scope", "row");
      out.start("td").element("code", term.ours()).end().start("td").element("code", term.theirs()).end();
      out.element("td", term.why()).end();
    }
    out.end().end().end();
  }

  private void section(Section section) {
    out.element("h2", section.title() + " – beside " + section.rival(), "id", section.id());
    if (!section.failure().isEmpty()) {
      out.element("p", "This failed: " + section.failure(), "class", "warning");
    }
    out.element("p", section.method());
    Section.Findings findings = section.findings();
    if (!findings.measures().isEmpty()) {
      table(findings.measures().stream().map(measure -> new Finding(section, measure)).toList(), false);
      out.start("figure").element("figcaption", "Advantage by round");
      Charts.intervals(
          out,
          "The advantage of ours in " + section.title(),
          findings.measures().stream().map(measure -> new Charts.Interval(measure.name(), measure)).toList());
      out.end();
    }
    out.start("div", "class", "plots");
    for (Trend trend : findings.trends()) {
      out.start("figure").element("figcaption", trend.title());
      Charts.trend(out, trend, section.rival());
      out.end();
    }
    for (Curve curve : findings.curves()) {
      out.start("figure").element("figcaption", curve.title());
      Charts.curve(out, curve, section.rival());
      out.end();
    }
    out.end();
    if (!findings.checks().isEmpty()) {
      out.start("ul", "class", "checks");
      for (Section.Check check : findings.checks()) {
        out.element("li", check.text(), "class", check.holds() ? "holds" : "fails");
      }
      out.end();
    }
    if (!section.commands().isEmpty()) {
      out.element("pre", String.join("\n\n", section.commands()));
    }
  }

  private void reading() {
    out.element("h2", "How to read this");
    out.element(
        "p",
        "Both sides are measured in every round, and each goes first in every other round. The advantage is taken"
            + " within a round, because what disturbs a machine lasts longer than one: ours by theirs for rates, theirs"
            + " by ours for times, so that more than 1 is always good for us. Its median over the rounds is given, with"
            + " the middle half (between the quartiles) and the extremes. Ours and theirs are the medians of their own"
            + " rounds. “Lose” and “win” mean that all rounds are on that side of 1 or, from "
            + Measure.MANY_ROUNDS
            + " rounds on, their middle half. Chance alone does that to one measure in some twenty.");
    out.element(
        "p",
        "TTFT is the time to the first token, ITL the time between two events of a stream that carry text. Curves show"
            + " the median over the rounds of each percentile; whiskers reach from the least to the largest round.");
    out.start("p").text("Every sample, and what the load generator found besides, is in ");
    out.element("a", rawData, "href", rawData).text(".").end();
  }
}
