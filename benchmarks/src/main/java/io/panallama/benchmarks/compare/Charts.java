package io.panallama.benchmarks.compare;

import static io.panallama.benchmarks.compare.Markup.px;

import io.panallama.load.measure.Spread;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The plots of a report, as SVG that needs no script.
 *
 * <p>The colours are two of Okabe and Ito's, which people with any kind of colour vision can tell apart; shape, dash and
 * position carry the same information.
 */
final class Charts {
  static final String OURS = "#0072b2";
  static final String THEIRS = "#d55e00";
  private static final String NEITHER = "#555555";

  /** The width of a letter at 12 pixels, slightly above the average. */
  private static final double LETTER = 6.7;

  private static final double SMALL_WIDTH = 440;
  private static final double SMALL_HEIGHT = 270;

  private Charts() {}

  /**
   * A row of an interval plot.
   *
   * @param label the text in front of the row
   * @param measure the measure whose ratio is drawn
   */
  record Interval(String label, Measure measure) {}

  /**
   * The ratio of every measure: a ring for each round, a bar for the interquartile range, a diamond for the median.
   *
   * @param name the text alternative for readers that cannot see the plot
   * @param rows from top to bottom, at least one
   */
  static void intervals(Markup out, String name, List<Interval> rows) {
    double width = 900;
    double left = 16 + LETTER * rows.stream().mapToInt(row -> row.label().length()).max().orElseThrow();
    double right = width - 62;
    double top = 26;
    double rowHeight = 22;
    double bottom = top + rowHeight * rows.size() + 4;
    List<Spread> spreads = rows.stream().map(row -> row.measure().ratio()).toList();
    Scale scale =
        Scale.ratios(
            spreads.stream().mapToDouble(Spread::min).min().orElseThrow(),
            spreads.stream().mapToDouble(Spread::max).max().orElseThrow(),
            left,
            right);
    double one = scale.at(1);
    start(out, name, width, bottom + 44);
    rectangle(out, left, top, one - left, bottom - top, "behind");
    rectangle(out, one, top, right - one, bottom - top, "ahead");
    label(out, left + 4, 17, "start", "◀ behind");
    label(out, right - 4, 17, "end", "ahead ▶");
    for (double tick : scale.ticks()) {
      line(out, scale.at(tick), top, scale.at(tick), bottom, tick == 1 ? "one" : "grid");
      label(out, scale.at(tick), bottom + 16, "middle", Numbers.tick(tick));
    }
    label(
        out,
        (left + right) / 2,
        bottom + 36,
        "middle",
        "ratio ours/theirs per round (above 1 = ours better), logarithmic");
    for (int i = 0; i < rows.size(); i++) {
      double y = top + rowHeight * (i + 0.5) + 2;
      label(out, left - 8, y + 4, "end", rows.get(i).label());
      interval(out, rows.get(i).measure(), scale, y);
      label(out, right + 8, y + 4, "start", Numbers.ratio(spreads.get(i).median()));
    }
    out.end();
  }

  private static void interval(Markup out, Measure measure, Scale scale, double y) {
    Spread spread = measure.ratio();
    String color =
        switch (measure.verdict()) {
          case BEHIND -> THEIRS;
          case EVEN, UNDECIDED -> NEITHER;
          case AHEAD -> OURS;
        };
    double first = scale.at(spread.quantile(0.25));
    double third = scale.at(spread.quantile(0.75));
    out.empty(
        "line",
        "x1",
        px(scale.at(spread.min())),
        "y1",
        px(y),
        "x2",
        px(scale.at(spread.max())),
        "y2",
        px(y),
        "stroke",
        color);
    out.empty(
        "rect",
        "x",
        px(first),
        "y",
        px(y - 4),
        "width",
        px(Math.max(1, third - first)),
        "height",
        "8",
        "fill",
        color,
        "fill-opacity",
        "0.3");
    for (double ratio : measure.ratios()) {
      out.empty("circle", "cx", px(scale.at(ratio)), "cy", px(y), "r", "2.5", "fill", "#ffffff", "stroke", color);
    }
    double x = scale.at(spread.median());
    out.empty("path", "d", "M" + px(x) + " " + px(y - 6) + "l5 6l-5 6l-5 -6z", "fill", color, "stroke", "#ffffff");
  }

  /** Plots both sides over another quantity: medians, with whiskers from the worst to the best round. */
  static void trend(Markup out, Trend trend, String rival) {
    List<Trend.Point> points = trend.points();
    double most =
        points.stream()
            .mapToDouble(point -> Math.max(point.measure().ours().max(), point.measure().theirs().max()))
            .max()
            .orElseThrow();
    Plot plot = Plot.small(Scale.linear(most, SMALL_HEIGHT - 46, 34), points.size());
    start(out, trend.title() + ", ours and " + rival, SMALL_WIDTH, SMALL_HEIGHT);
    plot.frame(out, points.stream().map(Trend.Point::at).toList(), trend.over(), trend.unit(), rival);
    whiskers(out, plot, points.stream().map(point -> point.measure().theirs()).toList(), THEIRS, 3);
    whiskers(out, plot, points.stream().map(point -> point.measure().ours()).toList(), OURS, -3);
    plot.lines(out, points, point -> point.measure().ours().median(), point -> point.measure().theirs().median());
    out.end();
  }

  private static void whiskers(Markup out, Plot plot, List<Spread> spreads, String color, double aside) {
    for (int i = 0; i < spreads.size(); i++) {
      double x = plot.x(i) + aside;
      out.empty(
          "line",
          "x1",
          px(x),
          "y1",
          px(plot.y().at(spreads.get(i).min())),
          "x2",
          px(x),
          "y2",
          px(plot.y().at(spreads.get(i).max())),
          "stroke",
          color);
    }
  }

  /** Percentiles of both sides. */
  static void curve(Markup out, Curve curve, String rival) {
    List<Curve.Point> points = curve.points();
    double most = points.stream().mapToDouble(point -> Math.max(point.ours(), point.theirs())).max().orElseThrow();
    // Events that arrived in one read are 0 apart, which a logarithmic axis cannot show.
    double floor = Math.max(0.01, most / 1000);
    double top = Math.max(most, 2 * floor);
    double least = points.stream().mapToDouble(point -> Math.min(point.ours(), point.theirs())).min().orElseThrow();
    boolean cut = least < floor;
    Plot plot = Plot.small(Scale.logarithmic(Math.max(floor, least), top, SMALL_HEIGHT - 46, 34), points.size());
    start(out, curve.title() + ", ours and " + rival, SMALL_WIDTH, SMALL_HEIGHT);
    plot.frame(
        out,
        points.stream().map(point -> "p" + Numbers.tick(point.percentile())).toList(),
        cut ? "percentile; values below " + Numbers.tick(floor) + " are drawn there" : "percentile",
        curve.unit() + ", logarithmic",
        rival);
    plot.lines(out, points, point -> Math.max(floor, point.ours()), point -> Math.max(floor, point.theirs()));
    out.end();
  }

  /**
   * The geometry of a small plot.
   *
   * @param y the vertical axis
   * @param count the number of places on the horizontal axis
   */
  private record Plot(Scale y, int count) {
    private static final double LEFT = 58;
    private static final double RIGHT = SMALL_WIDTH - 14;
    private static final double BOTTOM = SMALL_HEIGHT - 46;

    static Plot small(Scale y, int count) {
      return new Plot(y, count);
    }

    double x(int place) {
      return LEFT + (RIGHT - LEFT) * (place + 0.5) / count;
    }

    void frame(Markup out, List<String> places, String over, String unit, String rival) {
      for (double tick : y.ticks()) {
        line(out, LEFT, y.at(tick), RIGHT, y.at(tick), "grid");
        label(out, LEFT - 6, y.at(tick) + 4, "end", Numbers.tick(tick));
      }
      line(out, LEFT, BOTTOM, RIGHT, BOTTOM, "axis");
      for (int i = 0; i < places.size(); i++) {
        label(out, x(i), BOTTOM + 16, "middle", places.get(i));
      }
      label(out, (LEFT + RIGHT) / 2, BOTTOM + 36, "middle", over);
      label(out, 4, 16, "start", unit);
      double end = RIGHT - LETTER * rival.length();
      line(out, end - 32, 12, end - 6, 12, "theirs");
      square(out, end - 19, 12);
      label(out, RIGHT, 16, "end", rival);
      line(out, end - 108, 12, end - 82, 12, "ours");
      circle(out, end - 95, 12);
      label(out, end - 76, 16, "start", "ours");
    }

    <T> void lines(Markup out, List<T> points, ToDoubleFunction<T> ours, ToDoubleFunction<T> theirs) {
      out.empty("path", "class", "theirs", "d", path(points, theirs));
      out.empty("path", "class", "ours", "d", path(points, ours));
      for (int i = 0; i < points.size(); i++) {
        square(out, x(i), y.at(theirs.applyAsDouble(points.get(i))));
        circle(out, x(i), y.at(ours.applyAsDouble(points.get(i))));
      }
    }

    private <T> String path(List<T> points, ToDoubleFunction<T> value) {
      StringBuilder path = new StringBuilder();
      for (int i = 0; i < points.size(); i++) {
        path.append(i == 0 ? 'M' : 'L')
            .append(px(x(i)))
            .append(' ')
            .append(px(y.at(value.applyAsDouble(points.get(i)))));
      }
      return path.toString();
    }

    private static void circle(Markup out, double x, double y) {
      out.empty("circle", "cx", px(x), "cy", px(y), "r", "4", "fill", OURS);
    }

    private static void square(Markup out, double x, double y) {
      out.empty(
          "rect",
          "x",
          px(x - 4),
          "y",
          px(y - 4),
          "width",
          "8",
          "height",
          "8",
          "fill",
          "#ffffff",
          "stroke",
          THEIRS,
          "stroke-width",
          "2");
    }
  }

  private static void start(Markup out, String name, double width, double height) {
    out.start(
        "svg",
        "viewBox",
        "0 0 " + px(width) + " " + px(height),
        "width",
        px(width),
        "height",
        px(height),
        "role",
        "img",
        "aria-label",
        name);
    out.element("title", name);
  }

  private static void rectangle(Markup out, double x, double y, double width, double height, String type) {
    out.empty("rect", "x", px(x), "y", px(y), "width", px(width), "height", px(height), "class", type);
  }

  private static void line(Markup out, double x1, double y1, double x2, double y2, String type) {
    out.empty("line", "x1", px(x1), "y1", px(y1), "x2", px(x2), "y2", px(y2), "class", type);
  }

  private static void label(Markup out, double x, double y, String anchor, String text) {
    out.element("text", text, "x", px(x), "y", px(y), "text-anchor", anchor);
  }
}
