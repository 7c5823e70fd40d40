package io.panallama.load;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The load to put on a server. Immutable; made by a {@link #builder}.
 *
 * <p>Without {@link #rates} every scenario has one row of results for each number in {@link #concurrency}: a closed loop
 * of this many clients, or this many streams or requests at once. With rates, the scenarios that are loops have one row for
 * each rate: an open loop.
 */
public final class LoadPlan {
  private final Builder values;
  private final List<Integer> concurrency;
  private final List<Double> rates;

  private LoadPlan(Builder builder) {
    values = builder;
    concurrency = builder.concurrency;
    rates = builder.rates;
  }

  /** Chat, one client, 64 requests after 4 that do not count, 128 tokens of prompt and 128 of answer. */
  public static Builder builder() {
    return new Builder();
  }

  public Scenario scenario() {
    return values.scenario;
  }

  public List<Integer> concurrency() {
    return concurrency;
  }

  /** Requests per second; empty for a closed loop. */
  public List<Double> rates() {
    return rates;
  }

  boolean poisson() {
    return values.poisson;
  }

  int maxInFlight() {
    return values.maxInFlight;
  }

  public Extent extent() {
    return values.extent;
  }

  public Extent warmUp() {
    return values.warmUp;
  }

  int rounds() {
    return values.rounds;
  }

  public Lengths lengths() {
    return values.lengths;
  }

  Optional<Mix> mix() {
    return values.mix;
  }

  int intruderTokens() {
    return values.intruderTokens;
  }

  int intrudeAfter() {
    return values.intrudeAfter;
  }

  boolean baselineFirst() {
    return values.baselineFirst;
  }

  double dropShare() {
    return values.dropShare;
  }

  boolean ignoreEos() {
    return values.ignoreEos;
  }

  public Slo slo() {
    return values.slo;
  }

  public long seed() {
    return values.seed;
  }

  Optional<PromptScale> scale() {
    return values.scale;
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("scenario", scenario().label());
    json.put("concurrency", rates.isEmpty() ? concurrency : List.of());
    json.put("rates_per_s", rates);
    json.put("arrivals", rates.isEmpty() ? "closed loop" : values.poisson ? "poisson" : "constant");
    json.put("max_in_flight", values.maxInFlight);
    json.put("extent", values.extent.toString());
    json.put("warm_up", values.warmUp.toString());
    json.put("rounds", values.rounds);
    json.putAll(values.lengths.json());
    values.mix.ifPresent(mix -> json.put("mix", mix.json()));
    json.put("intruder_tokens", values.intruderTokens);
    json.put("intrude_after_events", values.intrudeAfter);
    json.put("baseline_first", values.baselineFirst);
    json.put("drop_share", values.dropShare);
    json.put("ignore_eos_wanted", values.ignoreEos);
    json.put("slo", values.slo.json());
    json.put("seed", values.seed);
    return json;
  }

  /** Collects the values of a plan. Not safe for use by several threads. */
  public static final class Builder implements Cloneable {
    private Scenario scenario = Scenario.CHAT;
    private List<Integer> concurrency = List.of(1);
    private List<Double> rates = List.of();
    private boolean poisson = true;
    private int maxInFlight = 1024;
    private Extent extent = new Extent.Requests(64);
    private Extent warmUp = new Extent.Requests(4);
    private int rounds = 3;
    private Lengths lengths = new Lengths(128, 128, 512, 5, 0);
    private int intruderTokens = 2048;
    private int intrudeAfter = 32;
    private boolean baselineFirst = true;
    private double dropShare = 0.25;
    private boolean ignoreEos = true;
    private Slo slo = Slo.none();
    private long seed = 1;
    private Optional<PromptScale> scale = Optional.empty();
    private Optional<Mix> mix = Optional.empty();

    private Builder() {}

    public Builder scenario(Scenario value) {
      scenario = value;
      return this;
    }

    /** How many clients, one row of results for each. */
    public Builder concurrency(int... values) {
      concurrency = IntStream.of(values).boxed().toList();
      return this;
    }

    /** Requests per second, one row of results for each; none for a closed loop. */
    public Builder rates(double... values) {
      rates = Arrays.stream(values).boxed().toList();
      return this;
    }

    /** Whether arrivals of an open loop are random (the default) or evenly spaced. */
    public Builder poisson(boolean value) {
      poisson = value;
      return this;
    }

    /** How many requests of an open loop may run at once; the next ones wait, which is part of their latency. */
    public Builder maxInFlight(int value) {
      maxInFlight = value;
      return this;
    }

    /** How much is measured, in a loop. */
    public Builder extent(Extent value) {
      extent = value;
      return this;
    }

    /**
     * The load before the measurement. A number of requests, other than 0, includes at least one for each client of a closed
     * loop; in an open loop that many must complete before measuring begins. Scenarios of rounds have one
     * round of warm-up, or none.
     */
    public Builder warmUp(Extent value) {
      warmUp = value;
      return this;
    }

    /** How often bursts, intrusions and waves of disconnects are repeated. */
    public Builder rounds(int value) {
      rounds = value;
      return this;
    }

    public Builder lengths(Lengths value) {
      lengths = value;
      return this;
    }

    /** Gives the requests of {@link Scenario#CHAT} and {@link Scenario#SHARED_PREFIX} these lengths instead of {@link #lengths}. */
    public Builder mix(Mix value) {
      mix = Optional.of(value);
      return this;
    }

    /**
     * The prompt of {@link Scenario#INTRUSION}.
     *
     * @param tokens its length
     * @param afterEvents the prompt is sent when every stream has had this many events
     */
    public Builder intruder(int tokens, int afterEvents) {
      intruderTokens = tokens;
      intrudeAfter = afterEvents;
      return this;
    }

    /**
     * Whether the first measured round of {@link Scenario#INTRUSION} runs the streams alone before it runs them with the
     * long prompt; every other round has the opposite order. Callers that run single rounds alternate this themselves.
     */
    public Builder baselineFirst(boolean value) {
      baselineFirst = value;
      return this;
    }

    /** The share of the requests of {@link Scenario#DISCONNECT} that is dropped, 0 to 1. */
    public Builder dropShare(double value) {
      dropShare = value;
      return this;
    }

    /** Whether to ask for answers of full length with {@code ignore_eos}, if the server accepts it. */
    public Builder ignoreEos(boolean value) {
      ignoreEos = value;
      return this;
    }

    public Builder slo(Slo value) {
      slo = value;
      return this;
    }

    /** The seed of prompts, arrivals and disconnects. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** How many tokens words have, instead of asking the server; two servers then get the very same prompts. */
    public Builder scale(PromptScale value) {
      scale = Optional.of(value);
      return this;
    }

    /**
     * @throws IllegalArgumentException if a value is out of its range, or rates are given for a scenario that is no loop
     */
    public LoadPlan build() {
      require(!concurrency.isEmpty() && concurrency.stream().allMatch(n -> n >= 1), "concurrency", "1 or more");
      require(rates.stream().allMatch(rate -> rate > 0 && rate <= 1e6), "rate", "more than 0, at most 1000000");
      require(maxInFlight >= 1, "max-in-flight", "at least 1");
      require(rounds >= 1, "rounds", "at least 1");
      require(intruderTokens >= 1, "intruder-tokens", "at least 1");
      require(intrudeAfter >= 1, "intrude-after", "at least 1");
      require(dropShare >= 0 && dropShare <= 1, "drop-share", "0 to 1");
      require(
          !extent.equals(new Extent.Requests(0)) && !extent.equals(new Extent.Time(Duration.ZERO)),
          "what is measured",
          "more than 0");
      require(rates.isEmpty() || scenario.isLoop(), "rate", "left out: " + scenario.label() + " has no arrivals");
      try {
        return new LoadPlan((Builder) clone());
      } catch (CloneNotSupportedException impossible) {
        throw new IllegalStateException(impossible);
      }
    }

    private static void require(boolean condition, String what, String allowed) {
      if (!condition) {
        throw new IllegalArgumentException(what + " must be " + allowed);
      }
    }
  }
}
