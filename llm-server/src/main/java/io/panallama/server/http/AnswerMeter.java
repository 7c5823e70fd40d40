package io.panallama.server.http;

import io.panallama.generation.GenerationEvent;
import io.panallama.server.keys.Account;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * Charges the tokens of an answer. Those of a prompt that several choices share are charged once. For the thread of the
 * request.
 *
 * <p>A generation that its client leaves tells its tokens, too, if its end is still read; otherwise the prompt and a token for each event
 * are charged. A client that always leaves shortly before the end saves nothing.
 */
final class AnswerMeter implements AutoCloseable {
  private final Account account;
  private final int sharing;
  private final IntFunction<OptionalInt> promptTokens;
  private final long[] events;
  private final boolean[] ended;
  private final boolean[] promptCharged;

  /**
   * A meter of an answer.
   *
   * @param choices how many there are
   * @param sharing how many of them, one after the other, have one prompt
   * @param promptTokens the length of a choice's prompt, for those whose ends are not read; empty if it is not known
   */
  AnswerMeter(Account account, int choices, int sharing, IntFunction<OptionalInt> promptTokens) {
    this.account = account;
    this.sharing = sharing;
    this.promptTokens = promptTokens;
    this.events = new long[choices];
    this.ended = new boolean[choices];
    this.promptCharged = new boolean[choices];
  }

  void add(int choice, GenerationEvent event) {
    if (event instanceof GenerationEvent.Finished end) {
      ended[choice] = true;
      charge(choice, end.usage().promptTokens(), end.usage().completionTokens());
    } else {
      events[choice]++;
    }
  }

  /** A choice has failed. What it was not seen to have computed is not charged. */
  void failed(int choice) {
    if (events[choice] > 0) {
      chargeRead(choice);
    }
    ended[choice] = true;
  }

  private void chargeRead(int choice) {
    charge(choice, promptTokens.apply(choice).orElse(0), events[choice]);
  }

  private void charge(int choice, long prompt, long answer) {
    int first = choice - choice % sharing;
    account.charge(promptCharged[first] ? 0 : prompt, answer);
    promptCharged[first] |= prompt > 0;
  }

  /** Charges what has not ended, and counts the request as done. Repeating it is harmless. */
  @Override
  public void close() {
    for (int choice = 0; choice < events.length; choice++) {
      if (!ended[choice]) {
        ended[choice] = true;
        chargeRead(choice);
      }
    }
    account.done();
  }
}
