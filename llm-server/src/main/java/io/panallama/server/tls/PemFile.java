package io.panallama.server.tls;

import io.panallama.platform.FileTrouble;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file of certificates and keys in PEM (RFC 7468), with any text between them. */
final class PemFile {
  /** The largest file that is read, in bytes: no chain of certificates is as long. */
  private static final int MAX_BYTES = 1 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  /** One of the marks around a block, or the beginning of one. */
  private static final Pattern MARK = Pattern.compile("-----(?:BEGIN|END) ");

  private static final String PRIVATE_KEY = "PRIVATE KEY";

  private final Path path;
  private final List<Block> blocks;

  /**
   * What stands between two marks.
   *
   * @param label what the marks say, such as {@code CERTIFICATE}
   * @param content as it is written, with headers if it has some
   */
  private record Block(String label, String content) {
    boolean isCertificate() {
      return label.equals("CERTIFICATE") || label.equals("X509 CERTIFICATE") || label.equals("TRUSTED CERTIFICATE");
    }

    /** Whether a passphrase protects a key: in a form of its own, or by OpenSSL's headers. */
    boolean isEncrypted() {
      return label.startsWith("ENCRYPTED ") || content.contains("ENCRYPTED");
    }
  }

  private PemFile(Path path, List<Block> blocks) {
    this.path = path;
    this.blocks = blocks;
  }

  /**
   * Reads a file.
   *
   * @throws UnusableCertificateException if it can't be read, or a block of it is cut off
   */
  static PemFile read(Path path) throws UnusableCertificateException {
    try {
      if (Files.isDirectory(path)) {
        throw new UnusableCertificateException(path, "it is a folder; name the file in it.");
      }
      if (Files.exists(path) && !Files.isRegularFile(path)) {
        throw new UnusableCertificateException(path, "it is no regular file, which can be read again when it changes.");
      }
      if (Files.size(path) > MAX_BYTES) {
        throw new UnusableCertificateException(path, "it is larger than 1 MiB, so it is no PEM file of a server.");
      }
      String text = new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1);
      Matcher block = BLOCK.matcher(text);
      List<Block> blocks = new ArrayList<>();
      int end = 0;
      while (block.find()) {
        requireWhole(path, text.substring(end, block.start()), blocks.size());
        requireWhole(path, block.group(2), blocks.size());
        blocks.add(new Block(block.group(1), block.group(2)));
        end = block.end();
      }
      requireWhole(path, text.substring(end), blocks.size());
      return new PemFile(path, blocks);
    } catch (IOException failed) {
      throw new UnusableCertificateException(path, "it can't be read: " + FileTrouble.reason(failed) + ".", failed);
    }
  }

  /** A copy that broke off would leave a chain that some clients can't follow. */
  private static void requireWhole(Path path, String between, int before) throws UnusableCertificateException {
    if (MARK.matcher(between).find()) {
      throw new UnusableCertificateException(
          path,
          "its PEM block "
              + (before + 1)
              + " is cut off: it does not have both -----BEGIN ...----- and -----END ...-----. Copy the whole file.");
    }
  }

  /**
   * All certificates, in the file's order.
   *
   * @throws UnusableCertificateException if there is none, or one is malformed
   */
  List<X509Certificate> certificates() throws UnusableCertificateException {
    List<X509Certificate> all = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Block block : blocks) {
        if (block.isCertificate()) {
          all.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(decode(block))));
        }
      }
    } catch (CertificateException malformed) {
      throw new UnusableCertificateException(
          path, "its certificate " + (all.size() + 1) + " is malformed: " + malformed.getMessage() + ".", malformed);
    }
    if (all.isEmpty()) {
      throw new UnusableCertificateException(
          path, "there is no certificate in PEM in it (-----BEGIN CERTIFICATE-----)." + instead());
    }
    return all;
  }

  /**
   * The first private key.
   *
   * @throws UnusableCertificateException if there is none, or it is encrypted, malformed or of an unknown kind
   */
  PrivateKey key() throws UnusableCertificateException {
    for (Block block : blocks) {
      if (block.label().endsWith(PRIVATE_KEY)) {
        if (block.isEncrypted()) {
          throw new UnusableCertificateException(
              path,
              "the key has a passphrase, for which the server can't ask; write it without one"
                  + " (openssl pkey -in FILE -out FILE) and let only the server's user read it.");
        }
        return key(block);
      }
    }
    throw new UnusableCertificateException(
        path, "there is no private key in PEM in it (-----BEGIN PRIVATE KEY-----)." + instead());
  }

  private PrivateKey key(Block block) throws UnusableCertificateException {
    byte[] der = decode(block);
    try {
      return switch (block.label()) {
        case PRIVATE_KEY -> PrivateKeys.pkcs8(der);
        case "RSA PRIVATE KEY" -> PrivateKeys.pkcs1(der);
        case "EC PRIVATE KEY" -> PrivateKeys.sec1(der);
        default ->
            throw new UnusableCertificateException(
                path, "a key of the kind " + block.label() + " can't be used; take one of RSA, EC or Ed25519.");
      };
    } catch (PrivateKeys.Refused refused) {
      throw new UnusableCertificateException(path, refused.getMessage() + ".", refused);
    }
  }

  private byte[] decode(Block block) throws UnusableCertificateException {
    try {
      return Base64.getMimeDecoder().decode(block.content());
    } catch (IllegalArgumentException malformed) {
      throw new UnusableCertificateException(path, "the base64 of its " + block.label() + " is malformed.", malformed);
    }
  }

  /** What the file has in place of what was looked for. */
  private String instead() {
    return blocks.isEmpty() ? "" : " It has: " + String.join(", ", blocks.stream().map(Block::label).toList()) + ".";
  }
}
