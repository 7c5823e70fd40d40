package io.panallama.cli.profile;

import java.util.ArrayList;
import java.util.List;

/**
 * What a recording says of one process. Times are nanoseconds since 1970, lengths of time nanoseconds. Filled by one thread; what
 * is read from it afterwards may be shared.
 */
public final class JvmLog {
  /**
   * A step of an engine.
   *
   * @param processors time of waiting for logit processors
   * @param thread the engine
   */
  public record Step(
      long start,
      long nanos,
      int generating,
      int prompts,
      int promptTokens,
      long decode,
      long prefill,
      long sample,
      long processors,
      String thread) {
    long end() {
      return start + nanos;
    }

    /** Time of the step that is none of its parts. */
    long rest() {
      return Math.max(0, nanos - decode - prefill - sample - processors);
    }
  }

  /**
   * Something that took a while.
   *
   * @param label what is known of its kind
   * @param tokens how many it was about; 0 if that means nothing
   * @param bytes how many it was about; 0 if that means nothing
   */
  public record Span(long start, long nanos, String label, long tokens, long bytes, String thread) {
    long end() {
      return start + nanos;
    }

    /** How much of a stretch of time it takes. */
    long overlap(long from, long to) {
      return Math.max(0, Math.min(end(), to) - Math.max(start, from));
    }
  }

  /**
   * A reader took tokens.
   *
   * @param at when it took the first of them
   * @param latency how long that one had waited
   * @param waiting how many there were
   * @param bulk whether the reader wanted many at once
   */
  public record Emit(long at, long latency, long waiting, boolean bulk, String thread) {}

  /** A generation got its first step. */
  public record Wait(long at, long waited, int promptTokens, int cachedTokens) {}

  /**
   * A request over HTTP.
   *
   * @param status 0 if the client left
   */
  public record Request(
      long start,
      long nanos,
      String id,
      String method,
      String route,
      int status,
      long promptTokens,
      long generatedTokens,
      long queued,
      long firstToken) {}

  /**
   * How busy the processors were, as parts of all of them.
   *
   * @param own this process
   * @param machine all processes
   */
  public record Load(long at, double own, double machine) {}

  /** What llama.cpp holds for an engine on a device, in bytes. */
  public record Memory(String owner, String device, long model, long context, long compute) {}

  /**
   * Where a thread was.
   *
   * @param frames outermost first
   * @param inNative whether it was in native code
   */
  public record Sample(long at, String thread, List<String> frames, boolean inNative) {}

  private final long pid;
  private String command = "";

  final List<Step> steps = new ArrayList<>();
  final List<Span> prefills = new ArrayList<>();
  final List<Span> choices = new ArrayList<>();
  final List<Span> evictions = new ArrayList<>();
  final List<Span> copies = new ArrayList<>();
  final List<Span> pauses = new ArrayList<>();
  final List<Emit> emits = new ArrayList<>();
  final List<Wait> waits = new ArrayList<>();
  final List<Request> requests = new ArrayList<>();
  final List<Load> loads = new ArrayList<>();
  final List<Memory> memory = new ArrayList<>();
  final List<Sample> samples = new ArrayList<>();

  /** An empty log of a process. */
  JvmLog(long pid) {
    this.pid = pid;
  }

  /** The process id; 0 if the recording does not tell it. */
  public long pid() {
    return pid;
  }

  /** The main class and its arguments, as far as they are known. */
  public String command() {
    return command;
  }

  void command(String value) {
    command = value;
  }

  /** Adds what a later part of the recording says of the same process. */
  void add(JvmLog part) {
    command = part.command.isEmpty() ? command : part.command;
    steps.addAll(part.steps);
    prefills.addAll(part.prefills);
    choices.addAll(part.choices);
    evictions.addAll(part.evictions);
    copies.addAll(part.copies);
    pauses.addAll(part.pauses);
    emits.addAll(part.emits);
    waits.addAll(part.waits);
    requests.addAll(part.requests);
    loads.addAll(part.loads);
    part.memory.forEach(this::memory);
    samples.addAll(part.samples);
  }

  /** Takes what is held now in place of what was held before. */
  void memory(Memory now) {
    memory.removeIf(before -> before.owner().equals(now.owner()) && before.device().equals(now.device()));
    memory.add(now);
  }

  /** Whether it is a process that computes for another one. */
  public boolean isWorker() {
    return command.contains("WorkerMain");
  }
}
