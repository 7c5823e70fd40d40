package io.panallama.cli.profile;

import io.panallama.cli.profile.JvmLog.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Samples of stacks, put together by what they have in common: process, thread, then methods from the outermost inwards. */
final class StackTree {
  /** Native code in which a thread only waits, which would hide everything else. */
  private static final List<String> WAITING =
      List.of("sun.nio.ch.", "java.lang.ProcessHandleImpl.", "java.io.FileInputStream.readBytes", "java.lang.ref.");

  private final String name;
  private final Map<String, StackTree> inner = new LinkedHashMap<>();
  private long samples;

  private StackTree(String name) {
    this.name = name;
  }

  /**
   * All samples of one kind.
   *
   * @param inNative whether those in native code, without those that only wait there
   */
  static StackTree of(FlightLog log, boolean inNative) {
    StackTree root = new StackTree("all");
    for (JvmLog process : log.processes()) {
      String label = (process.isWorker() ? "worker " : "server ") + process.pid();
      for (Sample sample : process.samples) {
        if (sample.inNative() == inNative && !(inNative && isWaiting(sample))) {
          root.add(label, sample);
        }
      }
    }
    return root;
  }

  private static boolean isWaiting(Sample sample) {
    String innermost = sample.frames().isEmpty() ? "" : sample.frames().getLast();
    return WAITING.stream().anyMatch(innermost::startsWith);
  }

  private void add(String process, Sample sample) {
    samples++;
    StackTree at = within(process).within(sample.thread());
    for (String frame : sample.frames()) {
      at = at.within(frame);
    }
  }

  private StackTree within(String frame) {
    StackTree found = inner.computeIfAbsent(frame, StackTree::new);
    found.samples++;
    return found;
  }

  String name() {
    return name;
  }

  /** How many samples there are in it and in what it called. */
  long samples() {
    return samples;
  }

  /** What it called, the most frequent first. */
  List<StackTree> inner() {
    List<StackTree> sorted = new ArrayList<>(inner.values());
    sorted.sort(Comparator.comparingLong(StackTree::samples).reversed().thenComparing(StackTree::name));
    return sorted;
  }
}
