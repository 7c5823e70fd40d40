package io.panallama.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyLimits;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code panallama keys list}: the keys of a file, without their secrets, of which it has none. */
@Command(name = "list", description = "List the keys, with their roles, limits and ends.")
final class KeysListCommand implements Callable<Integer> {
  private static final String ROW = "%-16s %-8s %-12s %-21s %-34s %s";

  private final CommandContext context;

  @Mixin private KeyFileOption file = new KeyFileOption();

  @Option(names = "--json", description = "Print a JSON array.")
  private boolean json;

  KeysListCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    KeyFile keyFile = file.file(context);
    List<AccessKey> keys = keyFile.exists() ? keyFile.read().keys() : List.of();
    Instant now = Instant.now();
    if (json) {
      ArrayNode all = new ObjectMapper().createArrayNode();
      keys.forEach(key -> add(all.addObject(), key, now));
      context.out().println(all.toPrettyString());
      return ExitCode.OK;
    }
    if (keys.isEmpty()) {
      context.err().println("panallama: there are no keys in " + Printable.line(keyFile.path().toString()) + ".");
      return ExitCode.OK;
    }
    row("ID", "STATE", "ROLES", "EXPIRES", "LIMITS", "NOTE");
    for (AccessKey key : keys) {
      String end = key.expires() == null ? "never" : key.expires().toString();
      row(key.id(), state(key, now), key.roleNames(), end, limits(key), Printable.line(key.note()));
    }
    return ExitCode.OK;
  }

  private void row(String... cells) {
    context.out().println(String.format(Locale.ROOT, ROW, (Object[]) cells).stripTrailing());
  }

  private static String state(AccessKey key, Instant now) {
    return key.state(now).name().toLowerCase(Locale.ROOT);
  }

  private static String limits(AccessKey key) {
    KeyLimits limits = key.limits();
    List<String> parts = new ArrayList<>();
    part(parts, limits.requestsPerMinute(), " requests/min");
    part(parts, limits.concurrentRequests(), " at once");
    part(parts, limits.tokensPerMinute(), " tokens/min");
    part(parts, limits.tokensPerDay(), " tokens/day");
    if (key.weight() != 1) {
      parts.add("weight " + number(key.weight()));
    }
    return parts.isEmpty() ? "none" : String.join(", ", parts);
  }

  /** Without a fraction of nothing. */
  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  private static void part(List<String> parts, long limit, String unit) {
    if (limit > 0) {
      parts.add(limit + unit);
    }
  }

  private static void add(ObjectNode object, AccessKey key, Instant now) {
    object.put("id", key.id()).put("note", key.note()).put("state", state(key, now));
    object.put("created", key.created().toString());
    object.put("expires", text(key.expires())).put("revoked", text(key.revoked()));
    ArrayNode roles = object.putArray("roles");
    key.roles().stream().sorted().forEach(role -> roles.add(role.wireName()));
    object.put("weight", key.weight());
    ObjectNode limits = object.putObject("limits");
    put(limits, "requests_per_minute", key.limits().requestsPerMinute());
    put(limits, "concurrent_requests", key.limits().concurrentRequests());
    put(limits, "tokens_per_minute", key.limits().tokensPerMinute());
    put(limits, "tokens_per_day", key.limits().tokensPerDay());
  }

  private static void put(ObjectNode limits, String name, long limit) {
    limits.put(name, limit == 0 ? null : (Long) limit);
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
