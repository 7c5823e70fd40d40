package io.panallama.server;

import static io.panallama.error.InvalidRequestException.name;
import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.generation.Usage;
import io.panallama.request.CompletionRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.server.dialect.Ignored;
import io.panallama.server.metrics.PrometheusText;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** llama-server's own routes. The token ids are the characters themselves. */
class LlamaServerTest {
  private static final String COMPLETION = "/completion";

  private static GenerationEvent.Text piece(String text) {
    List<TokenLogprobs> tokens =
        text.chars()
            .mapToObj(c -> new TokenLogprobs(new TokenLogprob(c, -0.5f), List.of(new TokenLogprob('x', -1))))
            .toList();
    return new GenerationEvent.Text(text, tokens);
  }

  private static ScriptedGenerator answering(String... pieces) {
    return new ScriptedGenerator()
        .playing(script -> {
          for (String piece : pieces) {
            script.emit(piece(piece));
          }
          script.emit(
              new GenerationEvent.Finished(
                  FinishReason.STOP_TEXT,
                  new Usage(12, 4, 5, 0),
                  new Timings(Duration.ofMillis(1), Duration.ofMillis(20), Duration.ofMillis(40)),
                  "###"));
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"/completion", "/completions", "/v1/completion"})
  void aCompletionHasLlamaServersShape(String path) throws Exception {
    ScriptedGenerator generator = answering("a\n", "b");
    try (TestServer server = TestServer.start(generator)) {
      String body =
          """
          {"prompt": "p", "n_predict": 9, "n_probs": 1, "return_tokens": true, "temperature": 0.5, "seed": 7,
           "stop": ["###"], "cache_prompt": true, "id_slot": 0, "n_keep": 0, "samplers": ["top_k", "temperature"]}
          """;
      HttpResponse<String> response = server.post(path, body);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.headers().firstValue(Ignored.HEADER)).isEmpty();
      JsonNode answer = json(response.body());
      assertThat(answer.path("index").asInt()).isZero();
      assertThat(answer.path("content").asText()).isEqualTo("a\nb");
      assertThat(answer.path("tokens").toString()).isEqualTo("[97,10,98]");
      assertThat(answer.path("stop").asBoolean()).isTrue();
      assertThat(answer.path("prompt").asText()).isEqualTo("p");
      assertThat(answer.path("has_new_line").asBoolean()).isTrue();
      assertThat(answer.path("stop_type").asText()).isEqualTo("word");
      assertThat(answer.path("stopping_word").asText()).isEqualTo("###");
      assertThat(answer.path("tokens_predicted").asInt()).isEqualTo(5);
      assertThat(answer.path("tokens_evaluated").asInt()).isEqualTo(12);
      assertThat(answer.at("/timings/prompt_per_token_ms").asDouble()).isEqualTo(2.5);
      assertThat(answer.at("/timings/predicted_per_token_ms").asDouble()).isEqualTo(10);
      JsonNode settings = answer.path("generation_settings");
      assertThat(settings.path("n_predict").asInt()).isEqualTo(9);
      assertThat(settings.path("temperature").asDouble()).isEqualTo(0.5);
      assertThat(settings.path("seed").asInt()).isEqualTo(7);
      assertThat(settings.path("top_k").asInt()).isEqualTo(40);
      assertThat(settings.path("top_p").asDouble()).isEqualTo(1);
      assertThat(settings.path("stop").toString()).isEqualTo("[\"###\"]");
      assertThat(settings.path("samplers").toString()).isEqualTo("[\"top_k\",\"temperature\"]");
      assertThat(answer.at("/completion_probabilities/0").toString())
          .isEqualTo(
              "{\"id\":97,\"token\":\"a\",\"bytes\":[97],\"logprob\":-0.5,\"top_logprobs\":"
                  + "[{\"id\":120,\"token\":\"x\",\"bytes\":[120],\"logprob\":-1.0}]}");
      CompletionRequest request = (CompletionRequest) generator.next().request();
      assertThat(request.prompt()).isEqualTo(new Prompt.Text("p", true));
      assertThat(request.options().stops()).containsExactly("###");
    }
  }

  @Test
  void probabilitiesAfterSamplingAreNoLogarithms() throws Exception {
    ScriptedGenerator generator = answering("a");
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response =
          server.post(COMPLETION, "{\"prompt\": \"p\", \"n_probs\": 1, \"post_sampling_probs\": true}");
      assertThat(response.headers().firstValue(Ignored.HEADER)).isEmpty();
      JsonNode token = json(response.body()).at("/completion_probabilities/0");
      assertThat(token.path("prob").asDouble()).isCloseTo(Math.exp(-0.5), offset(1e-6));
      assertThat(token.has("logprob")).isFalse();
      assertThat(token.at("/top_probs/0/id").asInt()).isEqualTo(120);
      assertThat(token.at("/top_probs/0/prob").asDouble()).isCloseTo(Math.exp(-1), offset(1e-6));
      assertThat(json(response.body()).at("/generation_settings/post_sampling_probs").asBoolean()).isTrue();
      assertThat(generator.next().request().options().logprobsAfterSampling()).isTrue();
    }
  }

  @Test
  void probabilitiesAfterSamplingNeedANumber() throws Exception {
    ScriptedGenerator generator = answering("a");
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"prompt\": \"p\", \"post_sampling_probs\": true, \"return_tokens\": true}";
      assertThat(json(server.post(COMPLETION, body).body()).has("completion_probabilities")).isFalse();
      assertThat(generator.next().request().options().logprobsAfterSampling()).isFalse();
    }
  }

  @Test
  void theBiasOfAForbiddenTokenIsNull() {
    try (TestServer server = TestServer.start(answering("a"))) {
      String body = "{\"prompt\": \"p\", \"logit_bias\": [[5, false], [6, 1.5]]}";
      JsonNode settings = json(server.post(COMPLETION, body).body()).path("generation_settings");
      assertThat(settings.path("logit_bias"))
          .hasSize(2)
          .contains(json("{\"bias\": null, \"token\": 5}"), json("{\"bias\": 1.5, \"token\": 6}"));
    }
  }

  @Test
  void withoutBeingAskedItHasNoTokens() {
    try (TestServer server = TestServer.start(answering("ab"))) {
      JsonNode answer = json(server.post(COMPLETION, "{\"prompt\": \"p\"}").body());
      assertThat(answer.path("tokens")).isEmpty();
      assertThat(answer.has("completion_probabilities")).isFalse();
      assertThat(answer.at("/generation_settings/n_predict").asInt()).isEqualTo(-1);
    }
  }

  @Test
  void chunksHaveTheirTokens() {
    try (TestServer server = TestServer.start(answering("a", "b\n"))) {
      List<JsonNode> chunks =
          data(server.post(COMPLETION, "{\"prompt\": \"p\", \"stream\": true}").body()).stream()
              .map(TestServer::json)
              .toList();
      assertThat(chunks).hasSize(3);
      assertThat(chunks.getFirst().toString())
          .isEqualTo(
              "{\"index\":0,\"content\":\"a\",\"tokens\":[97],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":1,\"tokens_evaluated\":12}");
      assertThat(chunks.getLast().path("stop").asBoolean()).isTrue();
      assertThat(chunks.getLast().path("content").asText()).isEmpty();
      assertThat(chunks.getLast().path("has_new_line").asBoolean()).isTrue();
      assertThat(chunks.getLast().has("generation_settings")).isTrue();
    }
  }

  @Test
  void onlyTheFieldsThatAreWanted() {
    try (TestServer server = TestServer.start(answering("ab"))) {
      String body =
          "{\"prompt\": \"p\", \"n_predict\": 8, \"response_fields\": [\"content\", \"generation_settings/n_predict\","
              + " \"x\"]}";
      assertThat(server.post(COMPLETION, body).body())
          .isEqualTo("{\"content\":\"ab\",\"generation_settings/n_predict\":8}");
    }
  }

  @Test
  void severalPromptsHaveSeveralAnswers() throws Exception {
    ScriptedGenerator generator = answering("a");
    try (TestServer server = TestServer.start(generator)) {
      JsonNode answer =
          json(server.post(COMPLETION, "{\"prompt\": [\"p\", [104, \"i\"], [105]], \"n_cmpl\": 2}").body());
      assertThat(answer).hasSize(6);
      for (int i = 0; i < 6; i++) {
        assertThat(answer.get(i).path("index").asInt()).isEqualTo(i);
        assertThat(answer.get(i).path("prompt").asText()).isEqualTo(List.of("p", "hi", "i").get(i / 2));
      }
      generator.next();
      generator.next();
      CompletionRequest mixed = (CompletionRequest) generator.next().request();
      assertThat(((Prompt.Tokens) mixed.prompt()).tokens()).containsExactly(104, 105);
    }
  }

  @Test
  void openAisCompletionsTakeSeveralPromptsToo() {
    try (TestServer server = TestServer.start(answering("z"))) {
      String body = "{\"prompt\": [\"p\", [104, \"i\"], \"\"], \"n\": 2, \"echo\": true%s}";
      HttpResponse<String> whole = server.post("/v1/completions", body.formatted(""));
      assertThat(whole.statusCode()).as(whole.body()).isEqualTo(200);
      JsonNode choices = json(whole.body()).path("choices");
      assertThat(choices).hasSize(6);
      for (int i = 0; i < 6; i++) {
        assertThat(choices.get(i).path("index").asInt()).isEqualTo(i);
        assertThat(choices.get(i).path("text").asText()).isEqualTo(List.of("pz", "hiz", "z").get(i / 2));
      }
      assertThat(json(whole.body()).at("/usage/prompt_tokens").asInt()).isEqualTo(36);
      assertThat(json(whole.body()).at("/usage/completion_tokens").asInt()).isEqualTo(30);
      String stream = server.post("/v1/completions", body.formatted(", \"stream\": true")).body();
      StringBuilder fourth = new StringBuilder();
      data(stream).stream()
          .filter(event -> event.startsWith("{"))
          .map(event -> json(event).at("/choices/0"))
          .filter(choice -> choice.path("index").asInt() == 3)
          .forEach(choice -> fourth.append(choice.path("text").asText()));
      assertThat(fourth.toString()).isEqualTo("hiz");
    }
  }

  @Test
  void anInfillOfAnEditorIsTaken() throws Exception {
    ScriptedGenerator generator = answering("ab");
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response =
          server.post(
              "/infill",
              """
              {"id_slot":0,"input_prefix":"a","input_suffix":"b","input_extra":[],"prompt":"c","n_predict":8,"stop":[],
               "n_indent":0,"top_k":40,"top_p":0.9,"samplers":["top_k","top_p","infill"],"stream":false,
               "cache_prompt":true,"t_max_prompt_ms":500,"t_max_predict_ms":1000,"response_fields":["content"]}
              """);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.body()).isEqualTo("{\"content\":\"ab\"}");
      assertThat(response.headers().firstValue(Ignored.HEADER)).contains("t_max_prompt_ms");
      assertThat(((InfillRequest) generator.next().request()).prompt()).isEqualTo("c");
    }
  }

  @Test
  void aWarmUpOfTheCacheGeneratesNothing() throws Exception {
    ScriptedGenerator generator = answering();
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"input_prefix\": \"a\", \"input_suffix\": \"b\", \"n_predict\": 0}";
      assertThat(server.post("/infill", body).statusCode()).isEqualTo(200);
      assertThat(generator.next().request().options().maxTokens()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          2 | x\\n  y\\n z | x\\n  y\\n<SPACE>  | limit
          1 | x\\ny        | x\\n               | limit
          1 | x\\n\\ny     | x\\n               | limit
          1 | x\\n y       | x\\n y             | word
          0 | x\\ny        | x\\ny              | word
          """)
  void anAnswerEndsAtALineOfLessIndentation(int indent, String text, String kept, String end) {
    String full = text.replace("\\n", "\n");
    try (TestServer server = TestServer.start(answering(full.split("(?<=.)", -1)))) {
      String body = "{\"prompt\": \"p\", \"n_indent\": " + indent + ", \"stream\": true}";
      List<JsonNode> chunks = data(server.post(COMPLETION, body).body()).stream().map(TestServer::json).toList();
      StringBuilder content = new StringBuilder();
      chunks.forEach(chunk -> content.append(chunk.path("content").asText()));
      assertThat(content.toString()).isEqualTo(kept.replace("\\n", "\n").replace("<SPACE>", " "));
      assertThat(chunks.getLast().path("stop_type").asText()).isEqualTo(end);
    }
  }

  @Test
  void anAnswerEndsAtALineBehindItsTime() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      var lines =
          server.stream(COMPLETION, "{\"prompt\": \"p\", \"t_max_predict_ms\": 1, \"stream\": true}")
              .body()
              .filter(line -> line.startsWith("data: "))
              .iterator();
      ScriptedGenerator.Script script = generator.next();
      script.emit(piece("a"));
      assertThat(lines.next()).contains("\"content\":\"a\"");
      Thread.sleep(5);
      script.emit(piece("b"));
      assertThat(lines.next()).contains("\"content\":\"b\"");
      script.emit(piece("c\n"));
      assertThat(lines.next()).contains("\"content\":\"c\\n\"");
      assertThat(script.awaitCancel()).isTrue();
      assertThat(lines.next()).contains("\"stop_type\":\"limit\"");
    }
  }

  @Test
  void errorsHaveLlamaServersShape() {
    ScriptedGenerator full = new ScriptedGenerator();
    full.refuse(new PromptTooLongException(5000, 4096));
    try (TestServer server = TestServer.start(full)) {
      HttpResponse<String> response = server.post(COMPLETION, "{\"prompt\": \"p\"}");
      assertThat(response.statusCode()).isEqualTo(400);
      JsonNode error = TestServer.error(response);
      assertThat(error.path("code").asInt()).isEqualTo(400);
      assertThat(error.path("type").asText()).isEqualTo("exceed_context_size_error");
      assertThat(error.path("n_prompt_tokens").asInt()).isEqualTo(5000);
      assertThat(error.path("n_ctx").asInt()).isEqualTo(4096);
      JsonNode wrong = TestServer.error(server.post(COMPLETION, "{}"));
      assertThat(wrong.path("code").asInt()).isEqualTo(400);
      assertThat(wrong.path("type").asText()).isEqualTo("invalid_request_error");
      assertThat(wrong.path("param").asText()).isEqualTo("prompt");
      JsonNode image =
          TestServer.error(
              server.post(COMPLETION, "{\"prompt\": \"p\", \"image_data\": [{\"data\": \"x\", \"id\": 1}]}"));
      assertThat(image.path("param").asText()).isEqualTo("image_data");
      JsonNode both =
          TestServer.error(
              server.post(COMPLETION, "{\"prompt\": \"p\", \"json_schema\": {}, \"grammar\": \"root ::= [a]\"}"));
      assertThat(both.path("message").asText()).contains("json_schema").doesNotContain("response_format");
      full.refuse(new InvalidRequestException("format", name("format") + " can't be enforced."));
      JsonNode format = TestServer.error(server.post(COMPLETION, "{\"prompt\": \"p\", \"json_schema\": {}}"));
      assertThat(format.path("message").asText()).isEqualTo("json_schema can't be enforced.");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /tokenize   | {"content": "hi"}                                | {"tokens":[104,105]}
          /v1/tokenize | {"content": "hi", "add_special": true}          | {"tokens":[1,104,105]}
          /tokenize   | {"content": ["h", 105], "parse_special": false}  | {"tokens":[104,105]}
          /tokenize   | {"content": "h", "with_pieces": true}            | {"tokens":[{"id":104,"piece":"h"}]}
          /tokenize   | {"content": [255], "with_pieces": true}          | {"tokens":[{"id":255,"piece":[255]}]}
          /tokenize   | {}                                               | {"tokens":[]}
          /detokenize | {"tokens": [104, 105]}                           | {"content":"hi"}
          /detokenize | {}                                               | {"content":""}
          /apply-template | {"messages": [{"role": "user", "content": "Hi"}]} | {"prompt":"<Hi>"}
          /chat/completions/input_tokens | {"messages": [{"role": "user", "content": "Hi"}]} | {"object":"response.input_tokens","input_tokens":3}
          /v1/chat/completions/input_tokens | {"messages": [{"role": "user", "content": "Hi"}]} | {"object":"response.input_tokens","input_tokens":3}
          """)
  void tokensAndPrompts(String path, String body, String answer) {
    try (TestServer server = TestServer.start(answering())) {
      assertThat(server.post(path, body).body()).isEqualTo(answer);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /tokenize   | {"content": 5}             | content
          /tokenize   | {"content": [true]}        | content[0]
          /tokenize   | {"content": "a", "with_pieces": 1} | with_pieces
          /detokenize | {"tokens": "a"}            | tokens
          /detokenize | {"tokens": ["a"]}          | tokens[0]
          /completion | {"prompt": "a", "response_fields": 5} | response_fields
          """)
  void whatIsWrongIsNamed(String path, String body, String param) {
    try (TestServer server = TestServer.start(answering())) {
      HttpResponse<String> response = server.post(path, body);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(response).path("param").asText()).isEqualTo(param);
    }
  }

  @Test
  void metricsWithoutAnEngineHaveNoNamesWithoutNumbers() {
    ServerConfig config = TestServer.config().toBuilder().endpoints(Set.of(Endpoint.values())).build();
    try (TestServer server = TestServer.around(ChatServer.start(config))) {
      server.server().serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
      server.server().serveWithoutGenerator();
      String metrics = server.get("/metrics").body();
      assertThat(metrics).contains("llamacpp:n_tokens_max 0\n").doesNotContain("llamacpp:prompt_tokens_total", "vllm:");
      assertThat(PrometheusText.parse(metrics).value("panallama_model_up")).isEqualTo(1);
    }
  }

  @Test
  void theServersStateIsShown() {
    ServerConfig config = TestServer.config().toBuilder().endpoints(Set.of(Endpoint.values())).build();
    try (TestServer server = TestServer.start(config, answering())) {
      JsonNode props = json(server.get("/props").body());
      assertThat(props.at("/default_generation_settings/n_ctx").asInt()).isEqualTo(4096);
      assertThat(props.at("/default_generation_settings/params/top_k").asInt()).isEqualTo(40);
      assertThat(props.path("total_slots").asInt()).isEqualTo(4);
      assertThat(props.path("model_alias").asText()).isEqualTo("test/model");
      assertThat(props.path("model_path").asText()).isEqualTo("test/model");
      assertThat(props.path("build_info").asText()).startsWith("b");
      JsonNode slots = json(server.get("/slots").body());
      assertThat(slots).hasSize(4);
      assertThat(slots.get(0).path("is_processing").asBoolean()).isTrue();
      assertThat(slots.get(1).path("is_processing").asBoolean()).isFalse();
      HttpResponse<String> metrics = server.get("/metrics");
      assertThat(metrics.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain");
      assertThat(metrics.body())
          .contains("# TYPE llamacpp:requests_deferred gauge\nllamacpp:requests_deferred 2\n")
          .contains("# TYPE llamacpp:prompt_tokens_total counter\nllamacpp:prompt_tokens_total 0\n")
          .contains("llamacpp:prompt_compute_seconds_total 1.5\n")
          .contains("# TYPE llamacpp:prompt_seconds_total counter\nllamacpp:prompt_seconds_total 0.0\n");
      assertThat(metrics.headers().firstValueAsLong("Process-Start-Time-Unix").orElseThrow()).isPositive();
      server.post(COMPLETION, "{\"prompt\": \"p\"}");
      server.post(COMPLETION, "{\"prompt\": \"p\", \"stream\": true}");
      assertThat(server.get("/metrics").body())
          .contains("llamacpp:prompt_seconds_total 0.04\n", "llamacpp:tokens_predicted_seconds_total 0.08\n")
          .contains("llamacpp:n_tokens_max 17\n", "llamacpp:prompt_tokens_seconds 400.0\n")
          .contains("llamacpp:predicted_tokens_seconds 100.0\n");
      assertThat(server.post("/props", "{\"any\": 1}").body()).isEqualTo("{\"success\":true}");
      assertThat(server.get("/").statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({"GET, /metrics, --metrics", "GET, /slots, --slots", "POST, /props, --props"})
  void anEndpointThatIsNotAskedForNamesItsFlag(String method, String path, String flag) {
    ServerConfig config = TestServer.config().toBuilder().endpoints(Set.of()).build();
    try (TestServer server = TestServer.start(config, answering())) {
      HttpResponse<String> response = method.equals("GET") ? server.get(path) : server.post(path, "{}");
      assertThat(response.statusCode()).isEqualTo(501);
      assertThat(TestServer.error(response).path("type").asText()).isEqualTo("not_supported_error");
      assertThat(TestServer.error(response).path("message").asText()).contains("`" + flag + "`");
      JsonNode props = json(server.get("/props").body());
      assertThat(props.path("endpoint_metrics").asBoolean(true)).isFalse();
      assertThat(props.path("endpoint_slots").asBoolean(true)).isFalse();
      assertThat(server.get("/").statusCode()).as("without the page").isEqualTo(404);
      assertThat(server.get("/assets/app.js").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void modelsHaveTheNamesThatClientsRead() {
    try (TestServer server = TestServer.start(answering())) {
      JsonNode list = json(server.get("/v1/models").body());
      JsonNode model = list.at("/data/0");
      for (String name : List.of("max_model_len", "context_length", "context_window")) {
        assertThat(model.path(name).asInt()).as(name).isEqualTo(4096);
      }
      assertThat(model.path("aliases").isArray()).isTrue();
      assertThat(list.at("/models/0/model").asText()).isEqualTo("test/model");
    }
  }
}
