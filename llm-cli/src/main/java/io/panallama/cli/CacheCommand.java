package io.panallama.cli;

import io.panallama.cli.cache.CacheItem;
import io.panallama.cli.cache.CacheItem.Use;
import io.panallama.cli.cache.Caches;
import io.panallama.demo.DemoModel;
import io.panallama.error.NativeLibraryException;
import io.panallama.platform.CacheFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code panallama cache}: shows what is in the cache folder; {@code cache clean} removes what is not used. */
@Command(
    name = "cache",
    description = "Show what lies in Panallama's caches; \"cache clean\" removes what this version does not use.")
final class CacheCommand implements Callable<Integer> {
  /** Set by the launcher: the checkout that the program was built from. */
  private static final String CHECKOUT_PROPERTY = "panallama.checkout";

  private final CommandContext context;

  CacheCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    Path root = CacheFolder.root();
    List<CacheItem> items = caches(root).items();
    context.out().println("Caches in " + root + ": " + total(items));
    items.forEach(this::print);
    List<CacheItem> unused = items.stream().filter(item -> item.use() == Use.UNUSED).toList();
    if (!unused.isEmpty()) {
      context.out().println("\"panallama cache clean\" frees " + total(unused) + ".");
    }
    return ExitCode.OK;
  }

  /** Removes. */
  @Command(
      name = "clean",
      description = "Remove what this version does not use. What is missing later is fetched or made again.")
  int clean(
      @Option(names = "--all", description = "Remove everything, prefixes of serve --cache-disk too.") boolean all,
      @Option(names = "--dry-run", description = "Only show what would be removed.") boolean dryRun)
      throws IOException {
    Caches caches = caches(CacheFolder.root());
    List<CacheItem> unneeded = caches.items().stream().filter(item -> all || item.use() == Use.UNUSED).toList();
    List<CacheItem> removed = dryRun ? unneeded : caches.remove(unneeded);
    removed.forEach(this::print);
    context.out().println((dryRun ? "would remove " : "removed ") + total(removed));
    if (removed.size() < unneeded.size()) {
      context.warn("A build or a pull is running; what it may need was left alone.");
    }
    return ExitCode.OK;
  }

  private Caches caches(Path root) throws IOException {
    return new Caches(root, Main.Version.llama(), natives(), DemoModel.extract(), packages());
  }

  private Optional<Path> natives() {
    try {
      return Optional.of(context.inference().natives().directory());
    } catch (NativeLibraryException noneThatFit) {
      return Optional.empty();
    }
  }

  private static Optional<Set<String>> packages() throws IOException {
    String checkout = System.getProperty(CHECKOUT_PROPERTY);
    if (checkout == null) {
      return Optional.empty();
    }
    Path lockFile = Path.of(checkout, "native", "natives.lock");
    return Files.exists(lockFile) ? Optional.of(Caches.packages(lockFile)) : Optional.empty();
  }

  private static String total(List<CacheItem> items) {
    return Printable.bytes(items.stream().mapToLong(CacheItem::bytes).sum());
  }

  private void print(CacheItem item) {
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "  %-7s %10s  %-60s %s",
                item.use().name().toLowerCase(Locale.ROOT),
                Printable.bytes(item.bytes()),
                Printable.line(item.name()),
                item.purpose()));
  }
}
