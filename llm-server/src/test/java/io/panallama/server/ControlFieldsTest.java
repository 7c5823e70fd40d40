package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ReasoningBudget;
import io.panallama.request.ChatRequest;
import io.panallama.request.StopConditions;
import io.panallama.request.StreamFlush;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fields for samplers, stop conditions, budgets and flushing. */
class ControlFieldsTest {
  private static String body(String fields) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], " + fields + "}";
  }

  private static ChatRequest request(String fields) throws InterruptedException {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, body(fields));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return (ChatRequest) generator.next().request();
    }
  }

  private static List<Sampler> chain(String fields) throws InterruptedException {
    return request(fields).options().sampling().chain();
  }

  @Test
  void everySamplerOfLlamaServerIsThere() throws Exception {
    assertThat(
            chain(
                """
                "temperature": 0.7, "dynatemp_range": 0.3, "dynatemp_exponent": 1.5, "xtc_probability": 0.5,
                "xtc_threshold": 0.2, "dry_multiplier": 0.8, "dry_base": 2, "dry_allowed_length": 3,
                "dry_penalty_last_n": 100, "dry_sequence_breakers": [";"], "typical_p": 0.9, "top_n_sigma": 1.5,
                "min_keep": 4, "repeat_penalty": 1.1, "top_k": 50, "top_p": 0.8, "min_p": 0.02\
                """))
        .containsExactly(
            new Sampler.Penalties(64, 1.1f, 0, 0),
            new Sampler.Dry(0.8f, 2, 3, 100, List.of(";")),
            new Sampler.TopNSigma(1.5f),
            new Sampler.TopK(50),
            new Sampler.Typical(0.9f, 4),
            new Sampler.TopP(0.8f, 4),
            new Sampler.MinP(0.02f, 4),
            new Sampler.Xtc(0.5f, 0.2f, 4),
            new Sampler.DynamicTemperature(0.7f, 0.3f, 1.5f),
            new Sampler.Dist());
    assertThat(chain("\"mirostat\": 1, \"mirostat_tau\": 4").getLast()).isEqualTo(new Sampler.Mirostat(4, 0.1f, 100));
    assertThat(chain("\"mirostat\": 2, \"mirostat_eta\": 0.2").getLast()).isEqualTo(new Sampler.MirostatV2(5, 0.2f));
    assertThat(chain("\"adaptive_target\": 0.5").getLast()).isEqualTo(new Sampler.AdaptiveP(0.5f, 0.9f));
  }

  @Test
  void whatLlamaServersClientsSendForOffIsOff() throws Exception {
    assertThat(
            chain(
                    """
                    "adaptive_target": -1.0, "adaptive_decay": 0.9, "mirostat": 0, "mirostat_tau": 5, "top_n_sigma": -1,
                    "xtc_probability": 0, "xtc_threshold": 0.1, "dry_multiplier": 0, "dry_base": 1.75, "dynatemp_range": 0,
                    "dynatemp_exponent": 1, "seed": -1, "min_keep": 0\
                    """)
                .stream()
                .map(Object::getClass)
                .map(Class::getSimpleName))
        .containsExactly("TopK", "TopP", "MinP", "Temperature", "Dist");
  }

  @Test
  void theOrderIsTheClients() throws Exception {
    assertThat(chain("\"samplers\": [\"temp\", \"min-p\", \"TOP_K\", \"infill\"]"))
        .containsExactly(
            new Sampler.Temperature(0.8f),
            new Sampler.MinP(0.05f, 1),
            new Sampler.TopK(40),
            new Sampler.Infill(),
            new Sampler.Dist());
    assertThat(chain("\"samplers\": [\"min_p\", \"adaptive_p\"], \"adaptive_target\": 0.3"))
        .containsExactly(new Sampler.MinP(0.05f, 1), new Sampler.AdaptiveP(0.3f, 0.9f));
    // Stages that are not named are not used, but their fields are still checked.
    assertThat(chain("\"samplers\": [\"min_p\"], \"adaptive_target\": 0.3"))
        .containsExactly(new Sampler.MinP(0.05f, 1), new Sampler.Dist());
  }

  @Test
  void biasesAndBans() throws Exception {
    assertThat(chain("\"logit_bias\": [[5, 1.5], [7, false]], \"banned_tokens\": [9], \"bad_words\": [\"no\"]"))
        .startsWith(
            new Sampler.BannedTexts(List.of("no")),
            new Sampler.LogitBias(Map.of(5, 1.5f, 7, Float.NEGATIVE_INFINITY, 9, Float.NEGATIVE_INFINITY)));
    assertThat(chain("\"logit_bias\": {\"7\": false}"))
        .startsWith(new Sampler.LogitBias(Map.of(7, Float.NEGATIVE_INFINITY)));
  }

  @Test
  void endsBudgetsAndPieces() throws Exception {
    ChatRequest request =
        request(
            """
            "min_tokens": 3, "max_tokens": 50, "stop_token_ids": [4, 6], "stop": "x", "stream_flush": "word",
            "reasoning_budget_tokens": 20, "reasoning_budget_message": "Now."\
            """);
    assertThat(request.options().stop())
        .isEqualTo(
            StopConditions.builder().maxTokens(50).minTokens(3).texts(List.of("x")).tokens(Set.of(4, 6)).build());
    assertThat(request.options().flush()).isEqualTo(StreamFlush.WORD);
    assertThat(request.template().budget()).contains(ReasoningBudget.of(20, "Now."));
    assertThat(request("\"thinking_budget_tokens\": 0").template().budget()).contains(ReasoningBudget.of(0));
    ChatRequest plain = request("\"thinking_budget_tokens\": -1");
    assertThat(plain.template().budget()).isEmpty();
    assertThat(plain.options().flush()).isEqualTo(StreamFlush.TOKEN);
    assertThat(plain.options().stop()).isEqualTo(StopConditions.NONE);
    assertThat(plain.options().sampling().seed()).isEqualTo(Sampling.RANDOM_SEED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "samplers": 5                            | samplers                 | an array of names or a text
          "samplers": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" | samplers          | has 33 stages; at most 32
          "samplers": ["adaptive_p"]               | samplers                 | needs adaptive_target
          "mirostat": 3                            | mirostat                 | must be 0 to 2
          "mirostat": 2, "adaptive_target": 0.5    | adaptive_target          | exclude each other
          "mirostat_tau": 0                        | mirostat_tau             | larger than 0
          "adaptive_target": 2                     | adaptive_target          | 0 to 1
          "adaptive_decay": 1                      | adaptive_decay           | 0 to 0.99
          "dynatemp_range": -1                     | dynatemp_range           | 0 or more
          "dynatemp_exponent": 0                   | dynatemp_exponent        | larger than 0
          "min_keep": -1                           | min_keep                 | 0 or more
          "logit_bias": [5]                        | logit_bias[0]            | a pair
          "logit_bias": [[true, 1]]                | logit_bias[0][0]         | a token id
          "logit_bias": {"1": true}                | logit_bias.1             | a number
          "logit_bias": {"9999999999": 1}          | logit_bias.9999999999    | names token 9999999999, which no vocabulary has
          "banned_tokens": [0.5]                   | banned_tokens[0]         | a token id
          "bad_words": [""]                        | bad_words[0]             | bad_words[0] has 0 chars; it must have 1 to 256
          "dry_sequence_breakers": [""]            | dry_sequence_breakers[0] | dry_sequence_breakers[0] has 0 bytes; it must have 1 to
          "min_tokens": 5, "max_tokens": 4         | min_tokens               | 0 to 4
          "stop_token_ids": 5                      | stop_token_ids           | an array of token ids
          "stream_flush": "line"                   | stream_flush             | must be one of "token", "word", "sentence"
          "reasoning_budget_tokens": -2            | reasoning_budget_tokens  | 0 or more
          "reasoning_budget_tokens": 1, "thinking_budget_tokens": 2 | thinking_budget_tokens | contradict
          "reasoning_budget_message": "x"          | reasoning_budget_message | only allowed together
          """)
  void whatIsWrongIsNamed(String fields, String parameter, String message) throws Exception {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("ok"))) {
      HttpResponse<String> response = server.post(CHAT, body(fields));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(TestServer.json(response.body()).path("error").path("param").asText()).isEqualTo(parameter);
      assertThat(TestServer.json(response.body()).path("error").path("message").asText()).contains(message);
    }
  }
}
