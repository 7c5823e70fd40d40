package io.panallama.server.tls;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * A certificate, those that signed it, and its private key, which fit together. Immutable.
 *
 * @param chain the server's own certificate first
 */
record CertifiedKey(List<X509Certificate> chain, PrivateKey key) {
  /** Sessions that can be resumed, which are kept only for clients without tickets: the JDK would keep 20,480. */
  private static final int MAX_SESSIONS = 1_024;

  private static final byte[] PROBE = "panallama".getBytes(StandardCharsets.US_ASCII);

  CertifiedKey {
    chain = List.copyOf(chain);
  }

  /**
   * Reads both files.
   *
   * @throws UnusableCertificateException if one of them can't be used, or the key belongs to another certificate
   */
  static CertifiedKey read(Path certificates, Path keyFile) throws UnusableCertificateException {
    List<X509Certificate> chain = PemFile.read(certificates).certificates();
    PrivateKey key = PemFile.read(keyFile).key();
    PublicKey certified = chain.getFirst().getPublicKey();
    if (!belongs(key, certified)) {
      boolean another = chain.stream().anyMatch(signer -> belongs(key, signer.getPublicKey()));
      throw new UnusableCertificateException(
          keyFile,
          another
              ? "the key belongs to a later certificate of " + certificates + "; the server's own must be the first."
              : "the key does not belong to the certificate in " + certificates + ".");
    }
    return new CertifiedKey(chain, key);
  }

  /** Signs and verifies: that is what clients will do. */
  private static boolean belongs(PrivateKey key, PublicKey certified) {
    try {
      Signature signer = signature(key.getAlgorithm());
      signer.initSign(key);
      signer.update(PROBE);
      byte[] signed = signer.sign();
      Signature verifier = signature(key.getAlgorithm());
      verifier.initVerify(certified);
      verifier.update(PROBE);
      return verifier.verify(signed);
    } catch (GeneralSecurityException anotherKind) {
      return false;
    }
  }

  private static Signature signature(String algorithm) throws GeneralSecurityException {
    return switch (algorithm) {
      case "RSA" -> Signature.getInstance("SHA256withRSA");
      case "EC" -> Signature.getInstance("SHA256withECDSA");
      case "RSASSA-PSS" -> {
        Signature signature = Signature.getInstance(algorithm);
        signature.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
        yield signature;
      }
      default -> Signature.getInstance(algorithm);
    };
  }

  /** Why clients will refuse the certificate at this time; empty if its dates are no reason. */
  Optional<String> wrongDate(Instant now) {
    X509Certificate own = chain.getFirst();
    if (now.isAfter(own.getNotAfter().toInstant())) {
      return Optional.of("has expired on " + own.getNotAfter().toInstant());
    }
    return now.isBefore(own.getNotBefore().toInstant())
        ? Optional.of("is not valid before " + own.getNotBefore().toInstant())
        : Optional.empty();
  }

  /** Whose certificate it is, and how long it is valid. */
  String describe() {
    X509Certificate own = chain.getFirst();
    return own.getSubjectX500Principal() + ", valid until " + own.getNotAfter().toInstant();
  }

  /** A context of servers that show this certificate. Its sessions can't be resumed in another one. */
  SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {new OneKey(this)}, null, new SecureRandom());
      context.getServerSessionContext().setSessionCacheSize(MAX_SESSIONS);
      return context;
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /** The key without what is secret. */
  @Override
  public String toString() {
    return describe();
  }

  /** Gives each client the same certificate, if it can use its kind. */
  private static final class OneKey extends X509ExtendedKeyManager {
    private static final String ALIAS = "server";

    private final CertifiedKey one;

    OneKey(CertifiedKey one) {
      this.one = one;
    }

    private @Nullable String alias(String keyType) {
      return keyType.equals(one.chain().getFirst().getPublicKey().getAlgorithm()) ? ALIAS : null;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return alias(keyType);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return alias(keyType);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      String alias = alias(keyType);
      return alias == null ? null : new String[] {alias};
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return alias.equals(ALIAS) ? one.chain().toArray(X509Certificate[]::new) : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return alias.equals(ALIAS) ? one.key() : null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }
  }
}
