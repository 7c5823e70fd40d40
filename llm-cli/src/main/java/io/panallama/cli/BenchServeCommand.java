package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.panallama.cli.settings.Settings;
import io.panallama.load.Durations;
import io.panallama.load.Extent;
import io.panallama.load.Lengths;
import io.panallama.load.LoadException;
import io.panallama.load.LoadListener;
import io.panallama.load.LoadPlan;
import io.panallama.load.LoadResult;
import io.panallama.load.LoadTable;
import io.panallama.load.LoadTarget;
import io.panallama.load.LoadTest;
import io.panallama.load.PromptScale;
import io.panallama.load.Scenario;
import io.panallama.load.Slo;
import io.panallama.platform.FileTrouble;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.net.http.HttpRequest;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code panallama bench serve}: load-tests any OpenAI-compatible server. */
@Command(
    name = "serve",
    description = "Load-test any OpenAI-compatible server: latencies, throughput, errors, goodput.")
final class BenchServeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "Server to test, such as http://127.0.0.1:8080 or localhost:8080.")
  private String url = "";

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      description = "chat, shared-prefix, agent, burst, intrusion or disconnect. Default: chat.")
  private String scenario = "chat";

  @Option(
      names = "--concurrency",
      split = ",",
      paramLabel = "N",
      description = "Concurrent clients (or streams, or requests), one row for each number: 1,4,8,16. Default: 1.")
  private List<Integer> concurrency = List.of(1);

  @Option(
      names = "--rate",
      split = ",",
      paramLabel = "PER_SECOND",
      description =
          "Requests that arrive per second, whether the server keeps up or not; one row for each. Default: none,"
              + " clients wait for their answers.")
  private List<Double> rates = List.of();

  @Option(
      names = "--arrivals",
      paramLabel = "KIND",
      description = "With --rate: poisson or constant. Default: poisson.")
  private String arrivals = "poisson";

  @Option(
      names = "--max-in-flight",
      paramLabel = "N",
      description = "With --rate: most requests in flight. Default: 1024.")
  private int maxInFlight = 1024;

  @Option(
      names = "--measure",
      paramLabel = "N|TIME",
      description = "How much to measure: a number of requests, or a time such as 30s. Default: 64.")
  private String measure = "64";

  @Option(
      names = "--warmup",
      paramLabel = "N|TIME",
      description = "Requests or time before measuring starts. Default: 4, or one for each client if that is more.")
  private String warmUp = "4";

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds of burst, intrusion and disconnect. Default: 3.")
  private int rounds = 3;

  @Option(names = "--prompt-tokens", paramLabel = "N", description = "Length of each message. Default: 128.")
  private int prompt = 128;

  @Option(names = "--answer-tokens", paramLabel = "N", description = "Length of each answer. Default: 128.")
  private int answer = 128;

  @Option(
      names = "--shared-tokens",
      paramLabel = "N",
      description = "Length of the system prompt of shared-prefix and agent. Default: 512.")
  private int shared = 512;

  @Option(names = "--turns", paramLabel = "N", description = "Turns of each conversation of agent. Default: 5.")
  private int turns = 5;

  @Option(
      names = "--spread",
      paramLabel = "SHARE",
      description = "Spread lengths evenly around their values; 0.5 is from half to one and a half. Default: 0.")
  private double spread;

  @Option(
      names = "--intruder-tokens",
      paramLabel = "N",
      description = "Length of the long prompt of intrusion. Default: 2048.")
  private int intruder = 2048;

  @Option(
      names = "--intrude-after",
      paramLabel = "N",
      description = "Send the long prompt when every stream has this many tokens. Default: 32.")
  private int intrudeAfter = 32;

  @Option(
      names = "--drop-share",
      paramLabel = "SHARE",
      description = "Share of the clients that disconnect in the middle of an answer. Default: 0.25.")
  private double dropShare = 0.25;

  @Option(
      names = "--slo",
      paramLabel = "LIMITS",
      description =
          "Limits that a good request meets: ttft=500ms,itl=50ms,tpot=40ms,e2e=10s, or some of them. Default: none.")
  private @Nullable String slo;

  @Option(
      names = "--no-ignore-eos",
      description = "Let answers end by themselves instead of asking for a fixed length.")
  private boolean endsAllowed;

  /** Random, because a server that has seen the prompts of an earlier run may have them in its cache. */
  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of prompts, arrivals and disconnects. Default: random; the result names it.")
  private long seed = ThreadLocalRandom.current().nextInt(1_000_000);

  @Option(
      names = "--tokens-per-word",
      paramLabel = "X",
      description =
          "Use this ratio instead of measuring how the server tokenizes. Default: measured with two requests.")
  private @Nullable Double tokensPerWord;

  @Option(names = "--api", paramLabel = "KIND", description = "chat or completions. Default: chat.")
  private String api = "chat";

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "Name of the model in requests. Default: the first one of /v1/models.")
  private String model = "";

  @Option(names = "--api-key", paramLabel = "KEY", description = "Key to send as a bearer token. Default: none.")
  private String apiKey = "";

  @Option(
      names = "--header",
      paramLabel = "NAME=VALUE",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "Further header; can be given several times. Default: none.")
  private Map<String, String> headers = Map.of();

  @Option(
      names = "--body",
      paramLabel = "JSON",
      description = "Further fields of every request, such as '{\"top_k\": 1}'. Default: none.")
  private String body = "{}";

  @Option(names = "--connect-timeout", paramLabel = "TIME", description = "Longest time to connect. Default: 5s.")
  private String connectTimeout = "5s";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Longest time of one request, from sending it to its end. Default: 5m.")
  private String timeout = "5m";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write all results except single requests as JSON. Default: none.")
  private @Nullable Path json;

  @Option(
      names = "--raw",
      paramLabel = "FILE",
      description = "Write every request with all its times, one JSON object per line. Default: none.")
  private @Nullable Path raw;

  BenchServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    LoadTarget target = option("--url", url, text -> LoadTarget.of(text));
    target =
        target
            .withChat(choice("--api", api, List.of("chat", "completions")).equals("chat"))
            .withModel(model)
            .withApiKey(checkedKey())
            .withHeaders(checkedHeaders())
            .withFields(option("--body", body, BenchServeCommand::fields))
            .withTimeouts(
                option("--connect-timeout", connectTimeout, Durations::parse),
                option("--timeout", timeout, Durations::parse));
    LoadPlan plan = plan();
    LoadListener progress =
        line -> {
          if (context.errTerminal()) {
            context.err().println(Printable.line(line));
          }
        };
    // Opened before the load test, which may take an hour, and emptied after it, so that a failed test leaves an
    // existing file intact.
    try (FileChannel jsonFile = open("--json", json);
        FileChannel rawFile = open("--raw", raw)) {
      LoadResult result = LoadTest.run(target, plan, progress);
      LoadTable.print(result, context.out());
      write(result, jsonFile, rawFile);
      boolean anyAnswer = result.rows().stream().anyMatch(row -> row.summary().ok() > 0);
      return anyAnswer ? ExitCode.OK : ExitCode.FAILURE;
    } catch (LoadException failure) {
      throw new UsageException(String.valueOf(failure.getMessage()), failure);
    }
  }

  /** The HTTP client sets some headers itself and refuses some characters. */
  private Map<String, String> checkedHeaders() {
    headers.forEach((name, value) -> option("--header", name, _ -> HttpRequest.newBuilder().header(name, value)));
    return headers;
  }

  private String checkedKey() {
    if (apiKey.chars().anyMatch(character -> character < ' ' || character > '~')) {
      // The message does not repeat the value, which is secret.
      throw new UsageException("--api-key: holds a character that is not printable ASCII; a header can't carry it.");
    }
    return apiKey;
  }

  private static @Nullable FileChannel open(String option, @Nullable Path file) {
    if (file == null) {
      return null;
    }
    try {
      return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException failure) {
      throw new UsageException(option + ": " + file + " can't be written: " + FileTrouble.reason(failure), failure);
    }
  }

  private LoadPlan plan() {
    LoadPlan.Builder builder =
        LoadPlan.builder()
            .scenario(scenario())
            .concurrency(concurrency.stream().mapToInt(Integer::intValue).toArray())
            .rates(rates.stream().mapToDouble(Double::doubleValue).toArray())
            .poisson(choice("--arrivals", arrivals, List.of("poisson", "constant")).equals("poisson"))
            .maxInFlight(maxInFlight)
            .extent(option("--measure", measure, Extent::parse))
            .warmUp(option("--warmup", warmUp, Extent::parse))
            .rounds(rounds)
            .intruder(intruder, intrudeAfter)
            .dropShare(dropShare)
            .ignoreEos(!endsAllowed)
            .seed(seed);
    try {
      builder.lengths(new Lengths(prompt, answer, shared, turns, spread));
      if (tokensPerWord != null) {
        builder.scale(new PromptScale(0, tokensPerWord));
      }
      if (slo != null) {
        builder.slo(Slo.parse(slo));
      }
      return builder.build();
    } catch (IllegalArgumentException refused) {
      throw new UsageException(Printable.sentence(refused), refused);
    }
  }

  private Scenario scenario() {
    List<String> names = Arrays.stream(Scenario.values()).map(Scenario::label).toList();
    return Scenario.values()[names.indexOf(choice("--scenario", scenario, names))];
  }

  private static String choice(String option, String value, List<String> allowed) {
    if (!allowed.contains(value)) {
      String words = allowed.stream().collect(Collectors.joining(", "));
      throw new UsageException(option + " is \"" + value + "\"; it must be one of " + words + ".");
    }
    return value;
  }

  private static <T> T option(String option, String value, Function<String, T> parse) {
    try {
      return parse.apply(value);
    } catch (IllegalArgumentException refused) {
      throw new UsageException(option + ": " + Printable.sentence(refused), refused);
    }
  }

  private static Map<String, Object> fields(String text) {
    try {
      return new ObjectMapper().readValue(text, new TypeReference<LinkedHashMap<String, Object>>() {});
    } catch (JsonProcessingException malformed) {
      throw new IllegalArgumentException("not a JSON object: " + malformed.getOriginalMessage(), malformed);
    }
  }

  private static void write(LoadResult result, @Nullable FileChannel jsonFile, @Nullable FileChannel rawFile)
      throws IOException {
    if (jsonFile != null) {
      try (Writer out = emptied(jsonFile)) {
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(out, result.json());
      }
    }
    if (rawFile != null) {
      try (Writer out = emptied(rawFile)) {
        result.writeRequests(out);
      }
    }
  }

  private static Writer emptied(FileChannel file) throws IOException {
    return new BufferedWriter(Channels.newWriter(file.truncate(0), StandardCharsets.UTF_8));
  }
}
