package io.panallama.benchmarks.compare;

import io.panallama.load.Extent;
import io.panallama.load.Lengths;
import io.panallama.load.LoadPlan;
import io.panallama.load.Scenario;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the load generator is to do for each load. Immutable. */
record LoadPlans(Loads loads) {
  private static final Extent NONE = new Extent.Requests(0);

  /** A JSON schema whose shortest value is longer than any answer here, so that all answers have the same length. */
  private static final Map<String, Object> SCHEMA =
      object(
          Map.of(
              "entries",
              Map.of(
                  "type",
                  "array",
                  "minItems",
                  64,
                  "maxItems",
                  64,
                  "items",
                  object(
                      Map.of(
                          "kind",
                          Map.of("enum", List.of("order", "return", "question")),
                          "amount",
                          Map.of("type", "integer"),
                          "paid",
                          Map.of("type", "boolean"),
                          "name",
                          Map.of("type", "string", "maxLength", 12))))));

  private static Map<String, Object> object(Map<String, Object> properties) {
    return Map.of(
        "type",
        "object",
        "properties",
        properties,
        "required",
        properties.keySet().stream().sorted().toList(),
        "additionalProperties",
        false);
  }

  /** The fields that requests of this load have in addition. */
  Map<String, Object> fields(LoadCase.Kind kind) {
    return Stream.concat(Stream.of(Map.<String, Object>entry("temperature", 0)), own(kind).entrySet().stream())
        .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  private Map<String, Object> own(LoadCase.Kind kind) {
    return switch (kind) {
      case ANSWERS -> Map.of("n", loads.answers().each());
      case JSON ->
          Map.of(
              "response_format",
              Map.of(
                  "type", "json_schema", "json_schema", Map.of("name", "entries", "strict", true, "schema", SCHEMA)));
      default -> Map.of();
    };
  }

  /**
   * The plan of a load.
   *
   * @param rate requests per second of an open loop
   */
  LoadPlan.Builder plan(LoadCase load, int round, double rate) {
    LoadPlan.Builder plan = LoadPlan.builder().concurrency(load.streams()).seed(seed(load, round));
    Loads.Chat chat = loads.chat();
    return switch (load.kind()) {
      case CHAT, QUEUE -> chat(plan, load, chat.prompt());
      case LONGER_CHAT -> chat(plan, load, loads.longerPrompt());
      case JSON -> chat(plan, load, chat.prompt()).ignoreEos(false); // the grammar has to allow an end
      case MIXED ->
          plan.mix(loads.mixed().mix())
              .rates(rate)
              .slo(loads.mixed().slo())
              .warmUp(NONE)
              .extent(new Extent.Requests(loads.mixed().requests()));
      case TURNS ->
          plan.scenario(Scenario.AGENT)
              .lengths(new Lengths(loads.turns().message(), loads.turns().answer(), 0, loads.turns().turns(), 0))
              .warmUp(NONE)
              .extent(new Extent.Requests(loads.turns().conversations()));
      case ANSWERS ->
          plan.lengths(new Lengths(chat.prompt(), chat.answer(), 0, 1, 0))
              .warmUp(NONE)
              .extent(new Extent.Requests(loads.answers().requestsPerStream() * load.streams()));
      case SHARED ->
          plan.scenario(Scenario.SHARED_PREFIX)
              .lengths(new Lengths(chat.prompt() / 2, chat.answer() / 2, loads.shared().tokens(), 1, 0))
              .warmUp(NONE)
              .extent(new Extent.Requests(chat.requestsPerStream() * load.streams()));
      case INTRUSION ->
          plan.scenario(Scenario.INTRUSION)
              .lengths(new Lengths(chat.prompt(), loads.intrusion().answer(), 0, 1, 0))
              .intruder(loads.intrusion().prompt(), 32)
              .warmUp(NONE)
              .baselineFirst(round % 2 == 0)
              .rounds(1);
    };
  }

  private LoadPlan.Builder chat(LoadPlan.Builder plan, LoadCase load, int prompt) {
    Loads.Chat chat = loads.chat();
    return plan.lengths(new Lengths(prompt, chat.answer(), 0, 1, 0))
        .warmUp(new Extent.Requests(load.streams()))
        .extent(new Extent.Requests(Math.max(6, chat.requestsPerStream() * load.streams())));
  }

  /** A closed loop of the open loop's requests, which tells how many of them a server can answer per second. */
  LoadPlan.Builder capacity(LoadCase load) {
    return LoadPlan.builder()
        .concurrency(load.streams())
        .seed(seed(load, -2))
        .mix(loads.mixed().mix())
        .warmUp(new Extent.Time(loads.mixed().probe().dividedBy(4)))
        .extent(new Extent.Time(loads.mixed().probe()));
  }

  /** Every load of a round has its own prompts, or it would find those of another load in the cache. */
  private static long seed(LoadCase load, int round) {
    return 100_000L * (round + 3) + 1_000L * load.kind().ordinal() + load.streams();
  }
}
