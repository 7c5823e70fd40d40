package io.panallama.cli;

import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.platform.CacheFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of an engine that many requests share. */
final class EngineOptions {
  private static final EngineConfig DEFAULTS = EngineConfig.defaults();

  @Option(names = "--slots", paramLabel = "N", description = "How many answers are generated at once. Default: 8.")
  private int slots = DEFAULTS.slots();

  @Option(
      names = "--queue",
      paramLabel = "N",
      description = "How many requests may wait; the next one gets 429. Default: 64.")
  private int queue = DEFAULTS.queueLimit();

  @Option(
      names = "--itl-target",
      paramLabel = "MS",
      description =
          "Milliseconds between two tokens of an answer that new prompts may cause; 0 sets no limit. Default: 50.")
  private long itlTarget = DEFAULTS.itlTarget().toMillis();

  @Option(
      names = "--cache-ram",
      paramLabel = "SIZE",
      converter = Size.class,
      description =
          "Host memory for the KV states of prefixes that had to leave the context, such as 512M; 0 keeps none. "
              + "Default: 1G.")
  private long cacheMemory = DEFAULTS.spill().memoryBytes();

  @Option(
      names = "--cache-disk",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "The same on disk, for what leaves the memory; it lasts over restarts. Default: 0.")
  private @Nullable Long cacheDisk;

  @Option(
      names = "--cache-dir",
      paramLabel = "DIR",
      description = "Where --cache-disk writes. Default: prefixes in Panallama's cache folder.")
  private @Nullable Path cacheFolder;

  /**
   * Sets what these options say.
   *
   * @throws UsageException if they can't be meant so
   */
  void configure(EngineConfig.Builder engine) {
    long longest = EngineConfig.LONGEST_ITL.toMillis();
    if (itlTarget < 0 || itlTarget > longest) {
      throw new UsageException("--itl-target is " + itlTarget + "; it must be 0 to " + longest + ".");
    }
    engine.slots(slots).queueLimit(queue).itlTarget(Duration.ofMillis(itlTarget)).spill(spill());
  }

  private SpillConfig spill() {
    if (cacheFolder != null && cacheDisk == null) {
      throw new UsageException("--cache-dir needs --cache-disk SIZE, which says how much may be written there.");
    }
    SpillConfig memory = SpillConfig.toMemory(cacheMemory);
    if (cacheDisk == null || cacheDisk == 0) {
      return memory;
    }
    return memory.toBuilder()
        .disk(cacheFolder == null ? CacheFolder.root().resolve("prefixes") : cacheFolder, cacheDisk)
        .build();
  }

  /** Bytes, with a unit so that nobody takes them for the mebibytes of llama-server. */
  static final class Size implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d+)([KMGT])(?:iB)?", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "KMGT";

    @Override
    public Long convert(String value) {
      if (value.equals("0")) {
        return 0L;
      }
      Matcher size = SIZE.matcher(value);
      try {
        if (size.matches()) {
          int unit = UNITS.indexOf(Character.toUpperCase(size.group(2).charAt(0)));
          return Math.multiplyExact(Long.parseLong(size.group(1)), 1L << 10 * (unit + 1));
        }
      } catch (ArithmeticException | NumberFormatException tooLarge) {
        throw new TypeConversionException("'" + value + "' is more than any machine has");
      }
      throw new TypeConversionException("'" + value + "' is neither 0 nor a size with its unit, such as 512M or 2G");
    }
  }
}
