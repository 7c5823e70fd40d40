package io.panallama.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.InfillRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.request.StopConditions;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A message has Java's names, and every one of them can be translated. */
class InvalidRequestExceptionTest {
  private static final Tool TOOL = new Tool("lookup", "", Tool.NO_PARAMETERS);

  private static Map<String, ThrowingCallable> wrong() {
    Map<String, ThrowingCallable> all = new LinkedHashMap<>();
    all.put("maxTokens", () -> GenerationOptions.builder().maxTokens(-1));
    all.put("minTokens", () -> StopConditions.builder().minTokens(-1).build());
    all.put("stop.texts", () -> StopConditions.builder().texts(Collections.nCopies(65, "a")).build());
    all.put("stop.texts[1]", () -> GenerationOptions.builder().stops("a", ""));
    all.put("stop.texts[0]", () -> GenerationOptions.builder().stops("a".repeat(2000)));
    all.put("stop.texts[2]", () -> GenerationOptions.builder().stops("a", "b", "\uD83E"));
    all.put(
        "stop.tokens",
        () -> StopConditions.builder().tokens(IntStream.range(0, 65).boxed().collect(Collectors.toSet())).build());
    all.put("topLogprobs", () -> GenerationOptions.builder().topLogprobs(21).build());
    all.put("priority", () -> GenerationOptions.builder().priority(10).build());
    all.put("timeLimit", () -> GenerationOptions.builder().timeLimit(Duration.ZERO).build());
    all.put("overflow.keep", () -> new ContextOverflow.Shift(-1));
    all.put("messages", () -> ChatRequest.of());
    all.put(
        "format",
        () ->
            ChatRequest.of("a")
                .with(Tools.of(TOOL))
                .with(GenerationOptions.builder().format(new ResponseFormat.Gbnf("root ::= \"a\"")).build()));
    all.put("tools.list", () -> Tools.of(TOOL, TOOL));
    all.put("tools.choice", () -> Tools.builder().choice(new ToolChoice.Required()).build());
    all.put("template.budget.tokens", () -> ReasoningBudget.of(-1));
    all.put("template.budget.message", () -> ReasoningBudget.of(1, "a".repeat(5000)));
    all.put("window", () -> InfillRequest.builder().window(1).build());
    all.put("processing.timeLimit", () -> LogitProcessing.builder(() -> c -> {}).timeLimit(Duration.ZERO).build());
    all.put("processing.maxCandidates", () -> LogitProcessing.builder(() -> c -> {}).maxCandidates(0).build());
    all.put("sampling.seed", () -> Sampling.builder().seed(-1).build());
    all.put("sampling.topP", () -> Sampling.builder().topP(2).build());
    all.put("sampling.topK", () -> Sampling.builder().topK(-1).build());
    all.put("sampling.minKeep", () -> Sampling.builder().minKeep(-1).build());
    all.put("sampling.temperature", () -> Sampling.builder().temperature(-1).build());
    all.put("sampling.temperatureRange", () -> Sampling.builder().temperatureRange(-1, 1).build());
    all.put("sampling.repeatLastN", () -> Sampling.builder().repeatLastN(-1).build());
    all.put("sampling.dry.base", () -> new Sampler.Dry(1, 0, 1, 1, List.of()));
    all.put("sampling.dry.breakers[0]", () -> new Sampler.Dry(1, 1, 1, 1, List.of("")));
    all.put("sampling.logitBias", () -> Sampling.builder().logitBias(Map.of(1, Float.NaN)).build());
    all.put("sampling.bannedTexts[0]", () -> Sampling.builder().banTexts(List.of("")).build());
    all.put("sampling.chain", () -> Sampling.of(List.of(), 1));
    all.put("sampling.grammar.triggers", () -> new Sampler.LazyGrammar("", "", List.of(), List.of()));
    return all;
  }

  @Test
  void theParameterIsTheWayToTheValueInJavaAndStandsInTheMessage() {
    wrong()
        .forEach((path, call) -> {
          InvalidRequestException thrown = catchThrowableOfType(InvalidRequestException.class, call);
          assertThat(thrown).as(path).isNotNull();
          assertThat(thrown.parameter()).isEqualTo(path);
          assertThat(thrown).hasMessageContaining(path);
          assertThat(thrown.getMessage())
              .doesNotContainPattern("[\\uFDD0\\uFDD1]")
              .doesNotContainPattern("[a-z]_[a-z]");
        });
  }

  @Test
  void everyNameInAMessageIsTranslated() {
    wrong()
        .forEach((path, call) -> {
          InvalidRequestException thrown = catchThrowableOfType(InvalidRequestException.class, call);
          String translated = thrown.message(name -> "<" + name.length() + ">");
          assertThat(translated).startsWith("<" + path.length() + "> ").doesNotContain(path + " ");
        });
    InvalidRequestException two = catchThrowableOfType(InvalidRequestException.class, wrong().get("format"));
    assertThat(two.message(Map.of("format", "response_format", "tools.choice", "tool_choice")::get))
        .isEqualTo(
            "response_format of a grammar leaves no room for tool calls; leave one out or set tool_choice to none.");
  }

  @Test
  void valuesAreNotTakenForNames() {
    Tool odd = new Tool("maxTokens", "", Tool.NO_PARAMETERS);
    InvalidRequestException thrown = catchThrowableOfType(InvalidRequestException.class, () -> Tools.of(odd, odd));
    assertThat(thrown.message(name -> "$1\\" + name))
        .isEqualTo("$1\\tools.list has two tools named \"maxTokens\"; the second one is number 2.");
  }
}
