package io.panallama.config;

/** How the weights are brought into memory; the values of llama.h's {@code llama_load_mode}. */
public enum LoadMode {
  /** Let llama.cpp choose by the device. */
  AUTO(-1),
  /** Read into allocated memory. */
  READ(0),
  /** Map the file; pages are shared between processes and read on first use. The default. */
  MMAP(1),
  /** Read into memory and lock it in RAM. */
  MLOCK(2),
  /** Map the file and lock it in RAM. */
  MMAP_MLOCK(3),
  /** Read while bypassing the page cache, if the system supports it. */
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
