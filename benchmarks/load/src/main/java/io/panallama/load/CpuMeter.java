package io.panallama.load;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The share of a processor that this process uses, including JIT compiler and collector. Confined to one thread. */
final class CpuMeter {
  private static final OperatingSystemMXBean SYSTEM = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final long began = System.nanoTime();
  private final long cpuAtBegin = SYSTEM.getProcessCpuTime();

  /** Processor time divided by time since this meter was created: 1 is one processor all the time. */
  double share() {
    return (double) (SYSTEM.getProcessCpuTime() - cpuAtBegin) / Math.max(1, System.nanoTime() - began);
  }
}
