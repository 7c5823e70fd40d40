package io.panallama.internal.llama;

import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_CONT;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_DEBUG;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_ERROR;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_INFO;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_WARN;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_log_callback;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Routes llama.cpp's log to {@link System.Logger} and lets a caller collect what was logged on its own thread while a
 * call ran, so that an exception can carry llama.cpp's own words.
 */
final class LogRouter {
  /** llama.cpp's "info" tells every tensor; it is of interest when something is being looked into. */
  private static final System.Logger LOG = System.getLogger("io.panallama.llama.cpp");

  private static final ThreadLocal<@Nullable Capture> CAPTURE = new ThreadLocal<>();
  private static final ThreadLocal<Line> LINE = ThreadLocal.withInitial(Line::new);

  private LogRouter() {}

  /** Installs the callback, for the life of the process. */
  static void install() {
    MemorySegment callback = ggml_log_callback.allocate(LogRouter::receive, Arena.global());
    LlamaCpp.panallama_log_set(callback);
  }

  /** Starts to collect the warnings and errors of the current thread. */
  static Capture capture() {
    Capture capture = new Capture(CAPTURE.get());
    CAPTURE.set(capture);
    return capture;
  }

  /** An upcall: nothing may be thrown out of it, or the JVM ends. */
  private static void receive(int level, MemorySegment text, MemorySegment userData) {
    try {
      LINE.get().add(level, text.getString(0));
    } catch (Throwable ignored) {
      // There is nobody to tell: this is where one would log.
    }
  }

  private static void emit(int level, String line) {
    Capture capture = CAPTURE.get();
    if (capture != null) {
      capture.add(level, line);
    }
    System.Logger.Level javaLevel = javaLevel(level);
    if (LOG.isLoggable(javaLevel)) {
      LOG.log(javaLevel, line);
    }
  }

  /**
   * llama.cpp's info is our debug and its debug our trace. Its errors are no more than debug here: each is followed by an
   * exception that carries it, or was survived, as every step is that a cancelled prompt aborts.
   */
  private static System.Logger.Level javaLevel(int level) {
    if (level == GGML_LOG_LEVEL_ERROR() || level == GGML_LOG_LEVEL_WARN() || level == GGML_LOG_LEVEL_INFO()) {
      return System.Logger.Level.DEBUG;
    }
    return System.Logger.Level.TRACE;
  }

  /** Puts a line together: llama.cpp logs parts of lines, continued at level CONT. */
  private static final class Line {
    private final StringBuilder text = new StringBuilder();
    private int level = GGML_LOG_LEVEL_DEBUG();

    void add(int partLevel, String part) {
      if (partLevel != GGML_LOG_LEVEL_CONT()) {
        level = partLevel;
      }
      text.append(part);
      int end;
      while ((end = text.indexOf("\n")) >= 0) {
        String line = text.substring(0, end);
        text.delete(0, end + 1);
        if (!line.isBlank()) {
          emit(level, line);
        }
      }
    }
  }

  /** What a thread's calls into llama.cpp logged. Closed on the thread that opened it. */
  static final class Capture implements AutoCloseable {
    private static final int MOST_LINES = 200;

    private final @Nullable Capture outer;
    private final List<String> all = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();

    private Capture(@Nullable Capture outer) {
      this.outer = outer;
    }

    private void add(int level, String line) {
      if (all.size() < MOST_LINES) {
        all.add(line);
        if (level == GGML_LOG_LEVEL_ERROR()) {
          errors.add(line.strip());
        }
      }
    }

    /** Every line of any level. */
    List<String> lines() {
      return all;
    }

    /** The error lines as one text; {@code otherwise} if there are none. */
    String errors(String otherwise) {
      return errors.isEmpty() ? otherwise : String.join("; ", errors);
    }

    /** Forgets what was collected. */
    void clear() {
      all.clear();
      errors.clear();
    }

    @Override
    public void close() {
      CAPTURE.set(outer);
    }
  }
}
