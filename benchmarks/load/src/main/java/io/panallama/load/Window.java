package io.panallama.load;

/**
 * An interval over which throughput is counted, in nanoseconds since the origin of the run.
 *
 * @param begin inclusive
 * @param end inclusive, not before the beginning
 */
record Window(long begin, long end) {
  Window {
    end = Math.max(begin, end);
  }

  boolean contains(long time) {
    return time >= begin && time <= end;
  }

  double seconds() {
    return (end - begin) / 1e9;
  }
}
