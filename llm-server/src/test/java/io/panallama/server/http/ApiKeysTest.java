package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.http.ApiKeys.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiKeysTest {
  private final ApiKeys keys = new ApiKeys(List.of("sk-one", "sk-two"));

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          Bearer sk-one    |               | ACCEPTED
          bearer sk-two    |               | ACCEPTED
          'Bearer   sk-two '|              | ACCEPTED
          sk-one           |               | ACCEPTED
                           | sk-two        | ACCEPTED
          Bearer wrong     | sk-one        | ACCEPTED
          Bearer sk-one    | wrong         | ACCEPTED
          Bearer sk-on     |               | WRONG
          Bearer sk-onee   |               | WRONG
          Bearer SK-ONE    |               | WRONG
          Basic c2stb25l   |               | WRONG
          Bearer sk-one,sk-two |           | WRONG
                           | wrong         | WRONG
                           |               | MISSING
          ''               | ''            | MISSING
          'Bearer '        |               | WRONG
          """,
      delimiter = '|')
  void judges(@Nullable String authorization, @Nullable String apiKey, Verdict verdict) {
    assertThat(keys.judge(authorization, apiKey)).isEqualTo(verdict);
  }

  @Test
  void withoutKeysEverybodyIsLetIn() {
    assertThat(new ApiKeys(List.of()).judge(null, null)).isEqualTo(Verdict.ACCEPTED);
    assertThat(new ApiKeys(List.of()).judge("Bearer any", null)).isEqualTo(Verdict.ACCEPTED);
  }
}
