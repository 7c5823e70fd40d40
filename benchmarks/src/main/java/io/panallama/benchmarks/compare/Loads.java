package io.panallama.benchmarks.compare;

import io.panallama.load.Mix;
import io.panallama.load.Slo;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * The sizes of the loads on the servers. Immutable.
 *
 * @param chat clients that send a request as soon as their last answer is complete
 * @param longerPrompt tokens of a prompt of the second chat
 * @param shared clients with one system prompt
 * @param intrusion a long prompt among running streams
 * @param mixed requests of all lengths that arrive whether or not the server keeps up
 * @param turns conversations
 * @param answers several answers to one prompt
 * @param schemaStreams the numbers of clients that ask for JSON of a schema
 */
record Loads(
    Chat chat,
    int longerPrompt,
    Shared shared,
    Intrusion intrusion,
    Mixed mixed,
    Turns turns,
    Answers answers,
    List<Integer> schemaStreams) {
  /**
   * A request keeps its SLO with a first token after 450 ms and 40 ms per token after it: the limits of MLPerf Inference
   * 5.0 for an interactive chat (Llama 2 70B Interactive).
   */
  static final Slo SLO =
      new Slo(Map.of(Slo.Measure.TTFT, Duration.ofMillis(450), Slo.Measure.TPOT, Duration.ofMillis(40)));

  /** Enough for a verdict on two processors. */
  static final Loads FULL =
      new Loads(
          new Chat(List.of(1, 4, 8, 16), 3, 128, 128),
          288,
          new Shared(512, 8),
          new Intrusion(1024, 4, 512),
          new Mixed(new Mix(16, 1500, 16, 400), 80, Duration.ofSeconds(20), 0.7, OptionalDouble.empty(), SLO),
          new Turns(List.of(4, 8), 16, 8, 64, 64),
          new Answers(List.of(1, 4), 4, 3),
          List.of(4, 16));

  /** The least that shows that everything works. */
  static final Loads QUICK =
      new Loads(
          new Chat(List.of(1, 4), 4, 64, 64),
          144,
          new Shared(256, 4),
          new Intrusion(512, 2, 384),
          new Mixed(new Mix(16, 400, 16, 100), 40, Duration.ofSeconds(3), 0.7, OptionalDouble.empty(), SLO),
          new Turns(List.of(4), 4, 8, 32, 16),
          new Answers(List.of(1), 4, 4),
          List.of(4));

  Loads {
    schemaStreams = List.copyOf(schemaStreams);
  }

  /**
   * A closed loop.
   *
   * @param streams the numbers of clients at a time
   * @param requestsPerStream requests of a client in a round
   * @param prompt tokens of a prompt
   * @param answer tokens of an answer
   */
  record Chat(List<Integer> streams, int requestsPerStream, int prompt, int answer) {
    Chat {
      streams = List.copyOf(streams);
    }
  }

  /**
   * A system prompt that all have in common.
   *
   * @param tokens its length
   * @param streams the number of clients
   */
  record Shared(int tokens, int streams) {}

  /**
   * A long prompt among running streams.
   *
   * @param prompt its tokens
   * @param streams the streams that run when it arrives
   * @param answer tokens of each of their answers, enough to outlast the long prompt
   */
  record Intrusion(int prompt, int streams, int answer) {}

  /**
   * An open loop with Poisson arrivals.
   *
   * @param mix the lengths
   * @param requests requests in a round
   * @param probe the time for which the peer's capacity is measured
   * @param share the share of the peer's capacity that arrives, more than 0
   * @param rate requests per second, instead of a share of the measured capacity
   * @param slo the limits of a good answer
   */
  record Mixed(Mix mix, int requests, Duration probe, double share, OptionalDouble rate, Slo slo) {
    Mixed {
      if (!(share > 0) || rate.isPresent() && !(rate.getAsDouble() > 0)) {
        throw new IllegalArgumentException("the rate of arrivals must be more than 0");
      }
    }

    Mixed with(double newShare, OptionalDouble newRate, Slo newSlo) {
      return new Mixed(mix, requests, probe, newShare, newRate, newSlo);
    }

    /** The requests per second for a peer that answers this many at most. */
    double arrivals(double capacity) {
      return rate.orElse(share * capacity);
    }
  }

  /**
   * Conversations whose every turn appends the answer and a new message.
   *
   * @param streams the numbers of conversations at a time
   * @param conversations conversations in a round
   * @param turns turns of each
   * @param message tokens of a user's message
   * @param answer tokens of an answer
   */
  record Turns(List<Integer> streams, int conversations, int turns, int message, int answer) {
    Turns {
      streams = List.copyOf(streams);
    }
  }

  /**
   * Requests for several answers.
   *
   * @param streams the numbers of requests at a time
   * @param each answers of a request, each of which takes a slot
   * @param requestsPerStream requests of a client in a round
   */
  record Answers(List<Integer> streams, int each, int requestsPerStream) {
    Answers {
      streams = List.copyOf(streams);
    }
  }

  /** The most slots that the loads take at a time, without those that are meant to wait for one. */
  int mostSlots() {
    int chats =
        Stream.of(chat.streams(), turns.streams(), schemaStreams)
            .flatMap(List::stream)
            .mapToInt(Integer::intValue)
            .max()
            .orElse(0);
    int several = answers.each() * answers.streams().stream().mapToInt(Integer::intValue).max().orElse(0);
    // The long prompt runs in addition to its streams.
    return Math.max(Math.max(chats, several), Math.max(shared.streams(), intrusion.streams() + 1));
  }

  Loads withMixed(Mixed newMixed) {
    return new Loads(chat, longerPrompt, shared, intrusion, newMixed, turns, answers, schemaStreams);
  }
}
