package io.panallama.server.dialect.responses;

import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.fields.ErrorObject;
import io.panallama.server.keys.Account;
import io.panallama.server.registry.Lease;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Flow;

/** Writes the events of a generation that has no client into a log. For one generation, on its reader's thread. */
final class Recorder implements Flow.Subscriber<GenerationEvent> {
  private static final System.Logger LOGGER = System.getLogger(Recorder.class.getName());

  private final ResponsesWriter writer;
  private final EventLog log;
  private final FieldNames names;
  private final Lease lease;
  private final String route;
  private final Account account;
  private final Runnable hold;

  /**
   * A recorder.
   *
   * @param lease counts the answer, and is returned at its end
   * @param account is charged with it
   * @param hold keeps the request running for the account; run once, at the end
   */
  Recorder(
      ResponsesWriter writer,
      EventLog log,
      FieldNames names,
      Lease lease,
      String route,
      Account account,
      Runnable hold) {
    this.writer = writer;
    this.log = log;
    this.names = names;
    this.lease = lease;
    this.route = route;
    this.account = account;
    this.hold = hold;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    write(() -> writer.begin(log));
    subscription.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(GenerationEvent event) {
    write(() -> {
      if (!(event instanceof GenerationEvent.Finished end)) {
        writer.event(event, log);
        return;
      }
      lease.finished(route, end);
      account.charge(end.usage().promptTokens(), end.usage().completionTokens());
      hold.run();
      lease.close();
      if (end.reason() == FinishReason.CANCELLED) {
        writer.cancelled(log);
      } else {
        writer.end(List.of(end), log);
      }
    });
  }

  @Override
  public void onError(Throwable failure) {
    ApiException error = Failures.of(failure, names);
    if (error.isFault()) {
      LOGGER.log(System.Logger.Level.ERROR, "A response in the background failed", failure);
    }
    lease.failed(route);
    lease.close();
    write(() -> writer.failed(error, ErrorObject.write(error), log));
    log.end();
  }

  @Override
  public void onComplete() {
    log.end();
  }

  private interface Writing {
    void write() throws IOException;
  }

  private static void write(Writing writing) {
    try {
      writing.write();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }
}
