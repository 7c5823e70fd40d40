package io.panallama.server.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.panallama.server.LogRecords;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.OidcConfig;
import io.panallama.server.keys.Role;
import io.panallama.server.keys.TokenVerifier.RefusedException;
import io.panallama.server.keys.TokenVerifier.Subject;
import io.panallama.server.keys.TokenVerifier.UnavailableException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Access tokens of an issuer, good ones and all kinds of others. */
@Timeout(60)
class IssuerTokensTest {
  private RSAKey rsa;
  private ECKey ec;
  private TestIssuer issuer;
  private IssuerTokens tokens;

  @BeforeEach
  void start() throws Exception {
    rsa = TestIssuer.rsa("rsa-1");
    ec = TestIssuer.ec("ec-1");
    issuer = new TestIssuer(rsa, ec);
    tokens = tokens(OidcConfig.of(issuer.uri(), TestIssuer.AUDIENCE), Duration.ofMillis(1));
  }

  @AfterEach
  void stop() {
    issuer.close();
  }

  private static IssuerTokens tokens(OidcConfig config, Duration asks) {
    return new IssuerTokens(config, asks);
  }

  private void refused(String token, String why) {
    assertThatThrownBy(() -> tokens.verify(token)).isInstanceOf(RefusedException.class).hasMessage(why);
  }

  private void refused(Consumer<JWTClaimsSet.Builder> change, String why) throws Exception {
    refused(issuer.token(rsa, change), why);
  }

  @Test
  void goodTokensOfBothKindsOfKeysAreTaken() throws Exception {
    Subject subject = tokens.verify(issuer.token(rsa));
    assertThat(subject.id()).isEqualTo("oidc:ada");
    assertThat(subject.roles()).containsExactly(Role.USE);
    assertThat(subject.limits()).isEqualTo(KeyLimits.NONE);
    assertThat(tokens.verify(issuer.token(ec)).id()).isEqualTo("oidc:ada");
    assertThat(tokens.verify(issuer.signed(ec, issuer.claims(c -> {}), new JOSEObjectType("at+jwt"))).id())
        .isEqualTo("oidc:ada");
    assertThat(issuer.fetches()).as("the keys are kept").isEqualTo(1);
  }

  @Test
  void claimsThatDoNotFitAreRefused() throws Exception {
    Instant now = Instant.now();
    refused(claims -> claims.expirationTime(Date.from(now.minusSeconds(120))), "It has expired.");
    refused(claims -> claims.notBeforeTime(Date.from(now.plusSeconds(120))), "It is not valid yet.");
    refused(claims -> claims.audience("another"), "It is for another audience.");
    refused(claims -> claims.audience((String) null), "It is for another audience.");
    refused(claims -> claims.issuer("https://evil.example.org"), "It is of another issuer.");
    refused(claims -> claims.issuer(issuer.uri() + "/"), "It is of another issuer.");
    refused(claims -> claims.issuer(null), "Its claims are not complete.");
    refused(claims -> claims.expirationTime(null), "Its claims are not complete.");
    refused(claims -> claims.subject(null), "Its claims are not complete.");
    refused(claims -> claims.subject(" "), "It names no subject (sub).");
  }

  @Test
  void clocksMayDifferALittle() throws Exception {
    Instant now = Instant.now();
    String late = issuer.token(rsa, claims -> claims.expirationTime(Date.from(now.minusSeconds(10))));
    String early = issuer.token(rsa, claims -> claims.notBeforeTime(Date.from(now.plusSeconds(10))));
    assertThat(tokens.verify(late).id()).isEqualTo(tokens.verify(early).id());
  }

  @Test
  void oneOfSeveralAudiencesIsEnough() throws Exception {
    String token = issuer.token(rsa, claims -> claims.audience(List.of("another", TestIssuer.AUDIENCE)));
    assertThat(tokens.verify(token).roles()).containsExactly(Role.USE);
  }

  @Test
  void unsignedTokensAreRefused() {
    refused(new PlainJWT(issuer.claims(claims -> {})).serialize(), "It is not signed.");
  }

  /** The known trick: the public key, which everybody has, as the secret of a symmetric algorithm. */
  @Test
  void symmetricAlgorithmsAreRefused() throws Exception {
    byte[] pem =
        ("-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(rsa.toRSAPublicKey().getEncoded())
                + "\n-----END PUBLIC KEY-----\n")
            .getBytes(StandardCharsets.UTF_8);
    byte[] modulus = MessageDigest.getInstance("SHA-256").digest(rsa.toRSAPublicKey().getModulus().toByteArray());
    for (byte[] secret : List.of(pem, modulus, rsa.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8))) {
      SignedJWT token =
          new SignedJWT(
              new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(rsa.getKeyID()).build(), issuer.claims(claims -> {}));
      token.sign(new MACSigner(secret));
      refused(token.serialize(), "It is not signed by the issuer's keys, with an algorithm that is taken.");
    }
  }

  @Test
  void foreignKeysAndChangedTokensAreRefused() throws Exception {
    String foreign = issuer.token(TestIssuer.rsa("rsa-1"));
    refused(foreign, "It is not signed by the issuer's keys, with an algorithm that is taken.");
    String[] parts = issuer.token(rsa).split("\\.");
    String other = issuer.token(rsa, claims -> claims.subject("eve")).split("\\.")[1];
    refused(
        parts[0] + "." + other + "." + parts[2],
        "It is not signed by the issuer's keys, with an algorithm that is taken.");
    refused("eyJ.not.a-token-of-any-kind-at-all-but-long", "It is no signed token (JWT).");
  }

  @Test
  void aRotatedKeyIsFoundAndTheOldOneEnds() throws Exception {
    tokens.verify(issuer.token(rsa));
    RSAKey next = TestIssuer.rsa("rsa-2");
    issuer.rotate(next);
    assertThat(tokens.verify(issuer.token(next)).id()).isEqualTo("oidc:ada");
    assertThat(issuer.fetches()).isEqualTo(2);
    assertThatThrownBy(() -> tokens.verify(issuer.token(rsa))).isInstanceOf(RefusedException.class);
  }

  /** Whoever makes up names of keys does not make the server ask the issuer each time. */
  @Test
  void unknownKeysAskRarely() throws Exception {
    tokens = tokens(OidcConfig.of(issuer.uri(), TestIssuer.AUDIENCE), Duration.ofMinutes(1));
    tokens.verify(issuer.token(rsa));
    for (int i = 0; i < 50; i++) {
      RSAKey unknown = new RSAKey.Builder(rsa).keyID("made-up-" + i).build();
      assertThatThrownBy(() -> tokens.verify(issuer.token(unknown))).isInstanceOf(RefusedException.class);
    }
    assertThat(issuer.fetches()).isLessThanOrEqualTo(2);
    assertThat(tokens.verify(issuer.token(rsa)).id()).isEqualTo("oidc:ada");
  }

  @Test
  void whileTheIssuerIsDownItsKnownKeysGoOn() throws Exception {
    tokens.verify(issuer.token(rsa));
    issuer.down(true);
    assertThat(tokens.verify(issuer.token(ec)).id()).isEqualTo("oidc:ada");
    assertThatThrownBy(() -> tokens.verify(issuer.token(TestIssuer.rsa("rsa-9"))))
        .isInstanceOfAny(RefusedException.class, UnavailableException.class);
    issuer.close();
    assertThat(tokens.verify(issuer.token(rsa)).id()).isEqualTo("oidc:ada");
  }

  @Test
  void anIssuerThatDoesNotAnswerAtFirstIsAskedAgainLater() throws Exception {
    issuer.down(true);
    try (LogRecords log = LogRecords.of(IssuerKeys.class)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> tokens.verify(issuer.token(rsa))).isInstanceOf(UnavailableException.class);
      }
      assertThat(log.warnings()).as("asked once").hasSize(1);
    }
    issuer.down(false);
    IssuerTokens later = tokens(OidcConfig.of(issuer.uri(), TestIssuer.AUDIENCE), Duration.ofMillis(1));
    assertThat(later.verify(issuer.token(rsa)).id()).isEqualTo("oidc:ada");
  }

  @Test
  void anIssuerOfAnotherNameIsNoIssuer() {
    issuer.named("https://another.example.org");
    try (LogRecords log = LogRecords.of(IssuerKeys.class)) {
      assertThatThrownBy(() -> tokens.verify(issuer.token(rsa)))
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("it calls itself https://another.example.org");
      assertThat(log.warnings()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          roles              | use
          scope              | operate
          realm_access.roles | use,operate
          https://x/roles    | operate
          nothing            | ''
          """)
  void rolesComeFromTheirClaim(String claim, String expected) throws Exception {
    OidcConfig config = new OidcConfig(issuer.uri(), TestIssuer.AUDIENCE, claim, new KeyLimits(60, 0, 0, 0));
    String token =
        issuer.token(
            rsa,
            claims ->
                claims
                    .claim("roles", List.of("use", "admin", 5))
                    .claim("scope", "openid panallama:operate profile")
                    .claim("https://x/roles", "operate")
                    .claim("realm_access", Map.of("roles", List.of("use", "operate"))));
    Subject subject = tokens(config, Duration.ofMillis(1)).verify(token);
    assertThat(subject.roles().stream().map(Role::wireName).sorted((a, b) -> b.compareTo(a)).toList())
        .isEqualTo(expected.isEmpty() ? List.of() : List.of(expected.split(",")));
    assertThat(subject.limits().requestsPerMinute()).isEqualTo(60);
  }

  @Test
  void subjectsHaveNamesThatALogCanHave() {
    assertThat(Claims.id("auth0|64f1@example.org")).hasValue("oidc:auth0|64f1@example.org");
    String one = Claims.id("a\nb").orElseThrow();
    assertThat(one).startsWith("oidc:a_b~").isNotEqualTo(Claims.id("a\tb").orElseThrow());
    assertThat(Claims.id("x".repeat(10_000)).orElseThrow()).hasSizeLessThan(80);
  }

  @ParameterizedTest
  @CsvSource({
    "http://login.example.org",
    "ftp://127.0.0.1/",
    "https://i.example.org/?a=b",
    "mailto:a@b",
    "https:///path"
  })
  void issuersThatCannotBeTrustedAreRefused(URI issuer) {
    assertThatThrownBy(() -> OidcConfig.of(issuer, "a"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("issuer is " + issuer + "; give an https URL");
  }
}
