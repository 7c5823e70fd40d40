package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ids of tokens that a body has, and the model's vocabulary has not: a 400 that names their place, wherever they stand. */
class TokenIdTest {
  private static final String CHAT = TestServer.CHAT;

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(1);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /tokenize       | "content": [5, 99999]                     | content[1]   | Token 99999 is not in the vocabulary
          /tokenize       | "content": [-5], "with_pieces": true      | content[0]   | Token -5 is not in the vocabulary
          /tokenize       | "content": ["a", 2147483647], "with_pieces": true | content[1] | Token 2147483647 is not
          /tokenize       | "content": [2147483648]                   | content[0]   | must be a token id
          /detokenize     | "tokens": [5, 99999]                      | tokens[1]    | Token 99999 is not in the vocabulary
          /completion     | "prompt": [5, 99999]                      | prompt[1]    | Token 99999 is not in the vocabulary
          /completion     | "prompt": ["Once upon a time", 99999]     | prompt[1]    | Token 99999 is not in the vocabulary
          /completion     | "prompt": [5, "a b c", 6, -1]             | prompt[3]    | Token -1 is not in the vocabulary
          /completion     | "prompt": [[5], [6, 99999]]               | prompt[1][1] | Token 99999 is not in the vocabulary
          /v1/completions | "prompt": [[5], [6, 99999]]               | prompt[1][1] | Token 99999 is not in the vocabulary
          /v1/completions | "prompt": [99999], "echo": true           | prompt[0]    | Token 99999 is not in the vocabulary
          /completion     | "prompt": "a", "banned_tokens": [5, 99999] | banned_tokens | banned_tokens names token 99999
          /completion     | "prompt": "a", "stop_token_ids": [99999]  | stop_token_ids | stop_token_ids names token 99999
          /completion     | "prompt": "a", "logit_bias": {"99999": 1} | logit_bias   | ~logit_bias names token 99999; ids are 0~
          /completion     | "prompt": "a", "logit_bias": [[-7, 1]]    | logit_bias   | ~logit_bias names token -7; ids are 0~
          /v1/chat/completions | "messages": [{"role": "user", "content": "x"}], "banned_tokens": [99999] | banned_tokens | names token 99999
          """)
  void anUnknownIdIsNamed(String path, String fields, String param, String message) throws Exception {
    HttpResponse<String> response = demo.post(path, "{" + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = new ObjectMapper().readTree(response.body()).path("error");
    assertThat(error.path("param").asText()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(message).doesNotContain(" or banned_tokens");
  }

  @Test
  void theLastIdIsKnown() throws Exception {
    int last = demo.model().vocabulary().size() - 1;
    assertThat(
            demo.answer("/tokenize", "{\"content\": [" + last + "], \"with_pieces\": true}").at("/tokens/0/id").asInt())
        .isEqualTo(last);
  }

  @Test
  void aRefusedGrammarIsNamedOnce() throws Exception {
    HttpResponse<String> response =
        demo.post(CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"grammar\": \"root ::= (\"}");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("grammar was refused").doesNotContain("grammar of grammar");
  }
}
