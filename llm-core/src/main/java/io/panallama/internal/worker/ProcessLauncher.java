package io.panallama.internal.worker;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Starts workers as JVMs with the modules or the class path of this one, connected by a Unix socket in a folder that
 * only this user can enter.
 *
 * <p>A socket and not the standard streams: native libraries and the JVM itself print to those.
 */
final class ProcessLauncher implements Worker.Launcher {
  /** Begins a line of the worker's log, and separates its level and its logger. */
  private static final char MARK = '\u0001';

  /** How a JVM exits with {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int OUT_OF_MEMORY = 3;

  /** The exit status after SIGABRT. */
  private static final int ABORTED = 128 + 6;

  /** What a JVM says that gets no native memory. */
  private static final String NO_MEMORY = "insufficient memory for the Java Runtime Environment";

  /** What Java, C++ and ggml say last when an allocation fails. */
  private static final List<String> NO_MEMORY_WORDS =
      List.of(NO_MEMORY, "OutOfMemoryError", "std::bad_alloc", "GGML_ASSERT(ctx->mem_buffer != NULL)");

  private static final long FIRST_HEAP = 16L << 20;

  /** The part of a limited memory that the Java heap may take. */
  private static final int HEAP_SHARE = 4;

  private static final long LEAST_HEAP = 64L << 20;

  /** How often a process whose memory is limited gives back what malloc keeps. */
  private static final int TRIM_MILLIS = 5000;

  private static final int LAST_WORDS = 200;
  private static final int LONGEST_LINE = 4096;

  /** Only the start of a JVM, before anything of a model is read. */
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(60);

  /** The kernel closes the connection of a process that was killed a little before its parent hears of its end. */
  private static final Duration LAST_MOMENT = Duration.ofSeconds(1);

  /**
   * Signals that end a program in order are its parent's business: a terminal and a service manager send them to all
   * processes, and a worker that ended by itself would fail what the parent lets finish. A program begins with the signals
   * ignored that its shell ignores, and a JVM leaves it at that.
   */
  private static final String DEAF = "trap '' HUP INT TERM; ";

  /**
   * A process that was stopped does not find that its connection is closed, so the kernel kills it when the thread that started
   * it ends. That is the supervisor's or that of a {@link WorkerAhead}; both live as long as the worker. A JVM starts a process from the calling thread and
   * keeps no process in between. The program of util-linux knows the option, that of BusyBox does not; without it a stopped worker
   * of a killed parent stays until it is continued.
   */
  private static final String TIED =
      "if setpriv --pdeathsig KILL true 2>/dev/null; then set -- setpriv --pdeathsig KILL \"$@\"; fi; ";

  private static final WorkerFolder ANY_FOLDER = new WorkerFolder(Path.of("any"));

  private final String mainClass;
  private final long memoryBytes;

  /**
   * @param mainClass a class of this module, whose only argument is the path of the socket
   * @param memoryBytes how much memory a worker may allocate; 0 for no limit
   */
  ProcessLauncher(String mainClass, long memoryBytes) {
    this.mainClass = mainClass;
    this.memoryBytes = memoryBytes;
  }

  /** Takes over the worker that was started ahead if it is such a one; otherwise that one is ended. */
  @Override
  public Worker launch() throws IOException {
    WorkerAhead ahead = WorkerAhead.take();
    if (ahead == null) {
      return launchNow();
    }
    if (ahead.program().equals(program())) {
      return ahead.await();
    }
    ahead.end();
    return launchNow();
  }

  /** Starts a process, which ends with the calling thread. */
  RunningWorker launchNow() throws IOException {
    WorkerFolder folder = WorkerFolder.create();
    RunningWorker worker = null;
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(folder.socket()));
      ProcessBuilder builder = new ProcessBuilder(command(folder));
      // ggml would start a debugger for its last words, which keeps the next worker waiting for seconds.
      builder.environment().put("GGML_NO_BACKTRACE", "1");
      if (memoryBytes > 0) {
        // Each of malloc's arenas keeps memory that the others can't use; by default there are eight for each
        // processor.
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
      }
      Process process = LiveProcesses.start(builder, folder);
      worker = new RunningWorker(process, folder, memoryBytes);
      process.getOutputStream().close();
      worker.drain(process.getInputStream(), "out");
      worker.drain(process.getErrorStream(), "err");
      // While it starts.
      WorkerFolder.removeAbandoned();
      connect(server, worker);
      return worker;
    } finally {
      if (worker == null) {
        folder.remove();
      } else {
        Files.deleteIfExists(folder.socket());
      }
    }
  }

  /** Waits for the connection, but not for a process that ends before it connects. */
  private static void connect(ServerSocketChannel server, RunningWorker worker) throws IOException {
    Thread unblocker = Thread.ofVirtual().start(() -> closeAtEnd(server, worker.process));
    try {
      worker.connected(new SocketWire(server.accept()));
    } catch (IOException notConnected) {
      worker.kill();
      throw Worker.StillbornException.of(worker.pid(), worker.awaitDeath(), notConnected);
    } finally {
      unblocker.interrupt();
    }
  }

  private static void closeAtEnd(ServerSocketChannel server, Process process) {
    try {
      process.waitFor(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      server.close();
    } catch (IOException | InterruptedException connected) {
      // It is connected, or closed already.
      return;
    }
  }

  /** What decides whether two workers are alike: the command that starts them, but for the folder of each. */
  List<String> program() {
    return command(ANY_FOLDER);
  }

  private List<String> command(WorkerFolder folder) {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(Path.of("/bin/sh"))) {
      // The shell's unit is 1024 bytes.
      String limit = memoryBytes > 0 ? "ulimit -d " + memoryBytes / 1024 + " && " : "";
      command.addAll(List.of("/bin/sh", "-c", DEAF + TIED + limit + "exec \"$@\"", "sh"));
    }
    String java = File.separatorChar == '\\' ? "java.exe" : "java";
    command.add(Path.of(System.getProperty("java.home"), "bin", java).toString());
    Module module = ProcessLauncher.class.getModule();
    String modules = System.getProperty("jdk.module.path");
    boolean named = module.isNamed() && modules != null && !isPatched();
    command.add("--enable-native-access=" + (named ? "io.panallama.bindings" : "ALL-UNNAMED"));
    command.add("-XX:+UseSerialGC");
    long heap = Runtime.getRuntime().maxMemory();
    if (memoryBytes > 0) {
      // The limit counts the heap that is set aside, used or not: it grows from little, leaves most to llama.cpp, and
      // shrinks.
      heap = Math.min(heap, Math.max(memoryBytes / HEAP_SHARE, LEAST_HEAP));
      command.add("-Xms" + Math.min(heap, FIRST_HEAP));
      command.addAll(List.of("-XX:MinHeapFreeRatio=20", "-XX:MaxHeapFreeRatio=40", "-XX:-ShrinkHeapInSteps"));
      command.add("-XX:TrimNativeHeapInterval=" + TRIM_MILLIS);
    }
    command.add("-Xmx" + heap);
    command.add("-XX:ErrorFile=" + folder.dump());
    // What is left after such an error is unreliable; the next process begins anew.
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-XX:-CreateCoredumpOnCrash");
    command.addAll(archive());
    command.add("-Djdk.system.logger.format=" + MARK + "%4$s" + MARK + "%3$s" + MARK + "%5$s%6$s%n");
    command.add("-Djava.util.logging.SimpleFormatter.format=" + MARK + "%4$s" + MARK + "%3$s" + MARK + "%5$s%6$s%n");
    Properties properties = System.getProperties();
    for (String name : properties.stringPropertyNames()) {
      if (name.startsWith("panallama.") || name.equals("java.io.tmpdir") || name.equals("user.home")) {
        command.add("-D" + name + "=" + properties.getProperty(name));
      }
    }
    if (named) {
      command.addAll(List.of("--module-path", modules, "-m", module.getName() + "/" + mainClass));
    } else {
      String path = System.getProperty("java.class.path");
      command.addAll(List.of("-cp", modules == null ? path : path + File.pathSeparator + modules, mainClass));
    }
    command.add(folder.socket().toString());
    return command;
  }

  /** Modules under test are patched with the tests; a class path has both. */
  private static boolean isPatched() {
    return System.getProperty("jdk.module.main") == null;
  }

  /**
   * The AOT cache of workers, if there is one: that of this process has another main module, so the JVM would refuse it.
   * An archive of classes alone serves both.
   */
  private static List<String> archive() {
    List<String> options = new ArrayList<>();
    String cache = System.getProperty("panallama.worker.cache", "");
    if (!cache.isEmpty() && Files.isReadable(Path.of(cache))) {
      options.addAll(List.of("-XX:AOTCache=" + cache, "-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"));
      // Compiling at once what was often called in the training takes the processors from the start itself.
      options.add("-XX:-AOTReplayTraining");
      // As the launcher has it. Asking this JVM for its options would take a while, at the start of a program.
      options.addAll(List.of("-Xlog:cds*=off", "-Xlog:aot*=off"));
      return options;
    }
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      boolean log = argument.startsWith("-Xlog:cds") || argument.startsWith("-Xlog:aot");
      if (log || argument.startsWith("-XX:SharedArchiveFile=")) {
        options.add(argument);
      }
    }
    return options;
  }

  /** A worker process. */
  static final class RunningWorker implements Worker {
    private final Process process;
    private final WorkerFolder folder;
    private final long memoryBytes;
    private final List<Thread> readers = new ArrayList<>();
    private final Deque<String> lastWords = new ArrayDeque<>();
    private final long oomKills = Origin.oomKills();
    private volatile boolean killed;
    private volatile @Nullable Wire wire;

    RunningWorker(Process process, WorkerFolder folder, long memoryBytes) {
      this.process = process;
      this.folder = folder;
      this.memoryBytes = memoryBytes;
    }

    void connected(Wire connected) {
      wire = connected;
    }

    void drain(InputStream stream, String name) {
      readers.add(
          Thread.ofPlatform()
              .name("panallama-worker-" + process.pid() + "-" + name)
              .daemon(true)
              .start(() -> read(stream)));
    }

    private void read(InputStream stream) {
      try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
        while (hasHeard(reader)) {
          // Until the process ends.
        }
      } catch (IOException ended) {
        // The process has ended.
        return;
      }
    }

    /** Takes a line; false at the end. One for which there is no memory is lost; if reading ended, the worker would block. */
    private boolean hasHeard(BufferedReader reader) throws IOException {
      try {
        String line = reader.readLine();
        if (line == null) {
          return false;
        }
        line = line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) : line;
        WorkerLog.repeat(line, MARK);
        synchronized (lastWords) {
          if (lastWords.size() == LAST_WORDS) {
            lastWords.removeFirst();
          }
          lastWords.addLast(line.replace(MARK, ' ').strip());
        }
        return true;
      } catch (OutOfMemoryError none) {
        return true;
      }
    }

    @Override
    public long pid() {
      return process.pid();
    }

    /** Waits until its process has ended and leaves the rest to {@link #awaitDeath}. An interrupt is ignored and kept. */
    void awaitExit() {
      process.onExit().join();
    }

    @Override
    public Wire wire() {
      Wire connected = wire;
      if (connected == null) {
        throw new IllegalStateException("the worker is not connected");
      }
      return connected;
    }

    @Override
    public boolean isStopped() {
      return Origin.isStopped(process.pid());
    }

    @Override
    public void kill() {
      killed = true;
      process.destroyForcibly();
    }

    @Override
    public Death awaitDeath() {
      boolean interrupted = false;
      int exit = -1;
      while (exit < 0) {
        try {
          if (!process.waitFor(LAST_MOMENT.toMillis(), TimeUnit.MILLISECONDS)) {
            kill();
          }
          exit = process.waitFor();
          for (Thread reader : readers) {
            reader.join(Duration.ofSeconds(2));
          }
        } catch (InterruptedException interrupt) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      Wire connected = wire;
      if (connected != null) {
        connected.close();
      }
      LiveProcesses.remove(process);
      String report = folder.readDump();
      folder.remove();
      List<String> words;
      synchronized (lastWords) {
        words = List.copyOf(lastWords);
      }
      boolean noMemory = isOutOfMemory(exit, report, words);
      boolean foreign = !noMemory && Origin.isForeign(exit, report, process.pid(), killed, oomKills);
      return new Death(noMemory ? noMemory(memoryBytes) : how(exit, report), words, report, foreign, noMemory);
    }
  }

  private static final Map<Integer, String> SIGNALS =
      Map.of(
          4, "SIGILL (an instruction that this processor lacks)",
          6, "SIGABRT (an assertion failed, or the JVM found a crash of native code)",
          7, "SIGBUS (a mapped file became shorter)",
          8, "SIGFPE",
          9, "SIGKILL (by the kernel because memory ran out, by an operator, or by the watchdog)",
          11, "SIGSEGV (an access to memory that is not there)",
          15, "SIGTERM");

  private static boolean isOutOfMemory(int exit, @Nullable String report, List<String> words) {
    return exit == OUT_OF_MEMORY
        || report != null && report.contains(NO_MEMORY)
        || (exit == 1 || exit == ABORTED)
            && words.stream().anyMatch(line -> NO_MEMORY_WORDS.stream().anyMatch(line::contains));
  }

  private static String noMemory(long memoryBytes) {
    return memoryBytes > 0
        ? "its memory ran out, which memoryBytes limits to "
            + memoryBytes
            + " bytes (a smaller request or a higher limit helps)"
        : "its memory ran out, which this machine and the heap of this JVM limit";
  }

  /** A JVM that finds a crash of native code describes it in its report, and then ends with 1 or by SIGABRT. */
  private static String how(int exit, @Nullable String report) {
    if (report != null) {
      String found =
          report
              .lines()
              .map(line -> line.replaceFirst("^# *", ""))
              .filter(line -> line.startsWith("SIG") || line.startsWith("Internal Error"))
              .findFirst()
              .orElse("an error that its report describes");
      return "native code crashed: " + found;
    }
    int signal = exit - 128;
    return signal > 0 && signal < 65
        ? "it was ended by " + SIGNALS.getOrDefault(signal, "signal " + signal)
        : "it ended with exit code " + exit;
  }
}
