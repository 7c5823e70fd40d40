package io.panallama.internal.worker;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The worker processes that live: this process ends them when it ends in order, those that are only starting included.
 * If it is killed, the kernel kills them (see {@link ProcessLauncher}), or they end when they find their connection closed. The hook exists only while there are
 * some, so that it keeps nothing alive. Thread-safe.
 */
final class LiveProcesses {
  /** A process that got SIGKILL is gone in milliseconds, unless the kernel writes for it. */
  private static final long LAST_MOMENT_MILLIS = 1000;

  private static final Map<Process, WorkerFolder> ALL = new HashMap<>();
  private static @Nullable Thread hook;
  private static boolean ending;

  private LiveProcesses() {}

  /**
   * Starts one.
   *
   * @param folder removed when it is ended by the end of this process
   * @throws IOException if it can't be started, or this process is ending
   */
  static synchronized Process start(ProcessBuilder program, WorkerFolder folder) throws IOException {
    if (hook == null) {
      Thread fresh = new Thread(LiveProcesses::killAll, "panallama-worker-shutdown");
      try {
        Runtime.getRuntime().addShutdownHook(fresh);
      } catch (IllegalStateException late) {
        ending = true;
      }
      hook = fresh;
    }
    if (ending) {
      throw new IOException("this process is ending");
    }
    Process process = program.start();
    ALL.put(process, folder);
    return process;
  }

  /** One has ended. */
  static synchronized void remove(Process process) {
    ALL.remove(process);
    Thread old = hook;
    if (old != null && ALL.isEmpty() && !ending) {
      hook = null;
      try {
        Runtime.getRuntime().removeShutdownHook(old);
      } catch (IllegalStateException late) {
        ending = true;
      }
    }
  }

  private static void killAll() {
    Map<Process, WorkerFolder> all;
    synchronized (LiveProcesses.class) {
      ending = true;
      all = Map.copyOf(ALL);
      all.keySet().forEach(Process::destroyForcibly);
    }
    try {
      for (Map.Entry<Process, WorkerFolder> one : all.entrySet()) {
        if (one.getKey().waitFor(LAST_MOMENT_MILLIS, TimeUnit.MILLISECONDS)) {
          one.getValue().remove();
        }
      }
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
