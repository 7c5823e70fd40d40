package io.panallama.server.http;

import io.panallama.server.dialect.EventWriter;
import io.panallama.server.keys.Account;
import io.panallama.server.registry.Lease;
import io.panallama.server.resume.ResumableStream;
import java.io.IOException;

/**
 * Writes an answer into a stream that can be resumed, whether its client is connected or not. It runs on a thread of its own and owns the
 * lease and the generations.
 */
final class DetachedAnswer implements Runnable {
  private final Lease lease;
  private final EventSource events;
  private final AnswerMeter meter;
  private final AnswerWriter answer;
  private final EventWriter writer;
  private final ResumableStream stream;

  DetachedAnswer(
      Lease lease,
      EventSource events,
      AnswerMeter meter,
      AnswerWriter answer,
      EventWriter writer,
      ResumableStream stream) {
    this.lease = lease;
    this.events = events;
    this.meter = meter;
    this.answer = answer;
    this.writer = writer;
    this.stream = stream;
  }

  /** An account for which a request counts as running until its meter is closed, beyond its connection. */
  static Account held(Account account) {
    Runnable release = account.hold();
    return new Account() {
      @Override
      public void charge(long promptTokens, long answerTokens) {
        account.charge(promptTokens, answerTokens);
      }

      @Override
      public Runnable hold() {
        return account.hold();
      }

      @Override
      public void done() {
        release.run();
      }
    };
  }

  @Override
  public void run() {
    try (lease) {
      boolean complete = false;
      try {
        answer.record(writer, stream);
        complete = true;
      } catch (IOException | RuntimeException | Error fault) {
        Faults.tell("A stream that can be resumed was ended", fault);
      } finally {
        answer.settle();
        meter.close();
        stream.end(complete);
        events.close();
      }
      // While the server shuts down it waits for leases: the client that reads is to get the rest.
      stream.awaitSent();
    }
  }
}
