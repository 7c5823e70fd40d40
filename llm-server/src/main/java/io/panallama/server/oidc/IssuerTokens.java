package io.panallama.server.oidc;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimNames;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.panallama.server.keys.OidcConfig;
import io.panallama.server.keys.TokenVerifier;
import java.text.ParseException;
import java.time.Duration;
import java.util.Set;

/** Checks the access tokens of an issuer: signature, issuer, audience, times. Safe for any thread. */
public final class IssuerTokens implements TokenVerifier {
  /** Asymmetric ones, of which the issuer has the private key: what this server knows is enough to check, and not to make tokens. */
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  /** How far the clocks of issuer and server may be apart. */
  private static final Duration SKEW = Duration.ofSeconds(30);

  private final OidcConfig config;
  private final IssuerKeys keys;
  private final DefaultJWTClaimsVerifier<SecurityContext> claims;

  IssuerTokens(OidcConfig config, Duration asks) {
    this.config = config;
    this.keys = new IssuerKeys(config.issuer(), asks);
    JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer(config.issuer().toString()).build();
    claims =
        new DefaultJWTClaimsVerifier<>(
            Set.of(config.audience()), exact, Set.of(JWTClaimNames.SUBJECT, JWTClaimNames.EXPIRATION_TIME), Set.of());
    claims.setMaxClockSkew(Math.toIntExact(SKEW.toSeconds()));
  }

  /** A verifier of an issuer's tokens. The issuer is asked for its keys when the first token comes. */
  public static TokenVerifier open(OidcConfig config) {
    return new IssuerTokens(config, IssuerKeys.ASKS);
  }

  @Override
  public Subject verify(String token) throws RefusedException, UnavailableException {
    JWTClaimsSet verified = claims(token, keys.source());
    String id = Claims.id(verified.getSubject()).orElseThrow(() -> new RefusedException("It names no subject (sub)."));
    return new Subject(id, Claims.roles(verified.getClaims(), config.rolesClaim()), config.limits());
  }

  private JWTClaimsSet claims(String token, JWKSource<SecurityContext> source)
      throws RefusedException, UnavailableException {
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    // "at+jwt" is that of RFC 9068; older issuers have JWT, or none.
    processor.setJWSTypeVerifier(
        new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(ALGORITHMS, source));
    processor.setJWTClaimsSetVerifier(claims);
    try {
      JWT parsed = JWTParser.parse(token);
      if (parsed instanceof PlainJWT) {
        throw new RefusedException("It is not signed.");
      }
      return processor.process(parsed, null);
    } catch (ParseException malformed) {
      throw new RefusedException("It is no signed token (JWT).");
    } catch (BadJWTException wrongClaims) {
      throw new RefusedException(reason(wrongClaims));
    } catch (BadJOSEException wrongSignature) {
      throw new RefusedException("It is not signed by the issuer's keys, with an algorithm that is taken.");
    } catch (RateLimitReachedException unknownKey) {
      throw new RefusedException("It is not signed by a key of the issuer's that is known.");
    } catch (RemoteKeySourceException unreachable) {
      throw new UnavailableException("The keys of the issuer " + config.issuer() + " can't be fetched.", unreachable);
    } catch (KeySourceException unusable) {
      throw new UnavailableException("The keys of the issuer " + config.issuer() + " can't be used.", unusable);
    } catch (JOSEException broken) {
      throw new RefusedException("Its signature can't be checked.");
    }
  }

  /** The library's words name claims, and quote values of ours and of the token, which is not repeated. */
  private static String reason(BadJWTException wrong) {
    String text = String.valueOf(wrong.getMessage());
    if (text.startsWith("Expired")) {
      return "It has expired.";
    }
    if (text.contains("before use time")) {
      return "It is not valid yet.";
    }
    if (text.contains("required claims")) {
      return "Its claims are not complete.";
    }
    if (text.contains("aud")) {
      return "It is for another audience.";
    }
    if (text.contains("iss")) {
      return "It is of another issuer.";
    }
    return "Its claims do not fit.";
  }
}
