package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.error.NativeLibraryException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Loads llama.cpp on a thread of its own while the command line is read, if that is certain to be what the command will
 * do first. Otherwise nothing is begun, and the command loads it when it gets there.
 *
 * <p>Lifetime: {@link #close} waits for the thread, because a process must not end while a library is being loaded.
 */
final class EarlyPreparation implements AutoCloseable {
  /** The commands that compute in this process on any system. */
  private static final Set<String> COMPUTING = Set.of("chat", "run", "bench");

  /**
   * The beginnings of arguments with which the libraries must wait: for the choice of a backend, for a log that shows
   * their messages, or for ever.
   */
  private static final List<String> LATER = List.of("--backend", "-v", "--verbose", "-h", "--help", "-V", "--version");

  private final Optional<Thread> thread;

  private EarlyPreparation(Optional<Thread> thread) {
    this.thread = thread;
  }

  /**
   * Begins to load, if these arguments allow it.
   *
   * @param settings values of options from elsewhere; if there are any, nothing is begun
   */
  static EarlyPreparation start(CommandContext context, Settings settings, String... args) {
    if (!settings.isEmpty() || !isComputing(args)) {
      return new EarlyPreparation(Optional.empty());
    }
    return new EarlyPreparation(
        Optional.of(Thread.ofPlatform().daemon().name("panallama-prepare").start(() -> prepare(context))));
  }

  private static boolean isComputing(String... args) {
    return args.length > 0
        && COMPUTING.contains(args[0])
        && !(args.length > 1 && args[1].equals("serve"))
        && Arrays.stream(args).noneMatch(word -> LATER.stream().anyMatch(word::startsWith));
  }

  private static void prepare(CommandContext context) {
    // As without --verbose, which is not there. The libraries log while they load.
    LogSetup.apply(context.err(), false);
    try {
      context.inference().prepare();
    } catch (NativeLibraryException reported) {
      // The command gets the same failure when it needs the libraries, and says so.
      return;
    }
  }

  @Override
  public void close() {
    try {
      if (thread.isPresent()) {
        thread.get().join();
      }
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
