package io.panallama.server.http;

import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/** What a flight recording will tell of the request that a connection is answering. For the connection's own thread. */
final class RequestFlight {
  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototype {
    /** Never committed: asks whether the event is recorded. */
    static final RequestEvent EVENT = new RequestEvent();
  }

  private final RequestEvent event = new RequestEvent();

  private RequestFlight(String requestId) {
    event.requestId = requestId;
    event.begin();
  }

  /** A request begins; null if that is not recorded. */
  static @Nullable RequestFlight begin(String requestId) {
    return FlightRecorder.isInitialized() && Prototype.EVENT.isEnabled() ? new RequestFlight(requestId) : null;
  }

  /** A generation of the request has ended. */
  void generated(String model, GenerationEvent.Finished end) {
    Usage usage = end.usage();
    Timings timings = end.timings();
    event.model = model;
    event.promptTokens += usage.promptTokens();
    event.cachedTokens += usage.cachedTokens();
    event.generatedTokens += usage.completionTokens();
    event.queued = Math.max(event.queued, timings.queued().toNanos());
    if (usage.completionTokens() > 0) {
      event.timeToFirstToken = Math.max(event.timeToFirstToken, timings.timeToFirstToken().toNanos());
    }
  }

  /**
   * The request is answered.
   *
   * @param route the pattern of its path; empty if no route has it
   * @param status 0 if the client left before
   */
  void ended(String route, String method, int status) {
    event.route = route;
    event.method = method;
    event.status = status;
    event.commit();
  }
}
