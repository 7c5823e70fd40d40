package io.panallama.load;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How much of a processor this process uses, JIT compiler and collector included. For one thread. */
final class CpuMeter {
  private static final OperatingSystemMXBean SYSTEM = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final long began = System.nanoTime();
  private final long cpuAtBegin = SYSTEM.getProcessCpuTime();

  /** Processor time over time since this meter was made: 1 is one processor, all the time. */
  double share() {
    return (double) (SYSTEM.getProcessCpuTime() - cpuAtBegin) / Math.max(1, System.nanoTime() - began);
  }
}
