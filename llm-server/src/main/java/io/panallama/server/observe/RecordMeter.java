package io.panallama.server.observe;

import io.panallama.generation.GenerationEvent;
import io.panallama.server.registry.RequestMeter;

/**
 * Writes into the record of the current request what the server counts, and passes it on. A generation that goes on without its client has
 * no current request. Safe for use by several threads.
 *
 * @param next what counts
 */
public record RecordMeter(RequestMeter next) implements RequestMeter {
  @Override
  public void finished(String model, String route, GenerationEvent.Finished end) {
    RequestRecord.current()
        .ifPresent(request -> {
          request.model(model);
          request.finished(end);
        });
    next.finished(model, route, end);
  }

  @Override
  public void failed(String model, String route) {
    RequestRecord.current()
        .ifPresent(request -> {
          request.model(model);
          request.failed();
        });
    next.failed(model, route);
  }

  @Override
  public void abandoned(String model, String route) {
    RequestRecord.current()
        .ifPresent(request -> {
          request.model(model);
          request.abandoned();
        });
    next.abandoned(model, route);
  }

  @Override
  public void refused(String model, String route, String reason) {
    RequestRecord.current()
        .ifPresent(request -> {
          if (!model.isEmpty()) {
            request.model(model);
          }
          request.error(reason);
        });
    next.refused(model, route, reason);
  }

  @Override
  public void responded(String route, String method, int status) {
    next.responded(route, method, status);
  }
}
