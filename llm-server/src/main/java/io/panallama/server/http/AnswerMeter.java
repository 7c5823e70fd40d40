package io.panallama.server.http;

import io.panallama.generation.GenerationEvent;
import io.panallama.server.keys.Account;

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
  private final long[] events;
  private final boolean[] ended;
  private final boolean[] promptCharged;
  private int promptTokens;

  /**
   * A meter of an answer.
   *
   * @param choices how many there are
   * @param sharing how many of them, one after the other, have one prompt
   */
  AnswerMeter(Account account, int choices, int sharing) {
    this.account = account;
    this.sharing = sharing;
    this.events = new long[choices];
    this.ended = new boolean[choices];
    this.promptCharged = new boolean[choices];
  }

  /** The length of the prompt, if it is known before the end. */
  void promptTokens(int tokens) {
    promptTokens = tokens;
  }

  void add(int choice, GenerationEvent event) {
    events[choice]++;
    if (event instanceof GenerationEvent.Finished end) {
      ended[choice] = true;
      charge(choice, end.usage().promptTokens(), end.usage().completionTokens());
    }
  }

  private void charge(int choice, long prompt, long answer) {
    int first = choice - choice % sharing;
    account.charge(promptCharged[first] ? 0 : prompt, answer);
    promptCharged[first] = true;
  }

  /** Charges what has begun but not ended, and counts the request as done. Repeating it is harmless. */
  @Override
  public void close() {
    for (int choice = 0; choice < events.length; choice++) {
      if (!ended[choice] && events[choice] > 0) {
        ended[choice] = true;
        charge(choice, promptTokens, events[choice]);
      }
    }
    account.done();
  }
}
