package io.panallama.cli;

import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeySecret;
import io.panallama.server.keys.KeySet;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code panallama keys rotate}: gives a key a new secret, beside which the old one is valid for a while. */
@Command(
    name = "rotate",
    description =
        "Give a key a new secret and print it on standard output, this once. The secret before it is valid for a while,"
            + " so that clients can change over.")
final class KeysRotateCommand implements Callable<Integer> {
  private final CommandContext context;

  @Mixin private KeyFileOption file = new KeyFileOption();

  @Parameters(paramLabel = "ID", description = "The key, as keys list shows it.")
  private String id = "";

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      converter = Grace.class,
      description = "How long the secret before it is valid, such as 7d, 24h or 30m; 0 ends it at once. Default: 24h.")
  private Duration grace = Duration.ofHours(24);

  @Option(
      names = "--expires",
      paramLabel = "WHEN",
      converter = Expiry.Converter.class,
      description = "Another end of the key, as for keys create. Default: it keeps the one that it has.")
  private @Nullable Expiry expires;

  KeysRotateCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant graceEnd = now.plus(grace);
    String secret = KeySecret.random();
    KeyFile keyFile = file.file(context);
    keyFile.update(keys -> keys.with(rotated(find(keys, id, keyFile), KeySecret.of(secret, now), graceEnd)));
    context.out().println(secret);
    String before =
        grace.isZero() ? "the one before it is no longer valid" : "the one before it is valid until " + graceEnd;
    context.err().println("panallama: key " + id + " has a new secret, which is not shown again; " + before + ".");
    return ExitCode.OK;
  }

  private AccessKey rotated(AccessKey key, KeySecret secret, Instant graceEnd) {
    Instant now = secret.created();
    AccessKey wanted = expires == null ? key : key.expiring(expires.from(now).orElse(null));
    return switch (wanted.state(now)) {
      case ACTIVE -> wanted.rotated(secret, graceEnd);
      case EXPIRED ->
          throw new UsageException(
              "The key " + id + " expired at " + key.expires() + "; --expires gives it another end.");
      case REVOKED ->
          throw new UsageException(
              "The key " + id + " was revoked at " + key.revoked() + "; keys create makes another.");
    };
  }

  /**
   * The key of an id.
   *
   * @throws UsageException if there is none
   */
  static AccessKey find(KeySet keys, String id, KeyFile file) {
    return keys.find(id)
        .orElseThrow(() ->
            new UsageException(
                "There is no key "
                    + Printable.line(id)
                    + " in "
                    + file.path()
                    + "; keys list shows those that there"
                    + " are."));
  }

  /** A length of time up to days, or 0. */
  static final class Grace implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      try {
        return value.strip().equals("0") ? Duration.ZERO : Expiry.duration(value);
      } catch (IllegalArgumentException malformed) {
        throw new TypeConversionException("'" + value + "' is no length of time with its unit, such as 7d, 24h or 30m");
      }
    }
  }
}
