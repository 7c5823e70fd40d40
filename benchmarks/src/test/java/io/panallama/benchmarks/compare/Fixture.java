package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.Measure.Better;
import io.panallama.benchmarks.compare.Measure.Round;
import io.panallama.benchmarks.compare.ReportData.Term;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A report's data, as from a real comparison. */
final class Fixture {
  private Fixture() {}

  /** Theirs is always 100, in any unit. */
  static Measure measure(String name, Better better, double... ours) {
    List<Round> rounds = new ArrayList<>();
    for (double number : ours) {
      rounds.add(new Round(number, 100));
    }
    return new Measure(name, better == Better.HIGHER ? "tokens/s" : "ms", better, rounds);
  }

  static Section section(String id, String title, String failure, Measure... measures) {
    return section(id, title, failure, List.of(), measures);
  }

  static Section section(String id, String title, String failure, List<Section.Check> checks, Measure... measures) {
    List<Trend> trends =
        measures.length > 1
            ? List.of(
                new Trend(
                    "Tokens per second",
                    "streams",
                    List.of(new Trend.Point("1", measures[0]), new Trend.Point("4", measures[1]))))
            : List.of();
    List<Curve> curves =
        measures.length > 1
            ? List.of(
                new Curve(
                    "ITL, 4 streams",
                    "ms",
                    List.of(
                        new Curve.Point(10, 0, 15.1),
                        new Curve.Point(50, 15.2, 15.9),
                        new Curve.Point(90, 16.8, 19.1),
                        new Curve.Point(99, 21.3, 44.7))))
            : List.of();
    Section.Findings findings = new Section.Findings(List.of(measures), trends, curves, checks, List.of(), List.of());
    return new Section(
        id, title, "llama-server", "What was done.", List.of("./panallama serve --port 1"), findings, failure);
  }

  /** One measure behind, one with no clear difference, two ahead, one with too few rounds. */
  static ReportData data() {
    return data(
        section("engine", "Single stream", "", measure("tg128", Better.HIGHER, 98.1, 99.2, 98.4, 97.9, 98.3)),
        section(
            "chat",
            "Chat",
            "",
            List.of(new Section.Check(true, "4 streams: both read 512 and wrote 512 tokens.")),
            measure("1 stream, tokens/s", Better.HIGHER, 97, 103, 99, 101, 100),
            measure("4 streams, tokens/s", Better.HIGHER, 106, 108, 111, 107, 107),
            measure("4 streams, ITL p99", Better.LOWER, 48, 52, 41, 61, 50),
            measure("4 streams, TTFT p90", Better.LOWER, 120, 130, 125)));
  }

  static ReportData data(Section... sections) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("measured", "2026-11-21T12:00:00Z");
    facts.put("processor", "Some <processor> & more");
    return new ReportData(
        LlamaServer.NAME,
        facts,
        List.of("The machine was busy."),
        List.of(new Term("threads", "--threads 2", "--threads 2 --threads-batch 2", "the same")),
        List.of(sections));
  }
}
