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
import java.util.Locale;
import java.util.Map;

/** The report as one HTML file without scripts that loads nothing from elsewhere. */
final class HtmlReport {
  private static final String TERMS = "Equal terms of the servers";

  private final ReportData data;
  private final String rawData;
  private final Markup out = new Markup();

  private HtmlReport(ReportData data, String rawData) {
    this.data = data;
    this.rawData = rawData;
  }

  /**
   * The text of the file.
   *
   * @param rawData the address of the raw data, relative to the file
   */
  static String of(ReportData data, String rawData) {
    return new HtmlReport(data, rawData).page();
  }

  private String page() {
    out.start("html", "lang", "en").start("head").empty("meta", "charset", "utf-8");
    out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    out.element("title", title()).element("style", style()).end().start("body");
    head();
    summary();
    contents();
    definitions();
    facts();
    verdicts();
    if (!data.terms().isEmpty()) {
      terms();
    }
    data.sections().forEach(this::section);
    raw();
    out.end().end();
    return "<!DOCTYPE html>\n" + out.finish() + "\n";
  }

  private String title() {
    return "Panallama compared with "
        + (data.peer().equals(LlamaServer.NAME) ? "llama.cpp’s own programs" : "its own " + data.peer());
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
    out.element("h1", title());
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
  }

  /** The counts of all verdicts, by section. */
  private void summary() {
    heading("summary", "Summary");
    List<Finding> all = data.findings();
    if (all.isEmpty()) {
      out.element("p", "Nothing was measured.");
      return;
    }
    out.element("p", sentence(all.size()));
    out.start("table").start("thead").start("tr");
    for (String name : List.of("section", "compared with")) {
      out.element("th", name, "scope", "col");
    }
    for (Verdict verdict : Verdict.values()) {
      out.element("th", name(verdict), "scope", "col");
    }
    out.end().end().start("tbody");
    for (Section section : data.sections()) {
      out.start("tr").start("th", "scope", "row").element("a", section.title(), "href", "#" + section.id()).end();
      out.element("td", section.rival());
      for (Verdict verdict : Verdict.values()) {
        long count = section.findings().measures().stream().filter(measure -> measure.verdict() == verdict).count();
        number(Long.toString(count));
      }
      out.end();
    }
    out.end().end();
  }

  private String sentence(int count) {
    String measures = count == 1 ? "1 measure" : count + " measures";
    int undecided = data.findings(Verdict.UNDECIDED).size();
    if (undecided == count) {
      return String.format(
          Locale.ROOT,
          "%s, all with fewer than %d rounds: this run shows that the comparison works and gives no verdict.",
          measures,
          Measure.FEWEST_ROUNDS);
    }
    return String.format(
        Locale.ROOT,
        "%s: ours is behind in %d and ahead in %d; there is no clear difference in %d%s. Chance alone names a winner in"
            + " about one measure of twenty.",
        measures,
        data.findings(Verdict.BEHIND).size(),
        data.findings(Verdict.AHEAD).size(),
        data.findings(Verdict.EVEN).size(),
        undecided == 0 ? "" : " and no verdict for want of rounds in " + undecided);
  }

  private static String name(Verdict verdict) {
    return switch (verdict) {
      case BEHIND -> "ours behind";
      case EVEN -> "no clear difference";
      case AHEAD -> "ours ahead";
      case UNDECIDED -> "too few rounds";
    };
  }

  private void contents() {
    heading("contents", "Contents");
    out.start("ul");
    entry("summary", "Summary");
    entry("definitions", "Definitions");
    entry("machine", "Machine and versions");
    entry(id(Verdict.BEHIND), "Where we lose, where there is no clear difference, where we win");
    if (!data.terms().isEmpty()) {
      entry("terms", TERMS);
    }
    data.sections().forEach(section -> entry(section.id(), heading(section)));
    entry("raw", "Raw data");
    out.end();
  }

  private void entry(String id, String text) {
    out.start("li").element("a", text, "href", "#" + id).end();
  }

  private void definitions() {
    heading("definitions", "Definitions");
    out.start("dl");
    term("round", "Both sides are measured once in every round, and each side goes first in every other round.");
    term(
        "ratio",
        "Ratio ours/theirs per round (above 1 = ours better); for times it is theirs/ours, so that above 1 is better"
            + " for ours there, too. It is taken within a round, because whatever disturbs a machine lasts longer than"
            + " a round. Tables show its median over the rounds.");
    term("ours, theirs", "The median of the side’s own rounds, in the measure’s unit.");
    term("interquartile range", "From the first to the third quartile of the ratios: the middle half of the rounds.");
    term(
        "behind, ahead",
        "The ratios of all rounds lie below or above 1; with "
            + Measure.MANY_ROUNDS
            + " or more rounds, their interquartile range does. Everything else is no clear difference. With fewer than"
            + " "
            + Measure.FEWEST_ROUNDS
            + " rounds there is no verdict.");
    term("TTFT", "Time to first token: from sending a request to the first event of its answer that carries text.");
    term(
        "ITL",
        "Inter-token latency: the time between two successive events of an answer that carry text. It is 0 when both"
            + " arrive in one read.");
    term("tg128, pp512", "128 steps of one token from an empty context; a prompt of 512 tokens. In tokens per second.");
    term("B=n", "n streams in one engine; the tokens per second of all of them together.");
    term("p50, p90, p99", "The 50th (median), 90th and 99th percentile of a round.");
    out.end();
  }

  private void term(String name, String text) {
    out.element("dt", name).element("dd", text);
  }

  private void facts() {
    heading("machine", "Machine and versions");
    out.start("table", "class", "facts").start("tbody");
    data.facts()
        .forEach((name, value) -> out.start("tr").element("th", name, "scope", "row").element("td", value).end());
    out.end().end();
  }

  private void verdicts() {
    verdict(Verdict.BEHIND, "Where we lose", "No measure is clearly behind.");
    verdict(Verdict.EVEN, "No clear difference", "Every measure with enough rounds is clearly ahead or behind.");
    verdict(Verdict.AHEAD, "Where we win", "No measure is clearly ahead.");
    if (!data.findings(Verdict.UNDECIDED).isEmpty()) {
      verdict(Verdict.UNDECIDED, "No verdict: fewer than " + Measure.FEWEST_ROUNDS + " rounds", "");
    }
    List<Finding> all = data.findings();
    if (!all.isEmpty()) {
      out.start("figure").element("figcaption", "All measures");
      Charts.intervals(
          out,
          "The ratios of all measures",
          all.stream().map(finding -> new Charts.Interval(finding.label(), finding.measure())).toList());
      out.end();
      out.element("p", "A ring is a round, a bar the interquartile range, a diamond the median.", "class", "note");
    }
  }

  private void verdict(Verdict verdict, String title, String none) {
    heading(id(verdict), title);
    List<Finding> findings = data.findings(verdict);
    if (data.findings().isEmpty()) {
      out.element("p", "Nothing was measured.");
    } else if (findings.isEmpty()) {
      out.element("p", none);
    } else {
      table(findings, true);
    }
  }

  private static String id(Verdict verdict) {
    return verdict.name().toLowerCase(Locale.ROOT);
  }

  private void heading(String id, String text) {
    out.element("h2", text, "id", id);
  }

  private static String heading(Section section) {
    return section.title() + " – compared with " + section.rival();
  }

  private void table(List<Finding> findings, boolean withSection) {
    out.start("div", "class", "wide").start("table", "class", "figures").start("thead").start("tr");
    if (withSection) {
      out.element("th", "section", "scope", "col");
    }
    for (String name :
        List.of("measure", "ours", "theirs", "unit", "ratio", "interquartile range", "all rounds", "behind in")) {
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
    Spread ratio = measure.ratio();
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
        Numbers.ratio(ratio.median()),
        "class",
        "number "
            + switch (measure.verdict()) {
              case BEHIND -> "lost";
              case EVEN, UNDECIDED -> "even";
              case AHEAD -> "won";
            });
    number(Numbers.ratio(ratio.quantile(0.25)) + " to " + Numbers.ratio(ratio.quantile(0.75)));
    number(Numbers.ratio(ratio.min()) + " to " + Numbers.ratio(ratio.max()));
    number(measure.roundsBehind() + " of " + ratio.count());
    out.end();
  }

  private void number(String text) {
    out.element("td", text, "class", "number");
  }

  private void terms() {
    heading("terms", TERMS);
    out.start("div", "class", "wide").start("table").start("thead").start("tr");
    for (String name : List.of("", "ours", data.peer(), "why")) {
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
    heading(section.id(), heading(section));
    if (!section.failure().isEmpty()) {
      out.element("p", "This failed: " + section.failure(), "class", "warning");
    }
    out.element("p", section.method());
    Section.Findings findings = section.findings();
    if (!findings.measures().isEmpty()) {
      table(findings.measures().stream().map(measure -> new Finding(section, measure)).toList(), false);
      out.start("figure").element("figcaption", "Ratio per round");
      Charts.intervals(
          out,
          "The ratios of " + section.title(),
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
    findings.notes().forEach(note -> out.element("p", note, "class", "note"));
    if (!section.commands().isEmpty()) {
      out.element("pre", String.join("\n\n", section.commands()));
    }
  }

  private void raw() {
    heading("raw", "Raw data");
    out.element(
        "p",
        "Curves show the median over the rounds of each percentile. Whiskers reach from the lowest to the highest"
            + " round.");
    out.start("p").text("Every sample, and everything else that the load generator reports, is in ");
    out.element("a", rawData, "href", rawData).text(".").end();
  }
}
