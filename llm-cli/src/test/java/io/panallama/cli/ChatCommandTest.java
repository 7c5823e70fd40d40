package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChatCommandTest {
  private final FakeInference inference = new FakeInference();

  private List<ChatMessage> messages(int request) {
    return ((ChatRequest) inference.requests.get(request)).messages();
  }

  @Test
  void pipedLinesAreTurnsOfOneConversation() {
    CliRun run = CliRun.withInput(inference, "one\n\ntwo", "chat");

    assertThat(run.code()).isZero();
    assertThat(run.out()).isEqualTo("Hello there%nHello there%n".formatted());
    assertThat(messages(0)).containsExactly(ChatMessage.user("one"));
    assertThat(messages(1))
        .containsExactly(ChatMessage.user("one"), ChatMessage.assistant("Hello there"), ChatMessage.user("two"));
    assertThat(inference.open).isZero();
  }

  @Test
  void inputThatIsNotUtf8IsRefused() {
    CliRun run = CliRun.withInput(inference, new byte[] {'a', (byte) 0xFF, '\n'}, "chat");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("of standard input is not UTF-8 text.");
    assertThat(inference.requests).isEmpty();
  }

  @Test
  void statisticsGoToStandardErrorOfAPipe() {
    CliRun run = CliRun.withInput(inference, "one", "chat");

    assertThat(run.err().strip()).isEqualTo("2 tokens, 2.0 tokens/s, first after 20 ms");
  }

  @Test
  void statisticsNameTheLimitAndWhatWasForgotten() {
    inference.reason = FinishReason.TIME_LIMIT;
    inference.discardedTokens = 40;

    CliRun run = CliRun.withInput(inference, "one", "chat", "--time-limit", "2", "--overflow", "shift");

    assertThat(run.err().strip())
        .isEqualTo("2 tokens, 2.0 tokens/s, first after 20 ms, 40 discarded, cut off by --time-limit");
    assertThat(inference.requests.getFirst().options())
        .returns(Optional.of(Duration.ofSeconds(2)), GenerationOptions::timeLimit)
        .returns(new ContextOverflow.Shift(0), GenerationOptions::overflow);
  }

  @Test
  void resetForgetsTheTurnsAndKeepsTheSystemMessage() {
    CliRun.withInput(inference, "one\n/reset\ntwo", "chat", "--system", "Be brief.");

    assertThat(messages(1)).containsExactly(ChatMessage.system("Be brief."), ChatMessage.user("two"));
  }

  @Test
  void systemCommandReplacesTheSystemMessage() {
    CliRun.withInput(inference, "/system Speak like a pirate.\none\n/system\ntwo", "chat", "--system", "Be brief.");

    assertThat(messages(0)).containsExactly(ChatMessage.system("Speak like a pirate."), ChatMessage.user("one"));
    assertThat(messages(1)).containsExactly(ChatMessage.user("two"));
  }

  @Test
  void exitLeaves() {
    CliRun run = CliRun.withInput(inference, "/exit\none", "chat");

    assertThat(run.code()).isZero();
    assertThat(inference.requests).isEmpty();
  }

  @Test
  void helpAndUnknownCommandsAreAnsweredWithoutTheModel() {
    CliRun run = CliRun.withInput(inference, "/help\n/frobnicate", "chat");

    assertThat(run.err()).contains("/system TEXT", "/reset", "/exit", "Unknown command /frobnicate");
    assertThat(inference.requests).isEmpty();
  }

  @Test
  void controlSequencesInAnAnswerAreEscapedButKeptInTheConversation() {
    inference.answer = _ -> List.of("a\u001b[2Jb\n\tc\u009bd\u0000");

    CliRun run = CliRun.withInput(inference, "one\ntwo", "chat");

    assertThat(run.out()).startsWith("a\\x1b[2Jb\n\tc\\x9bd\\x00");
    assertThat(messages(1).get(1).content()).isEqualTo("a\u001b[2Jb\n\tc\u009bd\u0000");
  }

  @Test
  void interruptOfAPipeEndsTheProgram() {
    CliRun run = CliRun.withSignal(inference, "one\ntwo", "chat");

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(inference.requests).hasSize(1);
  }

  @Test
  void conversationThatOutgrowsTheContextIsAUsageErrorOfAPipe() {
    inference.answer =
        _ -> {
          throw new PromptTooLongException(5000, 1024);
        };

    CliRun run = CliRun.withInput(inference, "one", "chat");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("5000 tokens").hasLineCount(1);
  }
}
