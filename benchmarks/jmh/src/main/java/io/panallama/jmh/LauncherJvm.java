package io.panallama.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The settings that all benchmarks inherit: forks with the JVM options of the launcher, as far as they make sense on a
 * class path, and the times of measuring.
 *
 * <p>The last option is JMH's: it uses {@code sun.misc.Unsafe}, and a warning at every start of a JVM would hide other
 * output.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 2,
    jvmArgs = {
      "-XX:+UseSerialGC",
      "-Xshare:auto",
      "--enable-native-access=ALL-UNNAMED",
      "--illegal-native-access=deny",
      "--sun-misc-unsafe-memory-access=allow"
    })
public abstract class LauncherJvm {
  /** Runs the benchmark's threads as virtual ones; for {@code @Fork(jvmArgsAppend)}. */
  public static final String VIRTUAL_THREADS = "-Djmh.executor=VIRTUAL";
}
