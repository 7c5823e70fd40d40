package io.panallama.load.bench;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.ModelConfig;
import io.panallama.load.measure.Machine;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/** A table for people. A column with the same default value everywhere is left out. */
final class TableOutput implements BenchOutput {
  private static final String BETWEEN = " | ";

  private final PrintStream out;
  private final boolean markdown;
  private final List<Column> columns = new ArrayList<>();
  private final Map<String, String> meanings = new LinkedHashMap<>();

  /**
   * A column.
   *
   * @param width the width; negative for text, which is aligned on the left
   */
  private record Column(String title, int width, Function<BenchResult, String> value) {
    String pad(String text) {
      return String.format("%" + width + "s", text);
    }
  }

  TableOutput(PrintStream out, boolean markdown) {
    this.out = out;
    this.markdown = markdown;
  }

  @Override
  public void begin(BenchHead head) {
    printHead(head);
    chooseColumns(head);
    print(columns.stream().map(column -> column.pad(column.title())).toList());
    print(columns.stream().map(this::rule).toList());
  }

  private void printHead(BenchHead head) {
    Machine machine = head.machine();
    String gpus = machine.gpus().isEmpty() ? "no GPU" : String.join(", ", machine.gpus());
    line("panallama " + head.version() + ", llama.cpp " + machine.llama() + ", " + machine.java());
    line(
        machine.time()
            + ", "
            + machine.system()
            + ", "
            + machine.processor()
            + ", "
            + machine.processors()
            + " processors ("
            + machine.cpuLibrary()
            + "), "
            + gpus);
    BenchPlan plan = head.plan();
    String warmUp = plan.warmUp().isZero() ? "no warm-up" : "warm-up " + plan.warmUp().toMillis() / 1e3 + " s";
    line(plan.repetitions() + " repetitions, " + warmUp + "; t/s: mean ± standard deviation");
    if (machine.isBusy()) {
      line(
          String.format(
              Locale.ROOT,
              "The machine is busy (load %.2f), so these are not the figures of an idle machine.",
              machine.load()));
    }
    out.println();
  }

  private void line(String text) {
    out.println(markdown ? "- " + text : text);
  }

  private void chooseColumns(BenchHead head) {
    List<BenchCase> cases = head.cases();
    Path file = cases.getFirst().file();
    boolean hasGpu = !head.machine().gpus().isEmpty();
    add(cases, each -> !each.file().equals(file), "file", -24, result -> name(result.measured().file()));
    add("model", -24, BenchResult::modelDescription);
    add("size", 10, result -> bytes(result.modelBytes()));
    add("params", 8, result -> count(result.modelParameters()));
    add("backend", -7, _ -> head.machine().backend().toUpperCase(Locale.ROOT));
    add(
        cases,
        each -> hasGpu || each.model().gpuLayers() != ModelConfig.ALL_LAYERS,
        "ngl",
        4,
        result -> layers(result.measured().model().gpuLayers()));
    add("threads", 7, result -> Integer.toString(result.engine().threads()));
    EngineConfig first = cases.getFirst().engine();
    add(
        cases,
        each -> each.engine().batchSize() != first.batchSize(),
        "batch",
        6,
        result -> Integer.toString(result.engine().batchSize()));
    add(
        cases,
        each -> each.engine().microBatchSize() != first.microBatchSize(),
        "ubatch",
        6,
        result -> Integer.toString(result.engine().microBatchSize()));
    add(cases, each -> isUnusual(each.engine()), "KV", -9, result -> types(result.engine()));
    add(
        cases,
        each -> each.engine().flashAttention() != FlashAttention.AUTO,
        "fa",
        -4,
        result -> attention(result.engine().flashAttention()));
    add(
        cases,
        each -> each.test().streams() != 1,
        "streams",
        7,
        result -> Integer.toString(result.measured().test().streams()));
    int widest = cases.stream().mapToInt(each -> each.test().name().length()).max().orElse(0);
    add("test", -Math.max("test".length(), widest), result -> result.measured().test().name());
    add(
        "t/s",
        20,
        result -> String.format(Locale.ROOT, "%.2f ± %.2f", result.rate().mean(), result.rate().standardDeviation()));
    add("median", 10, result -> String.format(Locale.ROOT, "%.2f", result.rate().median()));
  }

  private void add(String title, int width, Function<BenchResult, String> value) {
    columns.add(new Column(title, width, value));
  }

  private void add(
      List<BenchCase> cases,
      Predicate<BenchCase> special,
      String title,
      int width,
      Function<BenchResult, String> value) {
    if (cases.stream().anyMatch(special)) {
      add(title, width, value);
    }
  }

  private static boolean isUnusual(EngineConfig engine) {
    return engine.keyType() != KvCacheType.F16 || engine.valueType() != KvCacheType.F16;
  }

  private static String types(EngineConfig engine) {
    String keys = engine.keyType().name().toLowerCase(Locale.ROOT);
    String values = engine.valueType().name().toLowerCase(Locale.ROOT);
    return keys.equals(values) ? keys : keys + "/" + values;
  }

  private static String attention(FlashAttention attention) {
    return switch (attention) {
      case AUTO -> "auto";
      case ENABLED -> "on";
      case DISABLED -> "off";
    };
  }

  private static String layers(int layers) {
    return layers == ModelConfig.ALL_LAYERS ? "all" : Integer.toString(layers);
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static String bytes(long bytes) {
    double mebibytes = bytes / (double) (1 << 20);
    return mebibytes < 1024
        ? String.format(Locale.ROOT, "%.2f MiB", mebibytes)
        : String.format(Locale.ROOT, "%.2f GiB", mebibytes / 1024);
  }

  private static String count(long number) {
    return number < 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f M", number / 1e6)
        : String.format(Locale.ROOT, "%.2f B", number / 1e9);
  }

  /** In Markdown, a colon gives the alignment. */
  private String rule(Column column) {
    String dashes = "-".repeat(Math.abs(column.width()) - 1);
    return markdown ? (column.width() < 0 ? ":" + dashes : dashes + ":") : dashes + "-";
  }

  private void print(List<String> cells) {
    String line = String.join(BETWEEN, cells);
    out.println(markdown ? "| " + line + " |" : line.stripTrailing());
  }

  @Override
  public void add(BenchResult result) {
    BenchTest test = result.measured().test();
    meanings.put(test.streams() == 1 ? test.name() : test.name() + ", several streams", test.measured());
    print(columns.stream().map(column -> column.pad(column.value().apply(result))).toList());
  }

  @Override
  public void end() {
    out.println();
    meanings.forEach((name, meaning) -> line(name + ": " + meaning));
  }
}
