package io.panallama.cli;

import static io.panallama.error.InvalidRequestException.name;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ChatMessage;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.LoadMode;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampler;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTest {
  private final FakeInference inference = new FakeInference();

  private static JsonNode json(CliRun run) throws Exception {
    assertThat(run.out()).hasLineCount(1);
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void printsOneJsonObject() throws Exception {
    CliRun run = CliRun.of(inference, "run", "--json", "--input", "hi");

    JsonNode json = json(run);
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly("text", "finish_reason", "usage", "ttft_ms", "latency_ms", "model");
    assertThat(json.get("text").textValue()).isEqualTo("Hello there");
    assertThat(json.get("finish_reason").textValue()).isEqualTo("stop");
    assertThat(json.get("usage").toString())
        .isEqualTo("{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9,\"cached_tokens\":3}");
    assertThat(json.get("ttft_ms").doubleValue())
        .isPositive()
        .isLessThanOrEqualTo(json.get("latency_ms").doubleValue());
    assertThat(json.get("model").textValue()).isEqualTo("panallama-demo");
    assertThat(inference.open).isZero();
  }

  @Test
  void readsStandardInput() {
    CliRun.withInput(inference, "two\nlines, ünïcode", "run", "--input", "-", "--system", "Be brief.");

    ChatRequest request = (ChatRequest) inference.requests.getFirst();
    assertThat(request.messages())
        .containsExactly(ChatMessage.system("Be brief."), ChatMessage.user("two\nlines, ünïcode"));
  }

  @Test
  void refusesInputThatIsNotUtf8() {
    CliRun run = CliRun.withInput(inference, new byte[] {'a', (byte) 0xFF}, "run", "--input", "-");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("not UTF-8");
  }

  @Test
  void anEmptyPromptIsRefusedWhereverItComesFrom() {
    for (CliRun run :
        List.of(
            CliRun.of(inference, "run", ""),
            CliRun.of(inference, "run", "--input", ""),
            CliRun.withInput(inference, "", "run"))) {
      assertThat(run.code()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).contains("empty; a prompt is needed").hasLineCount(1);
    }
  }

  @Test
  void aContextSizeThatIsRoundedIsTold() {
    assertThat(CliRun.of(inference, "run", "hi", "--ctx-size", "1").err())
        .contains("--ctx-size is 1; llama.cpp rounds it up to a multiple of 256", "may hold 1024 tokens");
    assertThat(CliRun.of(inference, "run", "hi", "--ctx-size", "512").err()).isEmpty();
  }

  @Test
  void quotationMarksInAValueAreOrdinary() throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      CliRun run = CliRun.of(inference, "run", "hi", "--stop", "a\"b");
      assertThat(run.code()).as(run.err()).isZero();
    } finally {
      System.setErr(before);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(inference.requests.getFirst().options().stops()).containsExactly("a\"b");
  }

  @Test
  void rawInputGoesWithoutTemplate() {
    CliRun.of(inference, "run", "--raw", "--input", "Once upon");

    CompletionRequest request = (CompletionRequest) inference.requests.getFirst();
    assertThat(request.prompt()).isEqualTo(new Prompt.Text("Once upon", false));
  }

  @Test
  void rawAndSystemExcludeEachOther() {
    CliRun run = CliRun.of(inference, "run", "--raw", "--system", "x", "--input", "y");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
  }

  private String prompt() {
    return ((ChatRequest) inference.requests.getLast()).messages().getLast().content();
  }

  @Test
  void promptIsAnArgumentAndTheAnswerIsText() {
    CliRun run = CliRun.of(inference, "run", "Hello", "you");

    assertThat(run.code()).isZero();
    assertThat(run.out()).isEqualTo("Hello there" + System.lineSeparator());
    assertThat(run.err()).isEmpty();
    assertThat(prompt()).isEqualTo("Hello you");
    assertThat(inference.open).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "run -", "run --input -"})
  void promptIsReadFromStandardInputWithoutItsLineEnd(String line) {
    CliRun run = CliRun.withInput(inference, "one\ntwo\n", line.split(" "));

    assertThat(run.code()).isZero();
    assertThat(prompt()).isEqualTo("one\ntwo");
  }

  @Test
  void rawPromptFromStandardInputKeepsEveryCharacter() {
    CliRun.withInput(inference, "one\n", "run", "--raw");

    assertThat(((CompletionRequest) inference.requests.getLast()).prompt()).isEqualTo(new Prompt.Text("one\n", false));
  }

  @Test
  void emptyStandardInputAndATerminalAreNoPrompt() {
    CliRun empty = CliRun.of(inference, "run");
    assertThat(empty.code()).isEqualTo(ExitCode.USAGE);
    assertThat(empty.err()).contains("Standard input is empty").hasLineCount(1);

    CliRun typed = CliRun.onTerminal(inference, "typed\n", "run");
    assertThat(typed.code()).isEqualTo(ExitCode.USAGE);
    assertThat(typed.err()).contains("A prompt is needed", "panallama run \"Hello\"").hasLineCount(1);
    assertThat(inference.requests).isEmpty();
  }

  @Test
  void onlyATerminalIsGuardedAgainstControlCharacters() {
    inference.answer = _ -> List.of("a\u001b[2J", "b\n");

    assertThat(CliRun.of(inference, "run", "hi").out()).isEqualTo("a\u001b[2Jb\n");
    assertThat(CliRun.onTerminal(inference, "", "run", "hi").out()).isEqualTo("a\\x1b[2Jb\n");
  }

  @Test
  void answerThatWasCutOffSaysSoBesideTheText() {
    inference.reason = FinishReason.LENGTH;

    CliRun run = CliRun.of(inference, "run", "hi");

    assertThat(run.code()).isZero();
    assertThat(run.out()).isEqualTo("Hello there" + System.lineSeparator());
    assertThat(run.err()).contains("cut off by --max-tokens").hasLineCount(1);
  }

  @Test
  void interruptedTextExitsWith130() {
    CliRun run = CliRun.withSignal(inference, "", "run", "hi");

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void generationOptionsReachTheRequest() {
    CliRun.of(
        inference,
        "run --input hi --max-tokens 5 --temperature 0.25 --top-k 7 --top-p 0.5 --min-p 0.1 --seed 42 --stop a --stop b"
            .split(" "));

    var options = inference.requests.getFirst().options();
    assertThat(options.maxTokens()).isEqualTo(5);
    assertThat(options.stops()).containsExactly("a", "b");
    assertThat(options.sampling().seed()).isEqualTo(42);
    assertThat(options.sampling().chain())
        .isEqualTo(
            List.of(
                new Sampler.TopK(7),
                new Sampler.TopP(0.5f, 1),
                new Sampler.MinP(0.1f, 1),
                new Sampler.Temperature(0.25f),
                new Sampler.Dist()));
  }

  @Test
  void modelAndEngineOptionsReachTheirConfigurations() {
    CliRun.of(
        inference,
        ("run --input hi --model dir/Big.Q4_K_M.gguf --ctx-size 4096 --threads 3 --batch-size 256 --ubatch-size 128"
                + " --gpu-layers 12 --backend CPU --kv-type q8_0 --kv-value-type f16 --flash-attn on --load-mode"
                + " direct-io")
            .split(" "));

    assertThat(inference.files).containsExactly(Path.of("dir/Big.Q4_K_M.gguf"));
    assertThat(inference.backends).containsExactly("cpu");
    var model = inference.modelConfigs.getFirst();
    assertThat(model.gpuLayers()).isEqualTo(12);
    assertThat(model.loadMode()).isEqualTo(LoadMode.DIRECT_IO);
    var engine = inference.engineConfigs.getFirst();
    assertThat(engine.contextSize()).isEqualTo(4096);
    assertThat(engine.slots()).isEqualTo(1);
    assertThat(engine.threads()).isEqualTo(3);
    assertThat(engine.batchThreads()).isEqualTo(3);
    assertThat(engine.batchSize()).isEqualTo(256);
    assertThat(engine.microBatchSize()).isEqualTo(128);
    assertThat(engine.keyType()).isEqualTo(KvCacheType.Q8_0);
    assertThat(engine.valueType()).isEqualTo(KvCacheType.F16);
    assertThat(engine.flashAttention()).isEqualTo(FlashAttention.ENABLED);
  }

  @Test
  void modelIsCalledAfterItsFile() throws Exception {
    CliRun run = CliRun.of(inference, "run", "--json", "--input", "hi", "--model", "dir/Big.Q4_K_M.gguf");

    assertThat(json(run).get("model").textValue()).isEqualTo("Big.Q4_K_M");
  }

  @Test
  void lengthIsOpenAisWordAndTheDetailSaysWhichLimit() throws Exception {
    inference.reason = FinishReason.CONTEXT_FULL;
    inference.discardedTokens = 11;

    JsonNode json = json(CliRun.of(inference, "run", "--json", "--input", "hi"));

    assertThat(json.get("finish_reason").textValue()).isEqualTo("length");
    assertThat(json.get("finish_detail").textValue()).isEqualTo("context_full");
    assertThat(json.at("/usage/discarded_tokens").intValue()).isEqualTo(11);
  }

  @Test
  void limitsReachTheRequest() {
    CliRun.of(inference, "run --input hi --time-limit 0.25 --overflow Shift --keep 12".split(" "));
    CliRun.of(inference, "run --input hi --overflow stop".split(" "));
    CliRun.of(inference, "run --input hi".split(" "));

    assertThat(inference.requests.get(0).options().timeLimit()).contains(Duration.ofMillis(250));
    assertThat(inference.requests.get(0).options().overflow()).isEqualTo(new ContextOverflow.Shift(12));
    assertThat(inference.requests.get(1).options().overflow()).isEqualTo(new ContextOverflow.Stop());
    assertThat(inference.requests.get(2).options().timeLimit()).isEmpty();
    assertThat(inference.requests.get(2).options().overflow()).isEqualTo(new ContextOverflow.Reject());
  }

  @Test
  void whatTheEngineRefusesIsSaidUnderTheOptionsName() {
    inference.answer =
        _ -> {
          throw new InvalidRequestException(
              "overflow.keep", name("overflow.keep") + " is 5000; the context allows 0 to 1022.");
        };

    CliRun run = CliRun.of(inference, "run --input hi --overflow shift --keep 5000".split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err().strip()).isEqualTo("panallama: --keep is 5000; the context allows 0 to 1022.");
  }

  @Test
  void interruptPrintsWhatThereIsAndExitsWith130() throws Exception {
    CliRun run = CliRun.withSignal(inference, "", "run", "--json", "--input", "hi");

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(json(run).get("finish_reason").textValue()).isEqualTo("cancelled");
  }

  @Test
  void promptTooLongIsTheUsersFault() {
    inference.answer =
        _ -> {
          throw new PromptTooLongException(5000, 1024);
        };

    CliRun run = CliRun.of(inference, "run", "--input", "hi");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("5000 tokens", "1024 tokens").hasLineCount(1);
    assertThat(inference.open).isZero();
  }
}
