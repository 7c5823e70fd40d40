package io.panallama.internal.llama;

import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_CONT;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_DEBUG;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_ERROR;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_INFO;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_WARN;

import io.panallama.bindings.LogUpcall;
import io.panallama.bindings.generated.LlamaCpp;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Routes llama.cpp's log to the {@link System.Logger} {@code io.panallama.llama.cpp}, each line one level below
 * llama.cpp's own: errors at WARNING, warnings at INFO, information at DEBUG and debug lines at TRACE. A call that
 * fails throws; its log only helps to find the cause.
 *
 * <p>A {@link Capture} collects what llama.cpp logs on the calling thread during a call. Errors that end up in an
 * exception, and those of a failure that is handled (a step aborted by a cancelled prompt, a full KV cache), are logged
 * only at DEBUG: otherwise a user would be told the same thing twice, or about a problem that is none.
 */
final class LogRouter {
  private static final System.Logger LOG = System.getLogger("io.panallama.llama.cpp");

  private static final ThreadLocal<@Nullable Capture> CAPTURE = new ThreadLocal<>();

  /**
   * The beginning of a line, after a character that stands for its level. Threads outlive our class loader, so what they
   * keep is of a class of the JDK.
   */
  private static final ThreadLocal<StringBuilder> LINE =
      ThreadLocal.withInitial(() -> new StringBuilder().append((char) GGML_LOG_LEVEL_DEBUG()));

  /** Keeps the listener reachable. */
  private static final ObjIntConsumer<MemorySegment> LISTENER = LogRouter::receive;

  private LogRouter() {}

  /** Installs the callback, for the life of the process. */
  static void install() {
    if (LlamaCpp.panallama_log_add(LogUpcall.allocate(LISTENER), MemorySegment.NULL) != LlamaCpp.PANALLAMA_OK()) {
      throw new OutOfMemoryError("There is no native memory for a log callback.");
    }
  }

  /** Starts to capture what llama.cpp logs on the current thread. */
  static Capture capture() {
    Capture capture = new Capture(CAPTURE.get());
    CAPTURE.set(capture);
    return capture;
  }

  /** An upcall: it must not throw, because that would end the JVM. */
  static void receive(MemorySegment text, int level) {
    try {
      add(LINE.get(), level, text.getString(0));
    } catch (Throwable ignored) {
      // There is no way to report it: this is the log.
    }
  }

  /** Assembles a line: llama.cpp logs parts of lines, continued at level CONT. */
  private static void add(StringBuilder line, int level, String part) {
    if (level != GGML_LOG_LEVEL_CONT()) {
      line.setCharAt(0, (char) level);
    }
    line.append(part);
    int end;
    while ((end = line.indexOf("\n")) >= 0) {
      String whole = line.substring(1, end);
      line.delete(1, end + 1);
      if (!whole.isBlank()) {
        emit(line.charAt(0), whole);
      }
    }
  }

  private static void emit(int loggedLevel, String line) {
    int level = LlamaWords.isFalseAlarm(line) ? GGML_LOG_LEVEL_INFO() : loggedLevel;
    Capture capture = CAPTURE.get();
    if (capture == null) {
      log(javaLevel(level), line);
    } else {
      // Logged at once, in order with the others: if llama.cpp ends the process, these lines say why.
      log(isTrouble(level) ? Level.DEBUG : javaLevel(level), line);
      capture.add(level, line);
    }
  }

  private static boolean isTrouble(int level) {
    return level == GGML_LOG_LEVEL_ERROR() || level == GGML_LOG_LEVEL_WARN();
  }

  private static Level javaLevel(int level) {
    if (level == GGML_LOG_LEVEL_ERROR()) {
      return Level.WARNING;
    }
    if (level == GGML_LOG_LEVEL_WARN()) {
      return Level.INFO;
    }
    return level == GGML_LOG_LEVEL_INFO() ? Level.DEBUG : Level.TRACE;
  }

  private static void log(Level level, String line) {
    if (!LOG.isLoggable(level)) {
      return;
    }
    Thread thread = Thread.currentThread();
    ClassLoader loader = thread.getContextClassLoader();
    if (loader != null) {
      LOG.log(level, line);
      return;
    }
    // A native thread has none, and log handlers that look classes up by it fail, some of them for good. It is not left
    // there, because the thread may outlive everything that this loader has loaded.
    thread.setContextClassLoader(LogRouter.class.getClassLoader());
    try {
      LOG.log(level, line);
    } finally {
      thread.setContextClassLoader(null);
    }
  }

  /**
   * The captured log of one thread's calls into llama.cpp. Confined to that thread. The caller decides what happens
   * with the errors and warnings: {@link #takeErrors}, {@link #dismiss}, or, if it does neither, {@link #report}.
   */
  static final class Capture implements AutoCloseable {
    private static final int MOST_LINES = 200;

    private @Nullable Capture outer;
    private final List<String> all = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private Capture(@Nullable Capture outer) {
      this.outer = outer;
    }

    private void add(int level, String line) {
      // Each list has its own limit: loading a model logs hundreds of lines before the error that ends it.
      add(all, line);
      if (level == GGML_LOG_LEVEL_ERROR()) {
        add(errors, line.strip());
      } else if (level == GGML_LOG_LEVEL_WARN()) {
        add(warnings, line.strip());
      }
    }

    private static void add(List<String> lines, String line) {
      if (lines.size() < MOST_LINES) {
        lines.add(line);
      }
    }

    /** The first 200 lines of any level. */
    List<String> lines() {
      return all;
    }

    /**
     * Returns the error lines as one text for an exception, or {@code otherwise} if there are none. Clears the capture.
     */
    String takeErrors(String otherwise) {
      String text = errors.isEmpty() ? otherwise : String.join("; ", errors);
      dismiss();
      return text;
    }

    /** Clears the capture, because the failure was handled. */
    void dismiss() {
      all.clear();
      errors.clear();
      warnings.clear();
    }

    /** Logs the remaining errors and warnings at their levels and clears the capture. */
    void report() {
      for (int i = 0; i < errors.size(); i++) {
        log(Level.WARNING, errors.get(i));
      }
      for (int i = 0; i < warnings.size(); i++) {
        log(Level.INFO, warnings.get(i));
      }
      dismiss();
    }

    /**
     * Reports what is left. The captures of a thread may be closed in any order: a decoder's outlives the call that
     * created it.
     */
    @Override
    public void close() {
      report();
      Capture innermost = CAPTURE.get();
      if (innermost == this) {
        if (outer == null) {
          CAPTURE.remove();
        } else {
          CAPTURE.set(outer);
        }
        return;
      }
      for (Capture inner = innermost; inner != null; inner = inner.outer) {
        if (inner.outer == this) {
          inner.outer = outer;
        }
      }
    }
  }
}
