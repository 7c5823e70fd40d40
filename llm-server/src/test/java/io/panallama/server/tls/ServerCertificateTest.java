package io.panallama.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.server.LogRecords;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of certificates and keys: every form that is read, each way to be unusable, and how they are replaced. */
class ServerCertificateTest {
  @TempDir private Path temp;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(temp.resolve(name), text);
  }

  /** What a client of TLS 1.3 is shown. */
  private static Object shown(ServerCertificate server) throws IOException {
    SSLEngine client = TestCertificates.trusting(TestCertificates.values()).createSSLEngine();
    client.setUseClientMode(true);
    SSLEngine other = server.engine();
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    client.beginHandshake();
    other.beginHandshake();
    while (client.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
      step(client, toClient, toServer);
      step(other, toServer, toClient);
    }
    return client.getSession().getPeerCertificates()[0];
  }

  private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws IOException {
    switch (engine.getHandshakeStatus()) {
      case NEED_TASK -> engine.getDelegatedTask().run();
      case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
      case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
        in.flip();
        engine.unwrap(in, ByteBuffer.allocate(1 << 16));
        in.compact();
      }
      default -> {}
    }
  }

  @ParameterizedTest
  @EnumSource(names = "EXPIRED", mode = EnumSource.Mode.EXCLUDE)
  void everyKindOfKeyIsTaken(TestCertificates one) throws Exception {
    Path both = write("both.pem", "Some text\n" + one.keyPem() + one.certificatePem());
    assertThat(shown(ServerCertificate.open(both, both))).isEqualTo(one.certificate());
  }

  @Test
  void olderFormsOfKeysAreTaken() throws Exception {
    byte[] rsa = inner(TestCertificates.RSA.key().getEncoded());
    Path key = write("rsa.pem", TestCertificates.pem("RSA PRIVATE KEY", rsa));
    Path certificate = write("rsa-certificate.pem", TestCertificates.RSA.certificatePem());
    assertThat(shown(ServerCertificate.open(certificate, key))).isEqualTo(TestCertificates.RSA.certificate());

    Path ecCertificate = write("ec-certificate.pem", TestCertificates.ONE.certificatePem());
    String parameters = TestCertificates.pem("EC PARAMETERS", P256);
    Path ec = write("ec.pem", parameters + TestCertificates.pem("EC PRIVATE KEY", sec1(true)));
    assertThat(shown(ServerCertificate.open(ecCertificate, ec))).isEqualTo(TestCertificates.ONE.certificate());

    Path nameless = write("nameless.pem", TestCertificates.pem("EC PRIVATE KEY", sec1(false)));
    assertThatThrownBy(() -> ServerCertificate.open(ecCertificate, nameless))
        .isInstanceOf(UnusableCertificateException.class)
        .hasMessageContaining("does not name its curve");
  }

  /** The name of the curve secp256r1 in DER. */
  private static final byte[] P256 = {0x06, 0x08, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x03, 0x01, 0x07};

  /** What PKCS#8 holds: the last element of the outermost one, with the marks of its string left out. */
  private static byte[] inner(byte[] pkcs8) {
    // RSA keys of 2048 bits: 4 bytes of the outermost head, the version (3), the algorithm (15), and 4 bytes of the
    // string's head.
    return Arrays.copyOfRange(pkcs8, 4 + 3 + 15 + 4, pkcs8.length);
  }

  private static byte[] sec1(boolean named) {
    byte[] s = ((ECPrivateKey) TestCertificates.ONE.key()).getS().toByteArray();
    byte[] secret = new byte[32];
    int length = Math.min(32, s.length);
    System.arraycopy(s, s.length - length, secret, 32 - length, length);
    ByteArrayOutputStream der = new ByteArrayOutputStream();
    der.writeBytes(new byte[] {0x30, (byte) (3 + 34 + (named ? 12 : 0)), 0x02, 0x01, 0x01, 0x04, 0x20});
    der.writeBytes(secret);
    if (named) {
      der.writeBytes(new byte[] {(byte) 0xA0, 0x0A});
      der.writeBytes(P256);
    }
    return der.toByteArray();
  }

  @Test
  void whatIsWrongWithAFileIsSaid() throws Exception {
    Path certificate = write("certificate.pem", TestCertificates.ONE.certificatePem());
    Path key = write("key.pem", TestCertificates.ONE.keyPem());
    Path none = temp.resolve("none.pem");
    String encrypted =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n"
            + "-----END RSA PRIVATE KEY-----\n";
    Path chain = write("chain.pem", TestCertificates.OTHER.certificatePem() + TestCertificates.ONE.certificatePem());
    refused(none, key, none, "there is no such file");
    refused(Path.of("/dev/null"), key, Path.of("/dev/null"), "no regular file");
    refused(temp, key, temp, "it is a folder");
    refused(key, key, key, "there is no certificate in PEM in it", "It has: PRIVATE KEY.");
    refused(certificate, certificate, certificate, "there is no private key in PEM in it", "It has: CERTIFICATE.");
    refused(write("a.pem", "Hello"), key, temp.resolve("a.pem"), "there is no certificate in PEM in it");
    refused(certificate, write("b.pem", encrypted), temp.resolve("b.pem"), "passphrase");
    refused(
        certificate,
        write("c.pem", TestCertificates.pem("ENCRYPTED PRIVATE KEY", new byte[9])),
        temp.resolve("c.pem"),
        "passphrase");
    refused(
        certificate,
        write("d.pem", TestCertificates.pem("PRIVATE KEY", new byte[9])),
        temp.resolve("d.pem"),
        "malformed");
    refused(
        certificate,
        write("e.pem", TestCertificates.pem("DSA PRIVATE KEY", new byte[9])),
        temp.resolve("e.pem"),
        "DSA PRIVATE KEY can't be used");
    refused(
        write("f.pem", TestCertificates.pem("CERTIFICATE", new byte[9])), key, temp.resolve("f.pem"), "certificate 1");
    refused(certificate, write("g.pem", TestCertificates.RSA.keyPem()), temp.resolve("g.pem"), "does not belong to");
    refused(chain, key, key, "belongs to a later certificate");
    String whole = TestCertificates.OTHER.certificatePem().strip();
    for (int length : new int[] {whole.length() - 1, whole.length() / 2, "-----BEGIN CERT".length()}) {
      String cut = TestCertificates.ONE.certificatePem() + whole.substring(0, length);
      refused(write("i.pem", cut), key, temp.resolve("i.pem"), "its PEM block 2 is cut off");
      refused(write("j.pem", cut + "\n" + whole), key, temp.resolve("j.pem"), "its PEM block 2 is cut off");
    }
    String end = whole.substring(whole.length() / 2) + "\n";
    refused(write("k.pem", end + whole), key, temp.resolve("k.pem"), "its PEM block 1 is cut off");
    refused(certificate, write("h.pem", "x".repeat(2 << 20)), temp.resolve("h.pem"), "larger than 1 MiB");
  }

  private static void refused(Path certificate, Path key, Path named, String... parts) {
    assertThatThrownBy(() -> ServerCertificate.open(certificate, key))
        .isInstanceOf(UnusableCertificateException.class)
        .hasMessageStartingWith(named + ": ")
        .hasMessageContainingAll(parts);
  }

  @Test
  void anExpiredCertificateIsTakenWithAWarning() throws Exception {
    Path both = temp.resolve("both.pem");
    TestCertificates.replace(both, TestCertificates.EXPIRED.certificatePem() + TestCertificates.EXPIRED.keyPem());
    try (LogRecords log = LogRecords.of(ServerCertificate.class)) {
      ServerCertificate.open(both, both);
      assertThat(log.warnings()).singleElement().asString().contains(both.toString(), "has expired on");
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no modes")
  void aKeyThatEverybodyMayReadIsTakenWithAWarning() throws Exception {
    Path certificate = temp.resolve("certificate.pem");
    Path key = temp.resolve("key.pem");
    TestCertificates.ONE.write(certificate, key);
    try (LogRecords log = LogRecords.of(ServerCertificate.class)) {
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
      ServerCertificate.open(certificate, key);
      assertThat(log.warnings()).isEmpty();
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw----r--"));
      ServerCertificate.open(certificate, key);
      assertThat(log.warnings()).singleElement().asString().contains(key.toString(), "chmod o-r");
    }
  }

  @Test
  void aChainThatIsCutOffIsNotTaken() throws Exception {
    Path certificate = temp.resolve("certificate.pem");
    Path key = temp.resolve("key.pem");
    TestCertificates.ONE.write(certificate, key);
    try (LogRecords log = LogRecords.of(ServerCertificate.class)) {
      ServerCertificate server = ServerCertificate.open(certificate, key);
      String rest = TestCertificates.RSA.certificatePem();
      TestCertificates.replace(key, TestCertificates.OTHER.keyPem());
      TestCertificates.replace(certificate, TestCertificates.OTHER.certificatePem() + rest.substring(0, 100));
      server.look();
      server.look();
      assertThat(shown(server)).isEqualTo(TestCertificates.ONE.certificate());
      assertThat(log.warnings()).singleElement().asString().contains("the old one is kept", "block 2 is cut off");
      TestCertificates.replace(certificate, TestCertificates.OTHER.certificatePem() + rest);
      server.look();
      server.look();
      assertThat(shown(server)).isEqualTo(TestCertificates.OTHER.certificate());
    }
  }

  @Test
  void filesAreTakenWhenTheyHaveChangedAndStayAsTheyAre() throws Exception {
    Path certificate = temp.resolve("certificate.pem");
    Path key = temp.resolve("key.pem");
    TestCertificates.ONE.write(certificate, key);
    try (LogRecords log = LogRecords.of(ServerCertificate.class)) {
      ServerCertificate server = ServerCertificate.open(certificate, key);
      server.look();
      TestCertificates.replace(key, TestCertificates.OTHER.keyPem());
      server.look();
      TestCertificates.replace(certificate, TestCertificates.OTHER.certificatePem());
      server.look();
      assertThat(shown(server)).as("it may still be written").isEqualTo(TestCertificates.ONE.certificate());
      assertThat(log.warnings()).as("half a pair is no fault yet").isEmpty();
      server.look();
      assertThat(shown(server)).isEqualTo(TestCertificates.OTHER.certificate());

      Files.delete(key);
      for (int i = 0; i < 4; i++) {
        server.look();
      }
      assertThat(log.warnings()).as("said once").hasSize(1);
      assertThat(log.warnings().getFirst()).contains("the old one is kept", key.toString(), "no such file");
      assertThat(shown(server)).isEqualTo(TestCertificates.OTHER.certificate());

      TestCertificates.ONE.write(certificate, key);
      for (int i = 0; i < 2; i++) {
        server.look();
      }
      assertThat(shown(server)).isEqualTo(TestCertificates.ONE.certificate());
      assertThat(log.warnings()).hasSize(1);
      assertThat(List.of(server.engine().getSSLParameters().getApplicationProtocols()))
          .containsExactly("h2", "http/1.1");
    }
  }
}
