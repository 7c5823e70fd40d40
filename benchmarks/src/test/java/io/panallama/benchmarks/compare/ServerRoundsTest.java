package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.benchmarks.compare.LoadCase.Kind;
import io.panallama.benchmarks.compare.Measure.Better;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerRoundsTest {
  private static final LoadCase ONE = new LoadCase(Kind.CHAT, 1);
  private static final LoadCase FOUR = new LoadCase(Kind.CHAT, 4);
  private static final LoadCase SHARED = new LoadCase(Kind.SHARED, 8);

  private final List<String> runs = new ArrayList<>();
  private final Side ours = new Side("ours");
  private final Side theirs = new Side("theirs");

  private static final class Side implements ServerRounds.Side {
    private final URI address;
    private Duration time = Duration.ZERO;
    private long switches;

    Side(String name) {
      address = URI.create("http://" + name);
    }

    @Override
    public URI address() {
      return address;
    }

    @Override
    public ProcessUse use() {
      return new ProcessUse(time, Map.of(7L, switches));
    }
  }

  private static Sample sample(double rate, long answers, String... problems) {
    return new Sample(
        List.of(
            new Sample.Value("tokens/s", "tokens/s", Better.HIGHER, rate),
            new Sample.Value("TTFT p50", "ms", Better.LOWER, 20)),
        List.of(new Sample.Distribution("ITL", List.of(50.0, 99.0), List.of(10.0, 10.0))),
        new Sample.Work(100, 10, answers, answers),
        2 * answers,
        List.of(problems),
        Map.of("rate", rate));
  }

  private static Sample withPrompt(long tokens) {
    Sample sample = sample(90, 50);
    return new Sample(
        sample.values(),
        sample.curves(),
        new Sample.Work(tokens, 0, 50, 50),
        sample.generated(),
        sample.problems(),
        sample.raw());
  }

  /** Ours is always at 90, theirs at 100. */
  private Sample run(URI server, LoadCase load, int round) {
    runs.add(server.getHost() + " " + load.kind().id() + " " + load.streams() + " round " + round);
    return sample(server.getHost().equals("ours") ? 90 : 100, 50);
  }

  private ServerRounds rounds(ServerRounds.Driver driver) {
    return new ServerRounds("llama-server", driver, ours, theirs, line -> {});
  }

  private static Section section(ServerRounds rounds, Kind kind) {
    return rounds.section(kind, "method", List.of(), List.of());
  }

  @Test
  void everyLoadGoesToBothAndEachIsFirstInTurns() throws InterruptedException {
    ServerRounds rounds = rounds(this::run);
    rounds.run(List.of(ONE, FOUR), 2);
    assertThat(runs)
        .containsExactly(
            "ours chat 4 round -1",
            "theirs chat 4 round -1",
            "ours chat 1 round 0",
            "theirs chat 1 round 0",
            "theirs chat 4 round 0",
            "ours chat 4 round 0",
            "theirs chat 1 round 1",
            "ours chat 1 round 1",
            "ours chat 4 round 1",
            "theirs chat 4 round 1");
  }

  @Test
  void aSectionHasMeasuresTrendsAndCurvesOfItsLoads() throws InterruptedException {
    ServerRounds rounds = rounds(this::run);
    rounds.run(List.of(ONE, FOUR, SHARED), 3);
    Section chat = section(rounds, Kind.CHAT);
    assertThat(chat.isWhole()).isTrue();
    assertThat(chat.findings().measures().stream().map(Measure::name))
        .containsExactly("1 stream, tokens/s", "1 stream, TTFT p50", "4 streams, tokens/s", "4 streams, TTFT p50");
    assertThat(chat.findings().measures().getFirst().ratios()).containsExactly(0.9, 0.9, 0.9);
    assertThat(chat.findings().trends().stream().map(Trend::title)).containsExactly("tokens/s", "TTFT p50");
    assertThat(chat.findings().curves().stream().map(Curve::title)).containsExactly("ITL, 1 stream", "ITL, 4 streams");
    assertThat(chat.findings().curves().getFirst().points().getLast().theirs()).isEqualTo(10);
    Section shared = section(rounds, Kind.SHARED);
    assertThat(shared.findings().measures()).hasSize(2);
    assertThat(shared.findings().trends()).isEmpty();
    assertThat(shared.findings().raw()).hasSize(3);
  }

  @Test
  void aLoadThatFailsEndsItsOwnSectionOnly() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) -> {
          if (load.equals(FOUR) && round == 1) {
            throw new CompareException("it has ended");
          }
          return run(server, load, round);
        });
    rounds.run(List.of(ONE, FOUR, SHARED), 3);
    Section chat = section(rounds, Kind.CHAT);
    assertThat(chat.failure()).isEqualTo("4 streams, round 2: it has ended");
    assertThat(chat.isWhole()).isFalse();
    assertThat(chat.findings().measures().getFirst().rounds()).hasSize(2);
    assertThat(section(rounds, Kind.SHARED).failure()).isEmpty();
    assertThat(section(rounds, Kind.SHARED).findings().measures().getFirst().rounds()).hasSize(3);
  }

  @Test
  void unequalWorkAndProblemsAreNotEqualTerms() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) ->
            server.getHost().equals("ours") ? sample(90, 50) : sample(100, 49, "1 of 8 requests failed: status 500"));
    rounds.run(List.of(ONE), 2);
    Section chat = section(rounds, Kind.CHAT);
    assertThat(chat.isWhole()).isFalse();
    assertThat(chat.findings().checks().stream().map(Section.Check::text))
        .containsExactly(
            "1 stream: in 2 rounds ours read 200 tokens (20 of them from its cache) and wrote 100, llama-server 200"
                + " (20) and 98, by their own count.",
            "1 stream: llama-server: 1 of 8 requests failed: status 500");
  }

  @Test
  void aServerThatIsBusyInTheOthersTurnIsNoticed() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) -> {
          if (server.getHost().equals("ours")) {
            theirs.time = theirs.time.plusSeconds(60);
          }
          return run(server, load, round);
        });
    assertThat(rounds.idleCheck().holds()).isTrue();
    rounds.run(List.of(ONE), 1);
    assertThat(rounds.idleCheck().holds()).isFalse();
    assertThat(rounds.idleCheck().text()).contains("ours used 0.0 %");
  }

  @Test
  void eventsThatArriveInOneReadAreNoFailure() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) -> {
          boolean zero = round == 1 && server.getHost().equals("ours");
          return new Sample(
              List.of(
                  new Sample.Value("tokens/s", "tokens/s", Better.HIGHER, 90),
                  new Sample.Value("ITL p50", "ms", Better.LOWER, zero ? 0 : 1.5)),
              List.of(new Sample.Distribution("ITL", List.of(50.0, 99.0), List.of(0.0, 0.0))),
              new Sample.Work(100, 10, 50, 50),
              100,
              List.of(),
              Map.of());
        });
    rounds.run(List.of(ONE), 3);
    Section chat = section(rounds, Kind.CHAT);
    assertThat(chat.failure()).isEmpty();
    assertThat(chat.findings().checks()).allMatch(Section.Check::holds);
    assertThat(chat.isWhole()).isTrue();
    assertThat(chat.findings().measures().stream().map(Measure::name)).containsExactly("1 stream, tokens/s");
    assertThat(chat.findings().notes())
        .containsExactly(
            "1 stream, ITL p50 is not compared: it was 0 in 1 of 3 rounds, as the time between events is when several"
                + " arrive in one read.");
    assertThat(HtmlReport.of(Fixture.data(chat), "report.json")).contains(chat.findings().notes().getFirst());
  }

  @Test
  void aZeroIsNoRatioAndCostsNoOtherMeasure() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) -> server.getHost().equals("ours") ? sample(90, 50) : sample(0, 50));
    rounds.run(List.of(ONE), 1);
    Section chat = section(rounds, Kind.CHAT);
    assertThat(chat.isWhole()).isFalse();
    assertThat(chat.findings().checks().stream().map(Section.Check::text))
        .anyMatch(text -> text.startsWith("1 stream, tokens/s: theirs is 0.0"));
    assertThat(chat.findings().measures().stream().map(Measure::name)).containsExactly("1 stream, TTFT p50");
  }

  @Test
  void whatTheProcessorDidIsCountedPerTokenOfAllRequests() throws InterruptedException {
    ServerRounds rounds =
        rounds((server, load, round) -> {
          Side side = server.getHost().equals("ours") ? ours : theirs;
          side.time = side.time.plusMillis(server.getHost().equals("ours") ? 100 : 200);
          side.switches += server.getHost().equals("ours") ? 50 : 300;
          return run(server, load, round);
        });
    rounds.run(List.of(ONE), 2);
    List<Measure> measures = section(rounds, Kind.CHAT).findings().measures();
    assertThat(measures.stream().map(Measure::name))
        .containsExactly(
            "1 stream, tokens/s",
            "1 stream, TTFT p50",
            "1 stream, CPU time per token",
            "1 stream, context switches per token");
    // 50 tokens are measured and as many belong to the warm-up.
    assertThat(measures.get(2).rounds()).containsExactly(new Measure.Round(1, 2), new Measure.Round(1, 2));
    assertThat(measures.get(3).rounds()).containsExactly(new Measure.Round(0.5, 3), new Measure.Round(0.5, 3));
    assertThat(measures.get(3).ratio().median()).isEqualTo(6);
  }

  @Test
  void theOtherServerIsAskedBeforeTheFirstRoundAndItsAnswerIsANote() throws InterruptedException {
    ServerRounds rounds =
        rounds(
            new ServerRounds.Driver() {
              @Override
              public Sample run(URI server, LoadCase load, int round) {
                return ServerRoundsTest.this.run(server, load, round);
              }

              @Override
              public void prepare(URI server, LoadCase load) {
                runs.add("prepared for " + load.kind().id() + " by " + server.getHost());
              }

              @Override
              public List<String> notes(Kind kind) {
                return List.of("a note");
              }
            });
    rounds.run(List.of(ONE), 1);
    assertThat(runs).startsWith("prepared for chat by theirs", "ours chat 1 round -1");
    assertThat(section(rounds, Kind.CHAT).findings().notes()).containsExactly("a note");
  }

  @Test
  void promptsThatRepeatAnswersMayDifferALittle() throws InterruptedException {
    LoadCase turns = new LoadCase(Kind.TURNS, 4);
    for (Map.Entry<LoadCase, Boolean> expected : Map.of(turns, true, ONE, false).entrySet()) {
      ServerRounds rounds = rounds((server, load, round) -> withPrompt(server.getHost().equals("ours") ? 1000 : 1010));
      rounds.run(List.of(expected.getKey()), 1);
      assertThat(section(rounds, expected.getKey().kind()).isWhole()).isEqualTo(expected.getValue());
    }
  }
}
