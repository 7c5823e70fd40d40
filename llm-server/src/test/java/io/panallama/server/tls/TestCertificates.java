package io.panallama.server.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates for loopback, made by the JDK's keytool when they are first asked for. Their signer is their own key. */
public enum TestCertificates {
  ONE("-keyalg EC -groupname secp256r1"),
  OTHER("-keyalg EC -groupname secp256r1"),
  RSA("-keyalg RSA -keysize 2048"),
  ED25519("-keyalg Ed25519"),
  EXPIRED("-keyalg EC -groupname secp384r1 -startdate -10d -validity 1");

  private static final char[] PASSWORD = "changeit".toCharArray();

  private static final Map<TestCertificates, Made> MADE = new ConcurrentHashMap<>();

  private final String options;

  private record Made(X509Certificate certificate, PrivateKey key) {}

  TestCertificates(String options) {
    this.options = options;
  }

  public X509Certificate certificate() {
    return made().certificate();
  }

  public PrivateKey key() {
    return made().key();
  }

  private Made made() {
    return MADE.computeIfAbsent(this, TestCertificates::make);
  }

  public String certificatePem() {
    try {
      return pem("CERTIFICATE", certificate().getEncoded());
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The key in PKCS#8. */
  public String keyPem() {
    return pem("PRIVATE KEY", key().getEncoded());
  }

  public static String pem(String label, byte[] der) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
  }

  /** Writes both files, as a tool that replaces them would: under other names first. */
  public void write(Path certificateFile, Path keyFile) throws IOException {
    replace(keyFile, keyPem());
    replace(certificateFile, certificatePem());
  }

  public static void replace(Path file, String text) throws IOException {
    Path other = Files.createTempFile(file.getParent(), "new", ".pem");
    Files.writeString(other, text);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A context of clients that trust these certificates alone. */
  public static SSLContext trusting(TestCertificates... trusted) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (TestCertificates one : trusted) {
        store.setCertificateEntry(one.name(), one.certificate());
      }
      TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private Made make() {
    try {
      Path folder = Files.createTempDirectory("panallama-certificate");
      Path store = folder.resolve("store.p12");
      try {
        keytool(store);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
          keys.load(in, PASSWORD);
        }
        return new Made((X509Certificate) keys.getCertificate("server"), (PrivateKey) keys.getKey("server", PASSWORD));
      } finally {
        Files.deleteIfExists(store);
        Files.delete(folder);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void keytool(Path store) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-genkeypair", "-alias", "server", "-dname", "CN=" + name()));
    command.addAll(List.of("-ext", "SAN=dns:localhost,ip:127.0.0.1", "-storetype", "PKCS12", "-storepass"));
    command.addAll(List.of(new String(PASSWORD), "-keystore", store.toString()));
    command.addAll(List.of(options.split(" ")));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException("keytool: " + said);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(stopped);
    }
  }
}
