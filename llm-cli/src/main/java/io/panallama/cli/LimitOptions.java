package io.panallama.cli;

import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that bound an answer in time and in the context. */
final class LimitOptions {
  @Option(
      names = "--time-limit",
      paramLabel = "SECONDS",
      converter = Seconds.class,
      description =
          "End the answer after this time and keep what has been generated; 0.5 is half a second. Default: none.")
  private @Nullable Duration timeLimit;

  @Option(
      names = "--overflow",
      paramLabel = "reject|stop|shift",
      converter = Policy.class,
      description =
          "When the context is full: refuse a prompt that is too long, end the answer there, or discard the oldest"
              + " tokens and go on. Default: reject.")
  private Overflow overflow = Overflow.REJECT;

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "Tokens at the beginning that --overflow shift never discards. Default: 0.")
  private @Nullable Integer keep;

  /** The values of {@code --overflow}. */
  enum Overflow {
    REJECT,
    STOP,
    SHIFT
  }

  /**
   * The default options within these limits.
   *
   * @throws UsageException if the options contradict each other
   * @throws io.panallama.error.InvalidRequestException if a value is out of its range
   */
  GenerationOptions options() {
    GenerationOptions.Builder options = GenerationOptions.builder().overflow(overflow());
    if (timeLimit != null) {
      options.timeLimit(timeLimit);
    }
    return options.build();
  }

  private ContextOverflow overflow() {
    if (keep != null && overflow != Overflow.SHIFT) {
      throw new UsageException("--keep needs --overflow shift; without it nothing is discarded.");
    }
    return switch (overflow) {
      case REJECT -> new ContextOverflow.Reject();
      case STOP -> new ContextOverflow.Stop();
      case SHIFT -> new ContextOverflow.Shift(keep == null ? 0 : keep);
    };
  }

  static final class Policy implements ITypeConverter<Overflow> {
    @Override
    public Overflow convert(String value) {
      try {
        return Overflow.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException unknown) {
        throw new TypeConversionException("'" + value + "' is none of reject, stop, shift");
      }
    }
  }

  static final class Seconds implements ITypeConverter<Duration> {
    private static final double LONGEST = 1e9;

    @Override
    public Duration convert(String value) {
      double seconds;
      try {
        seconds = Double.parseDouble(value);
      } catch (NumberFormatException notANumber) {
        throw new TypeConversionException("'" + value + "' is not a number of seconds");
      }
      if (!(seconds > 0 && seconds <= LONGEST)) {
        throw new TypeConversionException("'" + value + "' is not larger than 0 and at most " + (long) LONGEST);
      }
      return Duration.ofNanos((long) Math.ceil(seconds * 1e9));
    }
  }
}
