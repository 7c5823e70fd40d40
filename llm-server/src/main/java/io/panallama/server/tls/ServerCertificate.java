package io.panallama.server.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a server shows, and what its encryption allows: TLS 1.2 and 1.3, ciphers with which a lost key gives away no
 * earlier connection, and HTTP/2 or HTTP/1.1 as the client likes (ALPN).
 *
 * <p>{@link #look} finds that the files were replaced. Connections go on with the certificate with which they began, and new ones get the new
 * one. A pair that can't be used, or does not fit together, changes nothing and is logged.
 *
 * <p>Safe for any thread.
 */
public final class ServerCertificate {
  private static final System.Logger LOGGER = System.getLogger(ServerCertificate.class.getName());

  private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

  /** RFC 7301's names of the protocols, in the server's order. */
  private static final String[] PROTOCOLS = {"h2", "http/1.1"};

  private final Path certificates;
  private final Path key;

  private volatile Shown shown;

  /** The files at the last look. */
  private Pair seen;

  /** The files when they were last read, whether they could be used or not. */
  private Pair read;

  /** What new connections get. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Shown(SSLContext context, String[] ciphers) {
    static Shown of(CertifiedKey certified) {
      SSLContext context = certified.context();
      String[] ciphers =
          Arrays.stream(context.getDefaultSSLParameters().getCipherSuites())
              .filter(Shown::isStrong)
              .toArray(String[]::new);
      return new Shown(context, ciphers);
    }

    /** Ephemeral keys and authenticated encryption, which Mozilla's intermediate configuration and RFC 9113, 9.2.2, ask for. */
    private static boolean isStrong(String cipher) {
      boolean ephemeral = cipher.startsWith("TLS_ECDHE_") || !cipher.contains("_WITH_");
      return ephemeral && (cipher.contains("_GCM_") || cipher.contains("_CHACHA20_"));
    }
  }

  /** What tells that a file was replaced or written. */
  private record State(Map<String, Object> attributes) {
    static @Nullable State of(Path path) {
      try {
        // Where there is one, the time of the last change of its mode or owner, too: that may make it readable.
        boolean unix = path.getFileSystem().supportedFileAttributeViews().contains("unix");
        return new State(Files.readAttributes(path, (unix ? "unix:ctime," : "") + "fileKey,lastModifiedTime,size"));
      } catch (IOException missing) {
        return null;
      }
    }
  }

  private record Pair(@Nullable State certificates, @Nullable State key) {
    static Pair of(Path certificates, Path key) {
      return new Pair(State.of(certificates), State.of(key));
    }
  }

  private ServerCertificate(Path certificates, Path key, Pair now, CertifiedKey certified) {
    this.certificates = certificates;
    this.key = key;
    this.seen = now;
    this.read = now;
    this.shown = Shown.of(certified);
  }

  /**
   * Reads a certificate and its key. One that is not valid now is taken, with a warning in the log.
   *
   * @param certificates PEM: the server's own, and then those that signed it
   * @param key PEM: its private key, without a passphrase
   * @throws UnusableCertificateException if one of the files can't be used, or they don't belong together
   */
  public static ServerCertificate open(Path certificates, Path key) throws UnusableCertificateException {
    Pair now = Pair.of(certificates, key);
    CertifiedKey certified = CertifiedKey.read(certificates, key);
    warnOfDate(certificates, certified);
    warnOfMode(key);
    return new ServerCertificate(certificates, key, now, certified);
  }

  private static void warnOfDate(Path certificates, CertifiedKey certified) {
    certified
        .wrongDate(Instant.now())
        .ifPresent(wrong ->
            LOGGER.log(
                System.Logger.Level.WARNING,
                "The certificate in " + certificates + " " + wrong + ": clients will refuse it. Replace the file."));
  }

  /** Of readers that are no group: some systems have one for the programs that may read keys. */
  private static void warnOfMode(Path key) {
    try {
      boolean posix = key.getFileSystem().supportedFileAttributeViews().contains("posix");
      if (posix && Files.getPosixFilePermissions(key).contains(PosixFilePermission.OTHERS_READ)) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "The private key in " + key + " can be read by every user of this machine; run chmod o-r on it.");
      }
    } catch (IOException gone) {
      LOGGER.log(System.Logger.Level.DEBUG, "The mode of " + key + " can't be read.", gone);
    }
  }

  /** The server's side of a new connection. */
  public SSLEngine engine() {
    Shown now = shown;
    SSLEngine engine = now.context().createSSLEngine();
    engine.setUseClientMode(false);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(VERSIONS);
    parameters.setCipherSuites(now.ciphers());
    parameters.setApplicationProtocols(PROTOCOLS);
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** A context whose engines are those of {@link #engine}, for libraries that make them by themselves. */
  public SSLContext context() {
    return new CurrentContext(() -> shown.context(), () -> engine().getSSLParameters(), this::engine);
  }

  /**
   * Looks whether the files have changed, and takes them if they have, and were the same at the look before: one that is being written,
   * and a pair of which only one half is there yet, are left alone. To be called every second or so.
   */
  public synchronized void look() {
    Pair now = Pair.of(certificates, key);
    boolean still = now.equals(seen);
    seen = now;
    if (!still || now.equals(read)) {
      return;
    }
    read = now;
    try {
      CertifiedKey certified = CertifiedKey.read(certificates, key);
      shown = Shown.of(certified);
      LOGGER.log(System.Logger.Level.INFO, "New connections get the certificate of " + certified.describe() + ".");
      warnOfDate(certificates, certified);
    } catch (UnusableCertificateException unusable) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "The server's certificate or key was replaced by one that can't be used, and the old one is kept. "
              + unusable.getMessage());
    }
  }
}
