package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.KeySecret;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.Role;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code panallama keys create}: makes a key and prints its secret, once. */
@Command(
    name = "create",
    description =
        "Make a key and print its secret on standard output. It is shown this once: the file has only its hash.")
final class KeysCreateCommand implements Callable<Integer> {
  private static final int ID_BYTES = 4;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final CommandContext context;

  @Mixin private KeyFileOption file = new KeyFileOption();

  @Option(
      names = "--id",
      paramLabel = "ID",
      description =
          "Name of the key in lists and logs: letters, digits, and _ . - between them. Default: a random one, such as"
              + " key-1f2e3d4c.")
  private @Nullable String id;

  @Option(names = "--note", paramLabel = "TEXT", description = "What the key is for. Default: none.")
  private String note = "";

  @Option(
      names = "--expires",
      paramLabel = "WHEN",
      converter = Expiry.Converter.class,
      description =
          "When the key ends: after 90d, 12h or 30m, after the day 2027-12-31 (UTC), or never. Default: never.")
  private Expiry expires = Expiry.NEVER;

  @Option(
      names = "--roles",
      paramLabel = "ROLE",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "What the key is for, with commas: use (generate, embed, files), operate (metrics, slots, models)."
              + " Default: use.")
  private List<String> roles = List.of();

  @Option(
      names = "--requests-per-minute",
      paramLabel = "N",
      description = "Most requests in a minute; beyond it, requests get 429. Default: no limit.")
  private long requestsPerMinute;

  @Option(
      names = "--concurrent-requests",
      paramLabel = "N",
      description = "Most requests that are answered at a time. Default: no limit.")
  private long concurrentRequests;

  @Option(
      names = "--tokens-per-minute",
      paramLabel = "N",
      description = "Most tokens of prompts and answers in a minute. Default: no limit.")
  private long tokensPerMinute;

  @Option(
      names = "--tokens-per-day",
      paramLabel = "N",
      description = "Most tokens of prompts and answers in a day of UTC. Default: no limit.")
  private long tokensPerDay;

  @Option(
      names = "--weight",
      paramLabel = "W",
      description =
          "Share of the engine while other keys wait, in proportion to theirs: 2 gets twice as many tokens as 1; 0.01"
              + " to 1000. Default: 1.")
  private double weight = 1;

  KeysCreateCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String secret = KeySecret.random();
    KeyFile keyFile = file.file(context);
    AccessKey key = key(secret, now);
    keyFile.update(keys -> with(keys, key, keyFile));
    context.out().println(secret);
    context
        .err()
        .println(
            "panallama: key "
                + key.id()
                + " ("
                + key.roleNames()
                + ", "
                + Optional.ofNullable(key.expires()).map(end -> "until " + end).orElse("without an end")
                + ") is in "
                + Printable.line(keyFile.path().toString())
                + "; the secret is not shown again.");
    return ExitCode.OK;
  }

  private AccessKey key(String secret, Instant now) {
    try {
      return new AccessKey(
          id == null ? randomId() : id,
          note,
          now,
          expires.from(now).orElse(null),
          null,
          roles(),
          new KeyLimits(requestsPerMinute, concurrentRequests, tokensPerMinute, tokensPerDay),
          weight,
          List.of(KeySecret.of(secret, now)));
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused), refused);
    }
  }

  private Set<Role> roles() {
    Set<Role> all = EnumSet.noneOf(Role.class);
    for (String name : ServerOptions.separated(roles)) {
      all.add(
          Role.of(name)
              .orElseThrow(() -> new UsageException("--roles has '" + name + "'; there are use and operate.")));
    }
    return all.isEmpty() ? EnumSet.of(Role.USE) : all;
  }

  private static KeySet with(KeySet keys, AccessKey key, KeyFile file) {
    if (keys.find(key.id()).isPresent()) {
      throw new UsageException(
          "--id is " + key.id() + ", which " + file.path() + " has already; keys rotate makes it a new secret.");
    }
    return keys.with(key);
  }

  private static String randomId() {
    byte[] bytes = new byte[ID_BYTES];
    RANDOM.nextBytes(bytes);
    return "key-" + HexFormat.of().formatHex(bytes);
  }
}
