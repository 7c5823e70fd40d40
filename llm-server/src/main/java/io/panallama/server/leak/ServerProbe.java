package io.panallama.server.leak;

import com.sun.management.UnixOperatingSystemMXBean;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * Measures this process, and those that compute for it as far as Linux tells of them in {@code /proc}. From all of it is subtracted
 * what has a reason: requests that are running, connections of clients, prefixes in memory.
 */
public final class ServerProbe implements LeakProbe {
  private static final long KIB = 1024;

  /** The main class of processes that compute for another one. */
  private static final String WORKER = "io.panallama.WorkerMain";

  private final Registry registry;
  private final IntSupplier connections;

  /**
   * A probe of this process.
   *
   * @param registry knows the engines and how many requests use them
   * @param connections number of connections of clients
   */
  public ServerProbe(Registry registry, IntSupplier connections) {
    this.registry = registry;
    this.connections = connections;
  }

  @Override
  public Measurement measure() {
    Map<Owner, Long> values = new EnumMap<>(Owner.class);
    long spilled = engines(values);
    Set<Long> workers = workers();
    long inThisProcess = workers.isEmpty() ? spilled : 0;
    java(values);
    Path self = Path.of("/proc/self");
    if (Files.isReadable(self.resolve("status"))) {
      long explained = touchedHeap() + values.getOrDefault(Owner.DIRECT, 0L) + inThisProcess;
      values.put(Owner.NATIVE, status(self, "RssAnon") * KIB - explained);
    }
    if (!workers.isEmpty()) {
      workers(values, workers, spilled);
    }
    return new Measurement(values, workers);
  }

  /** Returns the bytes of prefixes in memory. */
  private long engines(Map<Owner, Long> values) {
    // Before the statistics: a request that ends in between makes the difference smaller, not larger.
    long requests = registry.openLeases();
    List<EngineStats> all = registry.states().stream().map(Registry.State::stats).flatMap(Optional::stream).toList();
    if (all.isEmpty()) {
      return 0;
    }
    long sequences = all.stream().mapToLong(stats -> stats.running() + (long) stats.waiting()).sum();
    values.put(Owner.SEQUENCES, Math.max(0, sequences - requests));
    values.put(Owner.CELLS, all.stream().map(EngineStats::detail).mapToLong(ServerProbe::runningCells).sum());
    return all.stream().mapToLong(EngineStats::spilledBytes).sum();
  }

  private static long runningCells(EngineDetail detail) {
    return Math.max(0, detail.kvCellsUsed() - detail.kvCellsRetained());
  }

  private void java(Map<Owner, Long> values) {
    values.put(Owner.THREADS, (long) ManagementFactory.getThreadMXBean().getThreadCount());
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      values.put(Owner.DESCRIPTORS, Math.max(0, system.getOpenFileDescriptorCount() - connections.getAsInt()));
    }
    values.put(
        Owner.DIRECT,
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum());
    long heap = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      MemoryUsage afterCollection = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
      heap = Math.max(heap, afterCollection == null ? 0 : afterCollection.getUsed());
    }
    if (heap > 0) {
      values.put(Owner.HEAP, heap);
    }
  }

  /** What is resident of the Java heap, about: its pools have been this full once. Not all that is committed was touched. */
  private static long touchedHeap() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .mapToLong(pool -> pool.getPeakUsage().getUsed())
        .sum();
  }

  private static Set<Long> workers() {
    Set<Long> found = new TreeSet<>();
    ProcessHandle.current().children().map(ProcessHandle::pid).filter(ServerProbe::isWorker).forEach(found::add);
    return found;
  }

  /** The JDK tells only the beginning of a long command line. */
  private static boolean isWorker(long pid) {
    try {
      Path command = Path.of("/proc", Long.toString(pid), "cmdline");
      return Files.isReadable(command) && Files.readString(command, StandardCharsets.ISO_8859_1).contains(WORKER);
    } catch (IOException ended) {
      return false;
    }
  }

  private static void workers(Map<Owner, Long> values, Set<Long> workers, long spilled) {
    long memory = 0;
    long threads = 0;
    long descriptors = 0;
    for (long pid : workers) {
      Path process = Path.of("/proc", Long.toString(pid));
      try (Stream<Path> open = Files.list(process.resolve("fd"))) {
        memory += status(process, "RssAnon") * KIB;
        threads += status(process, "Threads");
        descriptors += open.count();
      } catch (IOException | UncheckedIOException ended) {
        // It has just ended, or this system does not tell.
        return;
      }
    }
    values.put(Owner.WORKER_MEMORY, Math.max(0, memory - spilled));
    values.put(Owner.WORKER_THREADS, threads);
    values.put(Owner.WORKER_DESCRIPTORS, descriptors);
  }

  /** A number of a process; 0 if it has none of this name. */
  private static long status(Path process, String field) {
    Map<String, String> fields = new HashMap<>();
    try {
      for (String line : Files.readAllLines(process.resolve("status"))) {
        int colon = line.indexOf(':');
        if (colon > 0) {
          fields.put(line.substring(0, colon), line.substring(colon + 1).replace("kB", "").strip());
        }
      }
      return Long.parseLong(fields.getOrDefault(field, "0"));
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }
}
