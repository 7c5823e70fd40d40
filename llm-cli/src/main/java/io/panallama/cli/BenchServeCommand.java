package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
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
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
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

/** {@code panallama bench serve}: a load on any OpenAI-compatible server, and what came of it. */
@Command(
    name = "serve",
    description = "Put a load on any OpenAI-compatible server: latencies, throughput, errors, goodput.")
final class BenchServeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--url", required = true, paramLabel = "URL", description = "The server: http://127.0.0.1:8080")
  private String url = "";

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      description = "chat (default), shared-prefix, agent, burst, intrusion or disconnect.")
  private String scenario = "chat";

  @Option(
      names = "--concurrency",
      split = ",",
      paramLabel = "N",
      description = "Clients (or streams, or requests at once), one row for each number: 1,4,8,16. Default: 1.")
  private List<Integer> concurrency = List.of(1);

  @Option(
      names = "--rate",
      split = ",",
      paramLabel = "PER_SECOND",
      description = "Requests that arrive per second, whether the server keeps up or not; one row for each.")
  private List<Double> rates = List.of();

  @Option(names = "--arrivals", paramLabel = "KIND", description = "With --rate: poisson (default) or constant.")
  private String arrivals = "poisson";

  @Option(
      names = "--max-in-flight",
      paramLabel = "N",
      description = "With --rate: most requests at once; default 1024.")
  private int maxInFlight = 1024;

  @Option(
      names = "--measure",
      paramLabel = "N|TIME",
      description = "How much: a number of requests (64, the default) or a time (30s).")
  private String measure = "64";

  @Option(
      names = "--warmup",
      paramLabel = "N|TIME",
      description = "What comes before and does not count; default 4, or one for each client if that is more.")
  private String warmUp = "4";

  @Option(names = "--rounds", paramLabel = "N", description = "Of burst, intrusion, disconnect; default 3.")
  private int rounds = 3;

  @Option(names = "--prompt-tokens", paramLabel = "N", description = "Of each message; default 128.")
  private int prompt = 128;

  @Option(names = "--answer-tokens", paramLabel = "N", description = "Default 128.")
  private int answer = 128;

  @Option(
      names = "--shared-tokens",
      paramLabel = "N",
      description = "Of the system prompt of shared-prefix and agent; default 512.")
  private int shared = 512;

  @Option(names = "--turns", paramLabel = "N", description = "Of a conversation of agent; default 5.")
  private int turns = 5;

  @Option(
      names = "--spread",
      paramLabel = "SHARE",
      description = "0.5: lengths are evenly distributed between half and one and a half of what they are. Default 0.")
  private double spread;

  @Option(names = "--intruder-tokens", paramLabel = "N", description = "Of the long prompt; default 2048.")
  private int intruder = 2048;

  @Option(
      names = "--intrude-after",
      paramLabel = "N",
      description = "The long prompt comes when every stream has so many tokens; default 32.")
  private int intrudeAfter = 32;

  @Option(names = "--drop-share", paramLabel = "SHARE", description = "Of disconnect: who leaves; default 0.25.")
  private double dropShare = 0.25;

  @Option(
      names = "--slo",
      paramLabel = "LIMITS",
      description = "What a good request keeps: ttft=500ms,itl=50ms,tpot=40ms,e2e=10s, or some of them.")
  private @Nullable String slo;

  @Option(names = "--no-ignore-eos", description = "Let answers end by themselves.")
  private boolean endsAllowed;

  /** Random, because a server that has seen the prompts of an earlier run may have them in its cache. */
  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of prompts, arrivals and who leaves. Default: another one every time; the result names it.")
  private long seed = ThreadLocalRandom.current().nextInt(1_000_000);

  @Option(
      names = "--tokens-per-word",
      paramLabel = "X",
      description = "Instead of asking the server how long its prompts are; the same for two servers.")
  private @Nullable Double tokensPerWord;

  @Option(names = "--api", paramLabel = "KIND", description = "chat (default) or completions.")
  private String api = "chat";

  @Option(names = "--model", paramLabel = "NAME", description = "Default: the first one of /v1/models.")
  private String model = "";

  @Option(names = "--api-key", paramLabel = "KEY", description = "Sent as a bearer token.")
  private String apiKey = "";

  @Option(names = "--header", paramLabel = "NAME=VALUE", description = "A further header; several times.")
  private Map<String, String> headers = Map.of();

  @Option(names = "--body", paramLabel = "JSON", description = "Further fields of every request: '{\"top_k\": 1}'")
  private String body = "{}";

  @Option(names = "--connect-timeout", paramLabel = "TIME", description = "Default 5s.")
  private String connectTimeout = "5s";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Of one request, from sending to its end; default 5m.")
  private String timeout = "5m";

  @Option(names = "--json", paramLabel = "FILE", description = "Write everything but single requests as JSON.")
  private @Nullable Path json;

  @Option(names = "--raw", paramLabel = "FILE", description = "Write every request with all its times, one per line.")
  private @Nullable Path raw;

  BenchServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    LoadTarget target = option("--url", url, text -> LoadTarget.of(URI.create(text)));
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
    // Opened before the load, which may take an hour; emptied after it, so that a failed one leaves what was there.
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

  /** The HTTP client has names that it sets by itself, and characters that it does not send. */
  private Map<String, String> checkedHeaders() {
    headers.forEach((name, value) -> option("--header", name, _ -> HttpRequest.newBuilder().header(name, value)));
    return headers;
  }

  private String checkedKey() {
    if (apiKey.chars().anyMatch(character -> character < ' ' || character > '~')) {
      // Not said which: it is secret.
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
      throw new UsageException(option + ": " + file + " can't be written: " + failure, failure);
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
      throw new UsageException(refused.getMessage() + ".", refused);
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
      throw new UsageException(option + ": " + refused.getMessage() + ".", refused);
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
