package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.OidcConfig;
import io.panallama.server.oidc.TestIssuer;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that takes the tokens of an issuer beside its keys. */
@Timeout(60)
class OidcServerTest {
  private RSAKey key;
  private TestIssuer issuer;
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    key = TestIssuer.rsa("k");
    issuer = new TestIssuer(key);
    OidcConfig oidc = new OidcConfig(issuer.uri(), TestIssuer.AUDIENCE, "roles", new KeyLimits(2, 0, 0, 0));
    ServerConfig config =
        TestServer.config().toBuilder()
            .oidc(oidc)
            .apiKeys(Set.of("sk-fixed"))
            .endpoints(Set.of(Endpoint.METRICS))
            .build();
    server = TestServer.start(config, ScriptedGenerator.answering("hi"));
  }

  @AfterEach
  void stop() {
    server.close();
    issuer.close();
  }

  private HttpResponse<String> chat(String token) {
    return server.send(
        server
            .request(CHAT)
            .header("Authorization", "Bearer " + token)
            .POST(HttpRequest.BodyPublishers.ofString(HELLO))
            .build());
  }

  private HttpResponse<String> metrics(String token) {
    return server.send(server.request("/metrics").header("Authorization", "Bearer " + token).GET().build());
  }

  private static String code(HttpResponse<String> response) {
    return TestServer.error(response).path("code").asText();
  }

  @Test
  void tokensAndKeysAreTakenBesideEachOther() throws Exception {
    assertThat(chat(issuer.token(key)).statusCode()).isEqualTo(200);
    assertThat(chat("sk-fixed").statusCode()).isEqualTo(200);
    assertThat(chat("sk-wrong").statusCode()).isEqualTo(401);
    assertThat(server.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void rolesDecide() throws Exception {
    String user = issuer.token(key);
    String operator = issuer.token(key, claims -> claims.claim("roles", "operate"));
    String nobody = issuer.token(key, claims -> claims.claim("roles", List.of()));
    assertThat(metrics(user).statusCode()).isEqualTo(403);
    assertThat(metrics(user).body()).contains("Missing role: operate");
    assertThat(metrics(operator).statusCode()).isEqualTo(200);
    assertThat(chat(operator).statusCode()).isEqualTo(403);
    assertThat(chat(nobody).statusCode()).isEqualTo(403);
  }

  @Test
  void aRefusedTokenIsA401ThatSaysWhy() throws Exception {
    String old = issuer.token(key, claims -> claims.expirationTime(Date.from(Instant.now().minusSeconds(600))));
    HttpResponse<String> response = chat(old);
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(response.headers().firstValue("WWW-Authenticate")).hasValue("Bearer error=\"invalid_token\"");
    assertThat(code(response)).isEqualTo("invalid_token");
    assertThat(response.body()).contains("It has expired.").doesNotContain(old);
  }

  @Test
  void limitsAreOfEachSubject() throws Exception {
    assertThat(chat(issuer.token(key)).statusCode()).isEqualTo(200);
    assertThat(chat(issuer.token(key)).statusCode()).isEqualTo(200);
    HttpResponse<String> third = chat(issuer.token(key));
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(third.body()).contains("oidc:ada");
    assertThat(chat(issuer.token(key, claims -> claims.subject("bob"))).statusCode()).isEqualTo(200);
  }

  @Test
  void withoutTheIssuerItsTokensWait() throws Exception {
    issuer.down(true);
    HttpResponse<String> response = chat(issuer.token(key));
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(code(response)).isEqualTo("issuer_unavailable");
    assertThat(response.headers().firstValue("Retry-After")).hasValue("5");
    assertThat(chat("sk-fixed").statusCode()).isEqualTo(200);
  }
}
