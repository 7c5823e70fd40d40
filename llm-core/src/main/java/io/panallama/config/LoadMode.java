package io.panallama.config;

/** How the weights come into memory; the values of llama.h's {@code llama_load_mode}. */
public enum LoadMode {
  /** llama.cpp chooses by the device. */
  AUTO(-1),
  /** Read into allocated memory. */
  READ(0),
  /** Map the file; pages are shared between processes and read on first use. The default. */
  MMAP(1),
  /** Read, and lock in RAM. */
  MLOCK(2),
  /** Map, and lock in RAM. */
  MMAP_MLOCK(3),
  /** Read past the page cache where the system can. */
  DIRECT_IO(4);

  private final int value;

  LoadMode(int value) {
    this.value = value;
  }

  /** The value in {@code llama_model_params.load_mode}. */
  public int value() {
    return value;
  }
}
