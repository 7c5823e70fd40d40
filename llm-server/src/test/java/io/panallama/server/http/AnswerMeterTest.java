package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.server.keys.Account;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AnswerMeterTest {
  private static final GenerationEvent TEXT = new GenerationEvent.Text("a", List.of());

  private long prompt;
  private long answer;
  private int done;

  private final Account account =
      new Account() {
        @Override
        public void charge(long promptTokens, long answerTokens) {
          prompt += promptTokens;
          answer += answerTokens;
        }

        @Override
        public Runnable hold() {
          return () -> {};
        }

        @Override
        public void done() {
          done++;
        }
      };

  private static GenerationEvent end(int promptTokens, int completionTokens) {
    Timings timings = new Timings(Duration.ZERO, Duration.ofMillis(1), Duration.ofMillis(1));
    return new GenerationEvent.Finished(FinishReason.STOP, new Usage(promptTokens, 0, completionTokens, 0), timings);
  }

  /** Choices 0 and 1 have a prompt of 100 tokens, the next two one of 101, and so on. */
  private AnswerMeter pairs(int choices) {
    return new AnswerMeter(account, choices, 2, choice -> OptionalInt.of(100 + choice / 2));
  }

  @Test
  void aPromptIsChargedOnceWhereNoChoiceHasEnded() {
    try (AnswerMeter meter = pairs(2)) {
      meter.add(0, TEXT);
      meter.add(1, TEXT);
      meter.add(1, TEXT);
    }
    assertThat(prompt).isEqualTo(100);
    assertThat(answer).isEqualTo(3);
    assertThat(done).isPositive();
  }

  @Test
  void andWhereOneHas() {
    for (int ended = 0; ended < 2; ended++) {
      prompt = 0;
      answer = 0;
      try (AnswerMeter meter = pairs(2)) {
        meter.add(0, TEXT);
        meter.add(1, TEXT);
        meter.add(ended, end(100, 7));
      }
      assertThat(prompt).isEqualTo(100);
      assertThat(answer).isEqualTo(8);
    }
  }

  /** A choice that ended before its prompt was known says nothing about that of the others. */
  @Test
  void anEndWithoutAPromptDoesNotPayForIt() {
    try (AnswerMeter meter = pairs(2)) {
      meter.add(0, end(0, 0));
      meter.add(1, end(100, 7));
    }
    assertThat(prompt).isEqualTo(100);
    assertThat(answer).isEqualTo(7);
  }

  @Test
  void eachPromptOfARequestIsCharged() {
    AnswerMeter meter = pairs(6);
    meter.add(2, TEXT);
    meter.add(3, end(101, 5));
    meter.close();
    meter.close();
    assertThat(prompt).isEqualTo(100 + 101 + 102);
    assertThat(answer).isEqualTo(6);
  }

  @Test
  void aGenerationThatFailsPaysForWhatItSaid() {
    try (AnswerMeter meter = pairs(4)) {
      meter.add(0, TEXT);
      meter.failed(0);
      meter.failed(1);
      meter.failed(2);
      meter.failed(3);
    }
    assertThat(prompt).isEqualTo(100);
    assertThat(answer).isEqualTo(1);
  }
}
