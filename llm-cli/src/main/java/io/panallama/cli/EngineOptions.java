package io.panallama.cli;

import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.platform.CacheFolder;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of an engine that many requests share. */
final class EngineOptions {
  private static final EngineConfig DEFAULTS = EngineConfig.defaults();

  @Option(
      names = "--slots",
      paramLabel = "N",
      arity = "0..1",
      fallbackValue = "auto",
      converter = Slots.class,
      description = "Answers generated at the same time. Default: 8.")
  private @Nullable Integer slots;

  /** llama-server's name: its own {@code --slots} is a flag that shows them, often given together with this. */
  @Option(
      names = {"-np", "--parallel"},
      hidden = true,
      converter = Slots.class,
      description = "llama-server's: as --slots.")
  private @Nullable Integer parallel;

  @Option(
      names = "--queue",
      paramLabel = "N",
      description = "Requests that may wait; the next one gets 429. Default: 64.")
  private int queue = DEFAULTS.queueLimit();

  @Option(
      names = {"--queue-tokens", "--max-queue-tokens"},
      paramLabel = "N",
      description =
          "Tokens that the prompts of waiting requests may have together; a request with which they would have more"
              + " gets 429, unless none waits. 0 sets no limit. Default: 0.")
  private int queueTokens = DEFAULTS.queueTokenLimit();

  @Option(
      names = "--itl-target",
      paramLabel = "MS",
      description =
          "Longest gap, in ms, that processing new prompts may cause between two tokens of a running answer; 0 means no"
              + " limit. Default: 50.")
  private long itlTarget = DEFAULTS.itlTarget().toMillis();

  @Option(
      names = "--ttft-target",
      paramLabel = "MS",
      description =
          "Time to first token, in ms: a prompt that by itself would need more than 0.4 of it may make running answers"
              + " wait up to three times --itl-target. Default: 500.")
  private long ttftTarget = DEFAULTS.ttftTarget().toMillis();

  @Option(
      names = {"-cram", "--cache-ram"},
      paramLabel = "SIZE",
      converter = CacheSize.class,
      description =
          "Host memory for the KV states of prefixes that were evicted from the context, such as 512M, or a number of"
              + " mebibytes; 0 keeps none, -1 sets no limit but the engine's, an eighth of the free memory. Default:"
              + " 1G.")
  private long cacheMemory = DEFAULTS.spill().memoryBytes();

  @Option(
      names = "--cache-disk",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "Disk space for prefixes evicted from that memory; they survive restarts. Default: 0.")
  private @Nullable Long cacheDisk;

  @Option(
      names = {"--cache-disk-dir", "--cache-dir"},
      paramLabel = "DIR",
      description = "Where --cache-disk writes. Default: prefixes in Panallama's cache folder.")
  private @Nullable Path cacheFolder;

  @Option(
      names = "--no-prefix-reuse",
      description = "Compute every prompt anew, instead of sharing the KV cells of prompts with the same beginning.")
  private boolean noPrefixReuse;

  @Option(
      names = "--mailbox",
      paramLabel = "TOKENS",
      description = "Tokens that an answer may be ahead of its reader before it is paused. Default: 256.")
  private int mailbox = DEFAULTS.mailboxCapacity();

  private static Duration target(String option, long millis, Duration longest) {
    if (millis < 0 || millis > longest.toMillis()) {
      throw new UsageException(option + " is " + millis + "; it must be 0 to " + longest.toMillis() + ".");
    }
    return Duration.ofMillis(millis);
  }

  /**
   * Applies these options.
   *
   * @throws UsageException if they contradict each other
   */
  void configure(EngineConfig.Builder engine) {
    engine
        .slots(slots())
        .queueLimit(queue)
        .queueTokenLimit(queueTokens)
        .itlTarget(target("--itl-target", itlTarget, EngineConfig.LONGEST_ITL))
        .ttftTarget(target("--ttft-target", ttftTarget, EngineConfig.LONGEST_TTFT))
        .mailboxCapacity(mailbox)
        .spill(spill());
    if (noPrefixReuse) {
      engine.reusePrefixes(false);
    }
  }

  /** Under either name; llama-server's scripts give the first one as a flag, too. */
  private int slots() {
    if (slots != null && parallel != null && !slots.equals(parallel) && slots != DEFAULTS.slots()) {
      throw new UsageException(
          "--slots is " + slots + " and --parallel is " + parallel + "; both are the number of slots, so give one.");
    }
    return parallel != null ? parallel : slots != null ? slots : DEFAULTS.slots();
  }

  private SpillConfig spill() {
    if (cacheFolder != null && cacheDisk == null) {
      throw new UsageException("--cache-disk-dir needs --cache-disk SIZE, which says how much may be written there.");
    }
    SpillConfig memory = SpillConfig.toMemory(cacheMemory);
    if (cacheDisk == null || cacheDisk == 0) {
      return memory;
    }
    return memory.toBuilder()
        .disk(cacheFolder == null ? CacheFolder.root().resolve("prefixes") : cacheFolder, cacheDisk)
        .build();
  }

  /** A number; -1 or auto is the default, and so is the option alone, with which llama-server shows its slots. */
  static final class Slots implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        return value.equals("auto") || value.equals("-1") ? DEFAULTS.slots() : Integer.parseInt(value);
      } catch (NumberFormatException notANumber) {
        throw new TypeConversionException("'" + value + "' is neither a whole number nor auto");
      }
    }
  }
}
