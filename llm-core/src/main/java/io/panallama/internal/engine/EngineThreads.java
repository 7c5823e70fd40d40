package io.panallama.internal.engine;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Creates the engine threads: named platform threads, one per context.
 *
 * <p>They are daemons, so a forgotten engine does not keep a program alive. While there are engines, a
 * shutdown hook waits to close them: llama.cpp's libraries must not be unloaded while a thread is computing in them.
 * Without engines there is no hook, because the JVM would keep our class loader for it.
 */
public final class EngineThreads {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /**
   * Stack size in bytes of address space, which becomes memory only where it is used. llama.cpp matches the patterns of
   * lazy grammars with std::regex, which recurses per character: some 200 bytes of stack for each character of output.
   */
  private static final long STACK_SIZE = 64L << 20;

  /** An aborted step ends within milliseconds on a CPU and within a micro-batch on a GPU. */
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(10);

  private static final Set<Lifecycle> RUNNING = ConcurrentHashMap.newKeySet();

  /** The hook, while there are engines. Guarded by the class. */
  private static @Nullable Thread hook;

  private EngineThreads() {}

  /** Creates the thread of an engine without starting it. */
  public static Thread unstarted(Lifecycle life, Runnable loop, String name) {
    return daemon(name).stackSize(STACK_SIZE).unstarted(() -> run(life, loop));
  }

  /** Creates a helper thread of an engine without starting it. */
  static Thread unstarted(Runnable task, String name) {
    return daemon(name).unstarted(task);
  }

  private static Thread.Builder.OfPlatform daemon(String name) {
    return Thread.ofPlatform()
        .name(name)
        .daemon(true)
        .uncaughtExceptionHandler(
            (dead, error) -> LOG.log(System.Logger.Level.ERROR, "The thread " + dead.getName() + " died.", error));
  }

  private static void run(Lifecycle life, Runnable loop) {
    began(life);
    try {
      loop.run();
    } finally {
      ended(life);
    }
  }

  private static synchronized void began(Lifecycle life) {
    RUNNING.add(life);
    if (hook == null) {
      Thread added = new Thread(EngineThreads::closeAll, "panallama-shutdown");
      try {
        Runtime.getRuntime().addShutdownHook(added);
        hook = added;
      } catch (IllegalStateException shuttingDown) {
        LOG.log(System.Logger.Level.DEBUG, "An engine was started while the program ends.", shuttingDown);
      }
    }
  }

  private static synchronized void ended(Lifecycle life) {
    RUNNING.remove(life);
    Thread added = hook;
    if (RUNNING.isEmpty() && added != null) {
      hook = null;
      try {
        Runtime.getRuntime().removeShutdownHook(added);
      } catch (IllegalStateException shuttingDown) {
        LOG.log(System.Logger.Level.TRACE, "The hook is running.", shuttingDown);
      }
    }
  }

  /** Waits for a limited time: a program must end even if a call into llama.cpp does not return. */
  private static void closeAll() {
    long deadline = System.nanoTime() + SHUTDOWN_LIMIT.toNanos();
    RUNNING.forEach(Lifecycle::requestClose);
    for (Lifecycle life : RUNNING) {
      if (!life.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()))) {
        LOG.log(System.Logger.Level.WARNING, "An engine is still computing; the program ends without waiting for it.");
      }
    }
  }
}
