package io.panallama.cli.profile;

import io.panallama.cli.profile.JvmLog.Emit;
import io.panallama.cli.profile.JvmLog.Load;
import io.panallama.cli.profile.JvmLog.Memory;
import io.panallama.cli.profile.JvmLog.Request;
import io.panallama.cli.profile.JvmLog.Sample;
import io.panallama.cli.profile.JvmLog.Span;
import io.panallama.cli.profile.JvmLog.Step;
import io.panallama.cli.profile.JvmLog.Wait;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/** Reads what {@link SpikeFinder} and {@link ProfilePage} need from a flight recording. */
public final class FlightReader {
  /** Numbers at the end of a thread's name tell apart threads that do the same. */
  private static final Pattern NUMBER = Pattern.compile("\\d+$");

  /** The end of the name of a class that the JVM has made, such as that of a lambda; it is another one in each process. */
  private static final Pattern HIDDEN = Pattern.compile("[/.+]0x[0-9a-f]+$");

  private final Map<Long, JvmLog> processes = new LinkedHashMap<>();
  private long start = Long.MAX_VALUE;
  private long end = Long.MIN_VALUE;

  private FlightReader() {}

  /**
   * Reads a recording of one process, or those of several, one behind the other.
   *
   * @throws IOException if it can't be read, or is no recording
   */
  public static FlightLog read(Path file) throws IOException {
    FlightReader reader = new FlightReader();
    try (RecordingChunks chunks = RecordingChunks.of(file)) {
      for (Path chunk : chunks.files()) {
        reader.chunk(chunk);
      }
    }
    return reader.log();
  }

  private FlightLog log() {
    List<JvmLog> all = new ArrayList<>(processes.values());
    all.sort(Comparator.comparing(JvmLog::isWorker).thenComparingLong(JvmLog::pid));
    all.forEach(log -> log.steps.sort(Comparator.comparingLong(Step::start)));
    return new FlightLog(List.copyOf(all), Math.min(start, end), end);
  }

  /** Reads a chunk, whose events are all of one process. */
  private void chunk(Path file) throws IOException {
    JvmLog part = new JvmLog(0);
    long pid = 0;
    try (RecordingFile events = new RecordingFile(file)) {
      while (events.hasMoreEvents()) {
        RecordedEvent event = events.readEvent();
        if (event.getEventType().getName().equals("jdk.JVMInformation")) {
          pid = event.getLong("pid");
          part.command(text(event, "javaArguments"));
        } else {
          add(part, event);
        }
      }
    }
    processes.computeIfAbsent(pid, JvmLog::new).add(part);
  }

  private void add(JvmLog log, RecordedEvent event) {
    long at = nanos(event.getStartTime());
    long took = event.getDuration().toNanos();
    String name = event.getEventType().getName();
    if (name.startsWith("panallama.") || name.equals("jdk.ExecutionSample") || name.equals("jdk.NativeMethodSample")) {
      start = Math.min(start, at);
      end = Math.max(end, at + took);
    }
    switch (name) {
      case "panallama.Step" ->
          log.steps.add(
              new Step(
                  at,
                  took,
                  event.getInt("generating"),
                  event.getInt("prompts"),
                  event.getInt("promptTokens"),
                  event.getLong("decode"),
                  event.getLong("prefill"),
                  event.getLong("sample"),
                  // Recordings of earlier versions don't have it.
                  event.hasField("processors") ? event.getLong("processors") : 0,
                  thread(event.getThread())));
      case "panallama.Prefill" -> log.prefills.add(span(event, "prefill", event.getInt("tokens"), 0));
      case "panallama.Choice" -> log.choices.add(span(event, text(event, "by"), 0, 0));
      case "panallama.Evict" -> log.evictions.add(span(event, text(event, "cause"), event.getInt("tokens"), 0));
      case "panallama.Spill" ->
          log.copies.add(
              span(event, "spill to " + text(event, "tier"), event.getInt("tokens"), event.getLong("bytes")));
      case "panallama.Restore" ->
          log.copies.add(
              span(event, "restore from " + text(event, "tier"), event.getInt("tokens"), event.getLong("bytes")));
      case "panallama.Emit" ->
          log.emits.add(
              new Emit(
                  at,
                  event.getLong("latency"),
                  event.getLong("waiting"),
                  event.hasField("bulk") && event.getBoolean("bulk"),
                  thread(event.getThread())));
      case "panallama.Queue" ->
          log.waits.add(
              new Wait(at, event.getLong("waited"), event.getInt("promptTokens"), event.getInt("cachedTokens")));
      case "panallama.Request" ->
          log.requests.add(
              new Request(
                  at,
                  took,
                  text(event, "requestId"),
                  text(event, "method"),
                  text(event, "route"),
                  event.getInt("status"),
                  event.getLong("promptTokens"),
                  event.getLong("generatedTokens"),
                  event.getLong("queued"),
                  event.getLong("timeToFirstToken")));
      case "panallama.NativeMemory" ->
          log.memory(
              new Memory(
                  text(event, "owner"),
                  text(event, "device"),
                  event.getLong("model"),
                  event.getLong("context"),
                  event.getLong("compute")));
      case "jdk.GCPhasePause" -> log.pauses.add(span(event, text(event, "name"), 0, 0));
      case "jdk.CPULoad" ->
          log.loads.add(
              new Load(at, event.getFloat("jvmUser") + event.getFloat("jvmSystem"), event.getFloat("machineTotal")));
      case "jdk.ExecutionSample" -> sample(log, event, false);
      case "jdk.NativeMethodSample" -> sample(log, event, true);
      default -> {}
    }
  }

  private static Span span(RecordedEvent event, String label, long tokens, long bytes) {
    return new Span(
        nanos(event.getStartTime()), event.getDuration().toNanos(), label, tokens, bytes, thread(event.getThread()));
  }

  private static void sample(JvmLog log, RecordedEvent event, boolean inNative) {
    RecordedStackTrace trace = event.getStackTrace();
    RecordedThread sampled = event.getThread("sampledThread");
    if (trace == null || trace.getFrames().isEmpty()) {
      return;
    }
    List<String> frames = new ArrayList<>();
    for (RecordedFrame frame : trace.getFrames().reversed()) {
      if (frame.isJavaFrame()) {
        String type = HIDDEN.matcher(frame.getMethod().getType().getName()).replaceAll("");
        frames.add(type + "." + frame.getMethod().getName());
      }
    }
    log.samples.add(new Sample(nanos(event.getStartTime()), thread(sampled), List.copyOf(frames), inNative));
  }

  private static String thread(@Nullable RecordedThread thread) {
    if (thread == null) {
      return "unknown thread";
    }
    String name = thread.getJavaName();
    if (name == null || name.isEmpty()) {
      return thread.isVirtual() ? "virtual threads" : "threads of the JVM";
    }
    return name.startsWith("panallama-engine-") ? name : NUMBER.matcher(name).replaceAll("N");
  }

  private static String text(RecordedEvent event, String field) {
    String value = event.getString(field);
    return value == null ? "" : value;
  }

  private static long nanos(Instant time) {
    return time.getEpochSecond() * 1_000_000_000L + time.getNano();
  }
}
