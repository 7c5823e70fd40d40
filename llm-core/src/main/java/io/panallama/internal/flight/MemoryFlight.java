package io.panallama.internal.flight;

import io.panallama.observe.MemoryUse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records what llama.cpp holds for engines: when it is allocated and freed, and from time to time what there is, for recordings
 * that begin later. Safe for use by several threads.
 */
public final class MemoryFlight {
  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototype {
    /** Never committed: asks whether the event is recorded. */
    static final NativeAllocationEvent EVENT = new NativeAllocationEvent();
  }

  private static final Runnable TELL = MemoryFlight::tell;

  /** What each engine holds, by its name. Guarded by itself. */
  private static final Map<String, List<MemoryUse>> HELD = new LinkedHashMap<>();

  /** Whether the flight recorder asks for what there is. Guarded by {@link #HELD}. */
  private static boolean asked;

  private final NativeAllocationEvent event = new NativeAllocationEvent();

  private MemoryFlight() {
    event.begin();
  }

  /** An engine is about to be started; null if that is not recorded. */
  public static @Nullable MemoryFlight begin() {
    return FlightRecorder.isInitialized() && Prototype.EVENT.isEnabled() ? new MemoryFlight() : null;
  }

  /**
   * The engine has started.
   *
   * @param flight what {@link #begin} returned
   * @param owner the name of the engine, which no other one has
   * @param memory what it holds until {@link #freed}
   */
  public static void allocated(@Nullable MemoryFlight flight, String owner, List<MemoryUse> memory) {
    synchronized (HELD) {
      HELD.put(owner, memory);
    }
    recorderSeen();
    if (flight != null) {
      flight.event.end();
      memory.forEach(use -> commit(flight.event, owner, use, 1));
    }
  }

  /** The engine is closed. Repeating it is harmless. */
  public static void freed(String owner) {
    List<MemoryUse> memory;
    synchronized (HELD) {
      List<MemoryUse> held = HELD.remove(owner);
      memory = held == null ? List.of() : held;
      if (HELD.isEmpty() && asked) {
        FlightRecorder.removePeriodicEvent(TELL);
        asked = false;
      }
    }
    MemoryFlight flight = memory.isEmpty() ? null : begin();
    if (flight != null) {
      flight.event.end();
      memory.forEach(use -> commit(flight.event, owner, use, -1));
    }
  }

  private static void commit(NativeAllocationEvent event, String owner, MemoryUse use, int sign) {
    event.owner = owner;
    event.device = use.device();
    commit(event, "model", sign * use.model());
    commit(event, "context", sign * use.context());
    commit(event, "compute", sign * use.compute());
  }

  private static void commit(NativeAllocationEvent event, String kind, long bytes) {
    if (bytes != 0) {
      event.kind = kind;
      event.bytes = bytes;
      event.commit();
    }
  }

  /** There may be a flight recorder since the last call: it is told to ask for what engines hold. */
  static void recorderSeen() {
    synchronized (HELD) {
      if (!asked && !HELD.isEmpty() && FlightRecorder.isInitialized()) {
        FlightRecorder.addPeriodicEvent(NativeMemoryEvent.class, TELL);
        asked = true;
      }
    }
  }

  private static void tell() {
    Map<String, List<MemoryUse>> held;
    synchronized (HELD) {
      held = Map.copyOf(HELD);
    }
    held.forEach((owner, memory) ->
        memory.forEach(use -> {
          NativeMemoryEvent event = new NativeMemoryEvent();
          event.owner = owner;
          event.device = use.device();
          event.model = use.model();
          event.context = use.context();
          event.compute = use.compute();
          event.commit();
        }));
  }
}
