package io.panallama.server.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A strict reader of Prometheus' text format 0.0.4. It accepts what the format's specification allows and no more: every sample
 * belongs to the family before it, a family comes once and with help and type, no series comes twice, buckets increase.
 */
public final class PrometheusText {
  private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
  private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") ((?:[^\\\\\\n]|\\\\\\\\|\\\\n)+)");
  private static final Pattern TYPE =
      Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram|summary|untyped)");
  private static final Pattern SAMPLE = Pattern.compile("(" + NAME + ")(?:\\{(.*)\\})? (\\S+)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\\\\\"\\n]|\\\\\\\\|\\\\\"|\\\\n)*)\"(?:,|$)");
  private static final Pattern NUMBER = Pattern.compile("[+-]?(?:[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|Inf)|NaN");

  /** The value of a series. */
  public record Sample(String name, Map<String, String> labels, double value) {}

  private final Map<String, String> types = new LinkedHashMap<>();
  private final List<Sample> samples = new ArrayList<>();

  private PrometheusText() {}

  /**
   * Reads a whole answer.
   *
   * @throws IllegalArgumentException if it breaks a rule; the message has the line
   */
  public static PrometheusText parse(String text) {
    if (!text.endsWith("\n")) {
      throw new IllegalArgumentException("the last line does not end");
    }
    PrometheusText parsed = new PrometheusText();
    String family = "";
    String helped = "";
    Set<Object> series = new HashSet<>();
    for (String line : text.substring(0, text.length() - 1).split("\n", -1)) {
      Matcher help = HELP.matcher(line);
      Matcher type = TYPE.matcher(line);
      Matcher sample = SAMPLE.matcher(line);
      if (help.matches()) {
        helped = help.group(1);
      } else if (type.matches()) {
        family = type.group(1);
        require(family.equals(helped), "a type without its help", line);
        require(parsed.types.put(family, type.group(2)) == null, "a family that comes twice", line);
      } else if (sample.matches()) {
        Sample read = new Sample(sample.group(1), labels(sample.group(2), line), number(sample.group(3), line));
        String kind = parsed.types.getOrDefault(family, "");
        require(belongs(read, family, kind), "a sample outside of its family " + family, line);
        require(series.add(List.of(read.name, read.labels)), "a series that comes twice", line);
        require(!kind.equals("counter") || read.value >= 0, "a counter below 0", line);
        parsed.samples.add(read);
      } else {
        throw new IllegalArgumentException("no line of the format: " + line);
      }
    }
    parsed.types.forEach((name, kind) -> parsed.checkFamily(name, kind));
    return parsed;
  }

  private static void require(boolean holds, String fault, String line) {
    if (!holds) {
      throw new IllegalArgumentException(fault + ": " + line);
    }
  }

  private static boolean belongs(Sample sample, String family, String kind) {
    return switch (kind) {
      case "histogram" ->
          sample.name.equals(family + "_bucket") && sample.labels.containsKey("le")
              || sample.name.equals(family + "_sum")
              || sample.name.equals(family + "_count");
      case "summary" ->
          sample.name.equals(family) && sample.labels.containsKey("quantile")
              || sample.name.equals(family + "_sum")
              || sample.name.equals(family + "_count");
      default -> sample.name.equals(family);
    };
  }

  private static Map<String, String> labels(String text, String line) {
    Map<String, String> labels = new TreeMap<>();
    if (text == null) {
      return labels;
    }
    Matcher label = LABEL.matcher(text);
    int at = 0;
    while (label.find(at) && label.start() == at) {
      String value = label.group(2).replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
      require(labels.put(label.group(1), value) == null, "a label that comes twice", line);
      at = label.end();
      if (at == text.length()) {
        break;
      }
    }
    require(at == text.length() && !labels.isEmpty(), "labels that can't be read", line);
    return labels;
  }

  private static double number(String text, String line) {
    require(NUMBER.matcher(text).matches(), "no number", line);
    return Double.parseDouble(text.replace("Inf", "Infinity"));
  }

  private void checkFamily(String name, String kind) {
    List<Sample> all = samples.stream().filter(sample -> familyOf(sample).equals(name)).toList();
    require(!all.isEmpty(), "a family without samples", name);
    if (kind.equals("histogram")) {
      Map<Map<String, String>, TreeMap<Double, Double>> buckets = new HashMap<>();
      Map<Map<String, String>, Double> counts = new HashMap<>();
      for (Sample sample : all) {
        Map<String, String> rest = new TreeMap<>(sample.labels);
        String bound = rest.remove("le");
        if (bound != null) {
          buckets.computeIfAbsent(rest, key -> new TreeMap<>()).put(number(bound, name), sample.value);
        } else if (sample.name.endsWith("_count")) {
          counts.put(rest, sample.value);
        }
      }
      require(buckets.keySet().equals(counts.keySet()), "buckets without a count", name);
      buckets.forEach((labels, values) -> {
        double before = 0;
        for (double count : values.values()) {
          require(count >= before, "buckets that decrease", name + labels);
          before = count;
        }
        require(values.containsKey(Double.POSITIVE_INFINITY), "buckets without +Inf", name + labels);
        require(before == counts.get(labels), "a count that is not the last bucket", name + labels);
      });
    }
  }

  private String familyOf(Sample sample) {
    if (types.containsKey(sample.name)) {
      return sample.name;
    }
    return sample.name.replaceFirst("_(?:bucket|sum|count)$", "");
  }

  /** The names of all samples, such as those of buckets. */
  public Set<String> names() {
    Set<String> names = new HashSet<>();
    samples.forEach(sample -> names.add(sample.name));
    return names;
  }

  /** The type of a family. */
  public String type(String family) {
    return types.getOrDefault(family, "");
  }

  /** The label names that samples of this name have. */
  public Set<String> labels(String name) {
    Set<String> labels = new HashSet<>();
    samples.stream()
        .filter(sample -> sample.name.equals(name))
        .forEach(sample -> labels.addAll(sample.labels.keySet()));
    return labels;
  }

  /** The sum of the series of this name that have these labels: names and values in turn. */
  public double value(String name, String... labels) {
    double sum = 0;
    boolean found = false;
    for (Sample sample : samples) {
      boolean fits = sample.name.equals(name);
      for (int i = 0; i < labels.length; i += 2) {
        fits &= labels[i + 1].equals(sample.labels.get(labels[i]));
      }
      if (fits) {
        found = true;
        sum += sample.value;
      }
    }
    if (!found) {
      List<Sample> others = samples.stream().filter(sample -> sample.name.equals(name)).toList();
      throw new AssertionError("There is no " + name + List.of(labels) + " among " + others);
    }
    return sum;
  }
}
