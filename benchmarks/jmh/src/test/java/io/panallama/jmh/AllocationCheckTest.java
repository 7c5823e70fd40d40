package io.panallama.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.runner.RunnerException;

/** Runs benchmarks in JVMs of their own, for a few seconds each. */
@Timeout(300)
class AllocationCheckTest {
  /**
   * The path of a token while nothing begins or ends. The whole check takes minutes: {@code benchmarks/jmh/run
   * --check}.
   */
  private static final List<String> STEADY_STATE =
      List.of(
          "EngineStepBenchmark",
          "SchedulerBenchmark",
          "BatchFillBenchmark",
          "DecodeStepBenchmark",
          "StopMatcherBenchmark",
          "MailboxBenchmark.writeAnd",
          "StreamBenchmark.chunk");

  @TempDir Path folder;

  private AllocationComparison compare(AllocationBaseline baseline, List<String> benchmarks) throws RunnerException {
    return new AllocationCheck(benchmarks, folder.resolve("jmh.log")).compare(baseline);
  }

  @Test
  void aTokenAllocatesNoMoreThanItDid() throws IOException, RunnerException {
    AllocationBaseline baseline = AllocationBaseline.read(Path.of("allocation.txt"));
    AllocationComparison comparison = compare(baseline, STEADY_STATE);
    assertThat(comparison.findings()).hasSizeGreaterThan(STEADY_STATE.size());
    assertThat(comparison.isGood()).as("%s", comparison.findings()).isTrue();
  }

  @Test
  void aBenchmarkThatAllocatesMoreThanItsBaselineIsFound() throws RunnerException {
    String benchmark = "StreamBenchmark.escapePlain";
    AllocationBaseline nothing =
        AllocationBaseline.of(Runtime.version().feature(), Map.of(benchmark, new AllocationBaseline.Range(0, 0)));
    AllocationComparison comparison = compare(nothing, List.of(benchmark));
    assertThat(comparison.names(AllocationComparison.Verdict.MORE)).containsExactly(benchmark);
  }
}
