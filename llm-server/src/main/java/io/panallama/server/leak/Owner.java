package io.panallama.server.leak;

import java.util.Locale;

/** What can leak. Each is measured without the part that is explained by running requests or by caches with a limit. */
public enum Owner {
  /** Generations in the engine that no request has. */
  SEQUENCES("generations that no request has", false, 1, 5),

  /** Cells of the KV cache that belong to running generations. */
  CELLS("cells of the KV cache that no retained prefix has", false, 50, 500),

  /** Platform threads of the server's process; virtual threads are counted with the heap. */
  THREADS("threads of the server", false, 1, 10),

  /** File descriptors of the server's process that are no connections of clients. */
  DESCRIPTORS("file descriptors of the server that are no connections", false, 1, 10),

  /** The Java heap of the server's process after its last full collection. */
  HEAP("Java heap of the server after a full collection", true, 2 << 20, 32 << 20),

  /** Direct buffers of the server's process. */
  DIRECT("direct buffers of the server", true, 1 << 20, 16 << 20),

  /** Resident memory of the server's process that is no file, no Java heap, no direct buffer and no prefix in memory. */
  NATIVE("native memory of the server", true, 4 << 20, 64 << 20),

  /** Threads of the engines' processes. */
  WORKER_THREADS("threads of the engine's process", false, 1, 10),

  /** File descriptors of the engines' processes. */
  WORKER_DESCRIPTORS("file descriptors of the engine's process", false, 1, 10),

  /** Resident memory of the engines' processes that is no file and no prefix in memory. */
  WORKER_MEMORY("memory of the engine's process", true, 4 << 20, 64 << 20);

  private final String description;
  private final boolean bytes;
  private final long perThousand;
  private final long least;

  Owner(String description, boolean bytes, long perThousand, long least) {
    this.description = description;
    this.bytes = bytes;
    this.perThousand = perThousand;
    this.least = least;
  }

  /** What it is, in words. */
  public String description() {
    return description;
  }

  /** Its label in metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The growth per 1,000 requests from which on it is a leak. */
  long perThousand() {
    return perThousand;
  }

  /** How much it must have grown altogether. */
  long least() {
    return least;
  }

  /** An amount with its unit. */
  String amount(double value) {
    return bytes
        ? String.format(Locale.ROOT, "%.1f MiB", value / (1 << 20))
        : String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f" : "%.1f", value);
  }
}
