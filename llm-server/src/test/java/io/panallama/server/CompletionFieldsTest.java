package io.panallama.server;

import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The fields for log-probabilities, echo and gaps. In these tests, the token ids are the bytes themselves. */
class CompletionFieldsTest {
  private static final String COMPLETIONS = "/v1/completions";

  private static GenerationEvent.Text piece(String text, int... tokens) {
    List<TokenLogprobs> logprobs = new java.util.ArrayList<>();
    for (int token : tokens) {
      TokenLogprob chosen = new TokenLogprob(token, -0.5f);
      logprobs.add(new TokenLogprobs(chosen, List.of(new TokenLogprob('x', -0.25f), new TokenLogprob('y', -2))));
    }
    return new GenerationEvent.Text(text, logprobs);
  }

  /** The llama is four tokens of one byte. */
  private static ScriptedGenerator llama() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(piece("a", 'a'));
          script.emit(piece("", 0xF0, 0x9F, 0xA6));
          script.emit(piece("🦙", 0x99));
          script.emit(piece("x", 'x'));
          script.finish(FinishReason.STOP);
        });
  }

  @Test
  void logProbabilitiesAreInTheOldShape() throws Exception {
    ScriptedGenerator generator = llama();
    try (TestServer server = TestServer.start(generator)) {
      JsonNode choice = json(server.post(COMPLETIONS, "{\"prompt\": \"p\", \"logprobs\": 1}").body()).at("/choices/0");
      assertThat(choice.path("text").asText()).isEqualTo("a🦙x");
      JsonNode logprobs = choice.path("logprobs");
      assertThat(logprobs.path("tokens").toString())
          .isEqualTo("[\"a\",\"bytes:\\\\xf0\",\"bytes:\\\\x9f\",\"bytes:\\\\xa6\",\"bytes:\\\\x99\",\"x\"]");
      assertThat(logprobs.path("token_logprobs").toString()).isEqualTo("[-0.5,-0.5,-0.5,-0.5,-0.5,-0.5]");
      assertThat(logprobs.path("text_offset").toString()).isEqualTo("[0,1,1,1,1,2]");
      assertThat(logprobs.at("/top_logprobs/0").toString()).isEqualTo("{\"x\":-0.25,\"a\":-0.5}");
      assertThat(logprobs.at("/top_logprobs/5").toString()).isEqualTo("{\"x\":-0.25}");
      assertThat(generator.next().request().options().topLogprobs()).isEqualTo(1);
    }
  }

  @Test
  void withoutAlternativesThereIsTheTokenItself() throws Exception {
    ScriptedGenerator generator = llama();
    try (TestServer server = TestServer.start(generator)) {
      JsonNode answer = json(server.post(COMPLETIONS, "{\"prompt\": \"p\", \"logprobs\": 0}").body());
      assertThat(answer.at("/choices/0/logprobs/top_logprobs/0").toString()).isEqualTo("{\"a\":-0.5}");
    }
  }

  @Test
  void chunksGoOnCountingWhereTheOneBeforeEnded() {
    try (TestServer server = TestServer.start(llama())) {
      String body = "{\"prompt\": \"p\", \"logprobs\": 2, \"stream\": true}";
      List<JsonNode> chunks =
          data(server.post(COMPLETIONS, body).body()).stream()
              .filter(event -> event.startsWith("{"))
              .map(event -> json(event).at("/choices/0"))
              .toList();
      assertThat(chunks).hasSize(5);
      assertThat(chunks.stream().map(chunk -> chunk.path("text").asText())).containsExactly("a", "", "🦙", "x", "");
      assertThat(chunks.subList(0, 4).stream().map(chunk -> chunk.at("/logprobs/text_offset").toString()))
          .containsExactly("[0]", "[1,1,1]", "[1]", "[2]");
      assertThat(chunks.getFirst().at("/logprobs/top_logprobs/0")).hasSize(3);
      assertThat(chunks.getLast().path("logprobs").isNull()).isTrue();
    }
  }

  @Test
  void thePromptIsRepeatedIfItShouldBe() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("b"))) {
      JsonNode text = json(server.post(COMPLETIONS, "{\"prompt\": \"a<|x|>\", \"echo\": true}").body());
      assertThat(text.at("/choices/0/text").asText()).isEqualTo("a<|x|>b");
      JsonNode tokens = json(server.post(COMPLETIONS, "{\"prompt\": [104, 105], \"echo\": true}").body());
      assertThat(tokens.at("/choices/0/text").asText()).isEqualTo("hib");
      String stream =
          server.post(COMPLETIONS, "{\"prompt\": \"a\", \"echo\": true, \"stream\": true, \"n\": 2}").body();
      List<JsonNode> chunks =
          data(stream).stream().filter(event -> event.startsWith("{")).map(TestServer::json).toList();
      for (int choice = 0; choice < 2; choice++) {
        int index = choice;
        assertThat(
                chunks.stream()
                    .map(chunk -> chunk.at("/choices/0"))
                    .filter(chunk -> chunk.path("index").asInt() == index)
                    .map(chunk -> chunk.path("text").asText()))
            .containsExactly("a", "b", "");
      }
    }
  }

  /** The beginning of the sequence, which has no text, and two tokens of one byte. */
  private static GenerationEvent.PromptLogprobs scores(int... tokens) {
    return new GenerationEvent.PromptLogprobs(
        IntStream.of(tokens)
            .mapToObj(token ->
                token == 0
                    ? new TokenLogprobs(new TokenLogprob(0, Float.NaN), List.of())
                    : new TokenLogprobs(new TokenLogprob(token, -1.5f), List.of(new TokenLogprob('x', -0.25f))))
            .toList());
  }

  private static ScriptedGenerator scored() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(scores(0, 'h'));
          script.emit(scores('i'));
          script.emit(piece("a", 'a'));
          script.finish(FinishReason.LENGTH);
        });
  }

  /** As evaluation harnesses read it: null for the first token of the prompt, then all others, then the answer's. */
  @Test
  void thePromptIsRepeatedWithItsLogProbabilities() throws Exception {
    ScriptedGenerator generator = scored();
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"prompt\": \"hi\", \"echo\": true, \"logprobs\": 1, \"max_tokens\": 1}";
      JsonNode choice = json(server.post(COMPLETIONS, body).body()).at("/choices/0");
      assertThat(choice.path("text").asText()).isEqualTo("hia");
      JsonNode logprobs = choice.path("logprobs");
      assertThat(logprobs.path("tokens").toString()).isEqualTo("[\"\\u0000\",\"h\",\"i\",\"a\"]");
      assertThat(logprobs.path("token_logprobs").toString()).isEqualTo("[null,-1.5,-1.5,-0.5]");
      assertThat(logprobs.path("top_logprobs").toString())
          .isEqualTo("[null,{\"x\":-0.25,\"h\":-1.5},{\"x\":-0.25,\"i\":-1.5},{\"x\":-0.25,\"a\":-0.5}]");
      // The answer's tokens stand behind the text of the prompt, whatever its tokens show.
      assertThat(logprobs.path("text_offset").toString()).isEqualTo("[0,1,2,2]");
      GenerationOptions options = generator.next().request().options();
      assertThat(options.promptLogprobs()).hasValue(1);
      assertThat(options.stop().minTokens()).isEqualTo(1);
      assertThat(options.topLogprobs()).isEqualTo(1);
    }
  }

  @Test
  void inAStreamTheRepeatedPromptComesFirst() {
    try (TestServer server = TestServer.start(scored())) {
      String body = "{\"prompt\": \"hi\", \"echo\": true, \"logprobs\": 1, \"stream\": true, \"n\": 2}";
      List<JsonNode> all =
          data(server.post(COMPLETIONS, body).body()).stream()
              .filter(event -> event.startsWith("{"))
              .map(event -> json(event).at("/choices/0"))
              .toList();
      for (int i = 0; i < 2; i++) {
        int index = i;
        List<JsonNode> chunks = all.stream().filter(chunk -> chunk.path("index").asInt() == index).toList();
        assertThat(chunks.stream().map(chunk -> chunk.path("text").asText())).containsExactly("hi", "", "a", "");
        assertThat(chunks.subList(0, 3).stream().map(chunk -> chunk.at("/logprobs/token_logprobs").toString()))
            .containsExactly("[null,-1.5]", "[-1.5]", "[-0.5]");
        assertThat(chunks.get(2).at("/logprobs/text_offset").toString()).isEqualTo("[2]");
      }
    }
  }

  @Test
  void onlyThePromptsLogProbabilities() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(scores(0, 'h'));
              script.finish(FinishReason.LENGTH);
            });
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"prompt\": [[0, 104], \"h\"], \"echo\": true, \"logprobs\": 0, \"max_tokens\": 0}";
      JsonNode answer = json(server.post(COMPLETIONS, body).body());
      for (int choice = 0; choice < 2; choice++) {
        JsonNode logprobs = answer.at("/choices/" + choice + "/logprobs");
        assertThat(logprobs.path("token_logprobs").toString()).isEqualTo("[null,-1.5]");
        assertThat(logprobs.path("top_logprobs").toString()).isEqualTo("[null,{\"h\":-1.5}]");
      }
      assertThat(answer.at("/choices/1/text").asText()).isEqualTo("h");
      JsonNode without = json(server.post(COMPLETIONS, "{\"prompt\": \"h\", \"echo\": true}").body());
      assertThat(without.at("/choices/0/logprobs").isNull()).isTrue();
    }
  }

  @Test
  void vllmsPromptLogProbabilities() throws Exception {
    ScriptedGenerator generator = scored();
    try (TestServer server = TestServer.start(generator)) {
      JsonNode choice =
          json(server.post(COMPLETIONS, "{\"prompt\": \"hi\", \"prompt_logprobs\": 1}").body()).at("/choices/0");
      assertThat(choice.path("text").asText()).isEqualTo("a");
      assertThat(choice.path("prompt_logprobs").toString())
          .isEqualTo(
              "[null,{\"120\":{\"logprob\":-0.25,\"rank\":1,\"decoded_token\":\"x\"},"
                  + "\"104\":{\"logprob\":-1.5,\"decoded_token\":\"h\"}},"
                  + "{\"120\":{\"logprob\":-0.25,\"rank\":1,\"decoded_token\":\"x\"},"
                  + "\"105\":{\"logprob\":-1.5,\"decoded_token\":\"i\"}}]");
      assertThat(generator.next().request().options().topLogprobs()).isZero();
      String chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], \"prompt_logprobs\": 0%s}";
      JsonNode answer = json(server.post("/v1/chat/completions", chat.formatted("")).body());
      assertThat(answer.path("prompt_logprobs")).hasSize(3);
      assertThat(generator.next().request().options().promptLogprobs()).hasValue(0);
      var stream = server.post("/v1/chat/completions", chat.formatted(", \"stream\": true"));
      assertThat(stream.headers().firstValue("Panallama-Ignored")).hasValue("prompt_logprobs");
      assertThat(generator.next().request().options().promptLogprobs()).isEmpty();
    }
  }

  private static GenerationRequest request(String path, String body) throws InterruptedException {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      var response = server.post(path, body);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return generator.next().request();
    }
  }

  @Test
  void aSuffixMakesAGap() throws Exception {
    assertThat(request(COMPLETIONS, "{\"prompt\": \"a\", \"suffix\": \"b\", \"max_tokens\": 7}"))
        .isInstanceOfSatisfying(
            InfillRequest.class,
            gap -> {
              assertThat(gap.prefix()).isEqualTo("a");
              assertThat(gap.suffix()).isEqualTo("b");
              assertThat(gap.options().maxTokens()).isEqualTo(7);
            });
    assertThat(request(COMPLETIONS, "{\"prompt\": \"a\", \"suffix\": \"\"}")).isInstanceOf(CompletionRequest.class);
  }

  @Test
  void theFieldsOfAnInfillArePassedOn() throws Exception {
    InfillRequest gap =
        (InfillRequest)
            request(
                "/infill",
                """
                {"input_prefix": "a", "input_suffix": "b", "prompt": "c", "n_predict": 9, "spm_infill": true,
                 "window": 100, "temperature": 0, "stop": ["x"], "cache_prompt": true, "id_slot": 0, "n_indent": 0,
                 "input_extra": [{"filename": "f", "text": "t", "time": 5}, {"text": "u"}]}
                """);
    assertThat(gap.prompt()).isEqualTo("c");
    assertThat(gap.suffixFirst()).isTrue();
    assertThat(gap.window()).isEqualTo(100);
    assertThat(gap.options().maxTokens()).isEqualTo(9);
    assertThat(gap.options().stops()).containsExactly("x");
    assertThat(gap.extra()).containsExactly(new InfillRequest.File("f", "t"), new InfillRequest.File("", "u"));
    GenerationRequest unlimited =
        request("/infill", "{\"input_prefix\": \"\", \"input_suffix\": \"\", \"n_predict\": -1}");
    assertThat(unlimited.options().maxTokens()).isEqualTo(GenerationOptions.UNLIMITED);
  }

  @Test
  void anInfillIsAnsweredAsLlamaServerDoes() {
    String body = "{\"input_prefix\": \"a\", \"input_suffix\": \"b\"%s}";
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x\"", "y"))) {
      JsonNode whole = json(server.post("/infill", body.formatted("")).body());
      assertThat(whole.path("content").asText()).isEqualTo("x\"y");
      assertThat(whole.path("stop").asBoolean()).isTrue();
      assertThat(whole.path("stop_type").asText()).isEqualTo("eos");
      assertThat(whole.path("model").asText()).isEqualTo("test/model");
      assertThat(whole.path("tokens_predicted").asInt()).isEqualTo(5);
      assertThat(whole.path("tokens_evaluated").asInt()).isEqualTo(12);
      assertThat(whole.path("tokens_cached").asInt()).isEqualTo(4);
      assertThat(whole.path("truncated").asBoolean()).isFalse();
      assertThat(whole.at("/timings/predicted_per_second").asDouble()).isEqualTo(100);
      List<String> events = data(server.post("/infill", body.formatted(", \"stream\": true")).body());
      assertThat(events).hasSize(3);
      assertThat(events.get(0))
          .isEqualTo(
              "{\"index\":0,\"content\":\"x\\\"\",\"tokens\":[],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":0,\"tokens_evaluated\":12}");
      JsonNode last = json(events.getLast());
      assertThat(last.path("content").asText()).isEmpty();
      assertThat(last.path("stop").asBoolean()).isTrue();
    }
  }

  private static final String FIM = "/v1/fim/completions";

  @Test
  void mistralsRouteFillsAGapToo() throws Exception {
    InfillRequest gap =
        (InfillRequest)
            request(
                FIM,
                """
                {"model": "codestral", "prompt": "<s>a", "suffix": "b", "max_tokens": 7, "random_seed": 3, "stop": ["x"],
                 "min_tokens": 0, "temperature": 0.5}
                """);
    assertThat(gap.prefix()).isEqualTo("<s>a");
    assertThat(gap.suffix()).isEqualTo("b");
    assertThat(gap.options().maxTokens()).isEqualTo(7);
    assertThat(gap.options().stops()).containsExactly("x");
    assertThat(gap.options().sampling().seed()).isEqualTo(3);
    for (String suffix : List.of("", ", \"suffix\": null", ", \"suffix\": \"\"")) {
      assertThat(request(FIM, "{\"prompt\": \"a\"" + suffix + "}")).isInstanceOf(CompletionRequest.class);
    }
  }

  @Test
  void mistralsRouteAnswersAsChatsDo() {
    String body = "{\"prompt\": \"a\", \"suffix\": \"b\"%s}";
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x\"", "y"))) {
      JsonNode whole = json(server.post(FIM, body.formatted("")).body());
      assertThat(whole.path("object").asText()).isEqualTo("chat.completion");
      assertThat(whole.at("/choices/0/message/role").asText()).isEqualTo("assistant");
      assertThat(whole.at("/choices/0/message/content").asText()).isEqualTo("x\"y");
      assertThat(whole.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
      assertThat(whole.at("/usage/total_tokens").asInt()).isEqualTo(17);
      List<String> events = data(server.post(FIM, body.formatted(", \"stream\": true")).body());
      assertThat(events).hasSize(5).last().isEqualTo("[DONE]");
      assertThat(json(events.get(1)).at("/choices/0/delta").toString()).isEqualTo("{\"content\":\"x\\\"\"}");
      assertThat(json(events.get(3)).at("/choices/0/finish_reason").asText()).isEqualTo("stop");
      for (String wrong : List.of("{}", "{\"prompt\": [1]}", "{\"prompt\": [\"a\"]}")) {
        HttpResponse<String> refused = server.post(FIM, wrong);
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(TestServer.error(refused).path("param").asText()).isEqualTo("prompt");
      }
    }
  }
}
