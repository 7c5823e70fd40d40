package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.config.IsolationConfig;
import io.panallama.error.NativeLibraryException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Begins what takes longest while the command line is read, if that is what the command will need first: to load llama.cpp on a
 * thread of its own, or for {@code serve} to start the process that will. Otherwise nothing is begun, and the command does it
 * when it gets there.
 *
 * <p>Lifetime: {@link #close} waits for the thread, because a process must not end while a library is being loaded, and ends a
 * process that no model was loaded with.
 */
final class EarlyPreparation implements AutoCloseable {
  /** The commands that compute in this process on any system. */
  private static final Set<String> COMPUTING = Set.of("chat", "run", "bench");

  /**
   * The beginnings of arguments with which everything must wait: for a log that shows its messages, or for ever.
   */
  private static final List<String> LATER = List.of("-v", "--verbose", "-h", "--help", "-V", "--version");

  /** The beginning of an argument with which the libraries must wait. */
  private static final String BACKEND = "--backend";

  /** The beginnings of arguments with which a process must wait until they have been read: it would be another one. */
  private static final List<String> LATER_PROCESS = List.of("--worker-memory", "--worker_memory", "@");

  private static final List<String> BACKENDS = List.of("auto", "cpu", "cuda");

  private final CommandContext context;
  private final Optional<Thread> thread;

  private EarlyPreparation(CommandContext context, Optional<Thread> thread) {
    this.context = context;
    this.thread = thread;
  }

  /**
   * Begins, if these arguments allow it.
   *
   * @param settings values of options from elsewhere; if there are any, nothing is begun
   */
  static EarlyPreparation start(CommandContext context, Settings settings, String... args) {
    Optional<Thread> thread = Optional.empty();
    if (settings.isEmpty() && isComputing(args)) {
      thread = Optional.of(Thread.ofPlatform().daemon().name("panallama-prepare").start(() -> prepare(context)));
    } else if (settings.isEmpty() && isIsolated(System.getProperty("os.name", ""), args)) {
      // What the process logs goes the same way.
      LogSetup.apply(context.err(), false);
      context.inference().selectBackend(backend(args));
      context.inference().prepareProcess(IsolationConfig.defaults());
    }
    return new EarlyPreparation(context, thread);
  }

  /** Whether these arguments ask for a process of the model's own, with the usual limits, as far as can be seen. */
  static boolean isIsolated(String system, String... args) {
    List<String> words = List.of(args);
    return !words.isEmpty()
        && words.getFirst().equals("serve")
        && words.stream().noneMatch(word -> beginsWith(word, LATER) || beginsWith(word, LATER_PROCESS))
        && BACKENDS.contains(backend(args))
        && switch (value("--isolate", args).orElse("auto").toLowerCase(Locale.ROOT)) {
          case "always" -> true;
          case "auto" -> IsolationOptions.autoIsolates(system);
          default -> false;
        };
  }

  /** As the option has it, or its default. */
  private static String backend(String... args) {
    return value(BACKEND, args)
        .map(word -> word.toLowerCase(Locale.ROOT))
        .orElse(System.getProperty("panallama.backend", "auto"));
  }

  /** The value of an option that is given last, which counts. */
  private static Optional<String> value(String option, String... args) {
    Optional<String> last = Optional.empty();
    for (int i = 0; i < args.length; i++) {
      if (args[i].startsWith(option + "=")) {
        last = Optional.of(args[i].substring(option.length() + 1));
      } else if (args[i].equals(option) && i + 1 < args.length) {
        last = Optional.of(args[i + 1]);
      }
    }
    return last;
  }

  private static boolean isComputing(String... args) {
    return args.length > 0
        && COMPUTING.contains(args[0])
        && !(args.length > 1 && args[1].equals("serve"))
        && Arrays.stream(args).noneMatch(word -> word.startsWith(BACKEND) || beginsWith(word, LATER));
  }

  private static boolean beginsWith(String word, List<String> beginnings) {
    return beginnings.stream().anyMatch(word::startsWith);
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
    } finally {
      context.inference().dropProcess();
    }
  }
}
